//! What these tests share: stacks, and answers to give them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contentstack_sync::model::Item;
use contentstack_sync::{Backoff, RetryPolicy, Stack, StackBuilder};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use sync_core::Body;
use sync_core::testing::Reply;
use sync_core::testing::mock::{self, Answer, ReplyTransport};

pub(crate) const API_KEY: &str = "blt_api_key";
pub(crate) const TOKEN: &str = "cs_delivery_token";

/// Repeats at once.
pub(crate) fn eager() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(5)
        .backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

pub(crate) fn builder() -> StackBuilder {
    Stack::builder(API_KEY, TOKEN, "production").retry(eager())
}

/// A stack at a server on this machine.
pub(crate) fn at(url: impl Into<String>) -> Stack {
    builder()
        .host(url)
        .invalid_token_pauses([Duration::ZERO; 3])
        .build()
        .unwrap()
}

/// A stack that gets these answers, one after the other.
pub(crate) fn answered(answers: impl IntoIterator<Item = Answer>) -> (Stack, Arc<ReplyTransport>) {
    with(builder(), ReplyTransport::queue(answers))
}

/// A stack whose answers are made by a function.
pub(crate) fn serving(
    answer: impl Fn(&Request<Bytes>) -> Answer + Send + Sync + 'static,
) -> (Stack, Arc<ReplyTransport>) {
    with(builder(), ReplyTransport::new(answer))
}

pub(crate) fn with(
    builder: StackBuilder,
    transport: ReplyTransport,
) -> (Stack, Arc<ReplyTransport>) {
    let transport = Arc::new(transport);
    let stack = builder.transport(Arc::clone(&transport)).build().unwrap();
    (stack, transport)
}

pub(crate) fn ok(body: &Value) -> Answer {
    Ok(mock::json(StatusCode::OK, body))
}

pub(crate) fn refused(status: u16, body: &Value) -> Answer {
    Ok(mock::json(StatusCode::from_u16(status).unwrap(), body))
}

pub(crate) fn header(
    answer: Answer,
    name: &'static str,
    value: &'static str,
) -> Result<Response<Body>, sync_core::TransportError> {
    answer.map(|answer| mock::with_header(answer, name, value))
}

pub(crate) fn invalid(token: &str) -> Value {
    json!({
        "error_message": "The requested object doesn't exist.",
        "error_code": 141,
        "errors": { token: ["is not valid."] },
    })
}

pub(crate) fn entry(number: u64) -> Value {
    json!({
        "type": "entry_published",
        "event_at": "2026-01-01T00:00:00.000Z",
        "content_type_uid": "article",
        "data": { "uid": format!("blt{number}"), "locale": "en-us" },
    })
}

/// A page that is not the last.
pub(crate) fn page(items: impl IntoIterator<Item = u64>, token: &str) -> Value {
    json!({
        "items": items.into_iter().map(entry).collect::<Vec<_>>(),
        "pagination_token": token,
    })
}

/// A page that is the last.
pub(crate) fn last(items: impl IntoIterator<Item = u64>, token: &str) -> Value {
    json!({
        "items": items.into_iter().map(entry).collect::<Vec<_>>(),
        "sync_token": token,
    })
}

pub(crate) fn uid(item: &Item) -> String {
    item.key().unwrap().uid.to_string()
}

pub(crate) fn uids(items: &[Item]) -> Vec<String> {
    items.iter().map(uid).collect()
}

/// The query of a request, decoded, in order.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_encoding::percent_decode_str(part)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    text.split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

pub(crate) fn queries(transport: &ReplyTransport) -> Vec<String> {
    let requests = transport.requests();
    requests
        .iter()
        .map(|request| request.uri().query().unwrap().to_owned())
        .collect()
}

pub(crate) fn vector(path: &str) -> String {
    let path = format!("{}/tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn vectors(folder: &str) -> Vec<String> {
    let path = format!("{}/tests/vectors/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(path)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The answer of a server, from the same JSON.
pub(crate) fn reply(body: &Value) -> Reply {
    Reply::json(body)
}
