//! What these tests share.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode};
use sync_core::policy::{Backoff, RetryPolicy};
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::{Body, CallOptions, Operation, Pipeline, PipelineBuilder, Transport};
use tokio::time::Instant;

pub(crate) static GET: Operation = Operation::get("demo", "item.get", "/item");
pub(crate) static HEAD: Operation =
    Operation::new("demo", "item.head", http::Method::HEAD, "/item");
pub(crate) static PUT: Operation = Operation::put("demo", "item.put", "/item");
pub(crate) static POST: Operation = Operation::post("demo", "item.post", "/item");
/// A POST with an idempotency key, say.
pub(crate) static KEYED: Operation = Operation::post("demo", "item.keyed", "/item").idempotent();

pub(crate) const HOME: &str = "http://home.test";

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Up to `max` attempts with short pauses, the same in every run.
pub(crate) fn attempts(max: u32) -> RetryPolicy {
    let backoff = Backoff::new(Duration::from_millis(100), secs(1)).seeded(7);
    RetryPolicy::default().max_attempts(max).backoff(backoff)
}

pub(crate) fn builder(transport: impl Transport) -> PipelineBuilder {
    Pipeline::builder(HOME)
        .transport(transport)
        .options(CallOptions::new().retry(attempts(3)))
}

pub(crate) fn pipeline(transport: impl Transport) -> Pipeline {
    builder(transport).build().unwrap()
}

/// A transport that answers with what `answer` makes of each request.
pub(crate) fn replies(
    answer: impl Fn(&http::Request<Bytes>) -> mock::Answer + Send + Sync + 'static,
) -> Arc<ReplyTransport> {
    Arc::new(ReplyTransport::new(answer))
}

/// A transport that gives these answers, one after the other.
pub(crate) fn queue(answers: impl IntoIterator<Item = mock::Answer>) -> Arc<ReplyTransport> {
    Arc::new(ReplyTransport::queue(answers))
}

pub(crate) fn status(code: u16) -> Response<Body> {
    mock::response(StatusCode::from_u16(code).unwrap(), "")
}

pub(crate) fn ok(body: impl Into<Body>) -> Response<Body> {
    mock::response(StatusCode::OK, body)
}

pub(crate) fn with(
    mut response: Response<Body>,
    name: &'static str,
    value: &str,
) -> Response<Body> {
    let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
    response.headers_mut().append(name, value);
    response
}

/// A body that can be read once, in these pieces.
pub(crate) fn one_shot(pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Body {
    let pieces: Vec<std::io::Result<Bytes>> =
        pieces.into_iter().map(|piece| Ok(piece.into())).collect();
    Body::from_stream(stream::iter(pieces))
}

/// A body that breaks off after `start`.
pub(crate) fn broken_after(start: &'static str) -> Body {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Body::from_stream(stream::iter([
        Ok(Bytes::from_static(start.as_bytes())),
        Err(broken),
    ]))
}

/// A body that says `start` and then nothing any more.
pub(crate) fn silent_after(start: &'static str) -> Body {
    use futures_util::StreamExt as _;
    let start =
        (!start.is_empty()).then(|| Ok::<_, std::io::Error>(Bytes::from_static(start.as_bytes())));
    Body::from_stream(stream::iter(start).chain(stream::pending()))
}

/// How much (virtual) time a future takes.
pub(crate) async fn timed<T>(future: impl IntoFuture<Output = T>) -> (T, Duration) {
    let before = Instant::now();
    let result = future.await;
    (result, before.elapsed())
}
