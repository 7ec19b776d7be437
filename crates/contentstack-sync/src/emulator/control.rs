//! The control interface: `POST /emulator/…` with JSON, for tests in other
//! languages. Rust has the same as methods of [`Emulator`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Emulator;
use super::answer::{Answer, Outcome};
use super::chain::TokenKind;
use super::engine::Engine;
use super::fault::{Fault, On};
use super::log::{Call, LoggedRequest};
use super::options::{Compaction, Order};
use super::world::{AssetDraft, EntryDraft, Fill, Kind};

pub(super) fn run(engine: &Arc<Engine>, verb: &str, request: &Request<Bytes>) -> Answer {
    if request.method() != Method::POST {
        return Answer::error(StatusCode::METHOD_NOT_ALLOWED, 405, "only POST", &json!({}));
    }
    let emulator = Emulator {
        engine: Arc::clone(engine),
        server: None,
    };
    dispatch(&emulator, verb, request.body()).unwrap_or_else(|refusal| refusal)
}

fn dispatch(emulator: &Emulator, verb: &str, body: &[u8]) -> Outcome {
    let body = if body.is_empty() { b"{}" } else { body };
    let done = || Ok(Answer::value(&json!({})));
    match verb {
        "publish-entry" => publish_entry(emulator, read(body)?),
        "publish-asset" => publish_asset(emulator, read(body)?),
        "unpublish" | "delete" => {
            let Target { kind, uid, locale } = read(body)?;
            let kind = kind.into();
            let count = match (verb, locale) {
                ("unpublish", Some(locale)) => usize::from(emulator.unpublish(kind, &uid, &locale)),
                ("unpublish", None) => emulator.unpublish_everywhere(kind, &uid),
                (_, Some(locale)) => usize::from(emulator.delete(kind, &uid, &locale)),
                (_, None) => emulator.delete_everywhere(kind, &uid),
            };
            Ok(Answer::value(&json!({"count": count})))
        }
        "delete-content-type" => {
            let deleted = emulator.delete_content_type(&read::<Uid>(body)?.uid);
            Ok(Answer::value(&json!({"count": usize::from(deleted)})))
        }
        "add-content-type" => {
            emulator.add_content_type(&read::<Uid>(body)?.uid);
            done()
        }
        "raw" => {
            emulator.publish_raw(&read::<Value>(body)?);
            done()
        }
        "fill" => {
            fill(emulator, read(body)?);
            done()
        }
        "change" => {
            emulator.change_at_random(read::<Count>(body)?.count);
            done()
        }
        "published" => Ok(published(emulator)),
        "expire" => {
            expire(emulator, read(body)?)?;
            done()
        }
        "options" => {
            options(emulator, read(body)?);
            done()
        }
        "fault" => {
            plan(emulator, read(body)?)?;
            done()
        }
        "faults-clear" => {
            emulator.clear_faults();
            done()
        }
        "log" => {
            let log = emulator.requests().iter().map(shown).collect();
            Ok(Answer::value(&Value::Array(log)))
        }
        "log-clear" => {
            emulator.clear_log();
            done()
        }
        "purge" => {
            emulator.purge_cdn();
            done()
        }
        "reset" => {
            emulator.reset();
            done()
        }
        _ => Err(Answer::not_found()),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| Answer::bad_request(error.to_string()))
}

#[derive(Deserialize)]
struct Uid {
    uid: String,
}

#[derive(Deserialize)]
struct Count {
    #[serde(default = "one")]
    count: usize,
}

const fn one() -> usize {
    1
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    kind: Named,
    uid: String,
    locale: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Named {
    #[default]
    Entry,
    Asset,
}

impl From<Named> for Kind {
    fn from(named: Named) -> Self {
        match named {
            Named::Entry => Self::Entry,
            Named::Asset => Self::Asset,
        }
    }
}

#[derive(Deserialize)]
struct Entry {
    content_type: String,
    uid: Option<String>,
    locale: Option<String>,
    written_in: Option<String>,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    without_publish_details: bool,
}

fn publish_entry(emulator: &Emulator, wanted: Entry) -> Outcome {
    let mut draft = EntryDraft::new(wanted.content_type).fields(wanted.fields);
    if let Some(uid) = wanted.uid {
        draft = draft.uid(uid);
    }
    if let Some(locale) = wanted.locale {
        draft = draft.locale(locale);
    }
    if let Some(locale) = wanted.written_in {
        draft = draft.written_in(locale);
    }
    if wanted.without_publish_details {
        draft = draft.without_publish_details();
    }
    let uid = emulator.publish_entry(draft);
    Ok(Answer::value(&json!({"uid": uid})))
}

#[derive(Deserialize)]
struct Asset {
    filename: String,
    uid: Option<String>,
    locale: Option<String>,
    media_type: Option<String>,
    length: Option<usize>,
    declared_size: Option<u64>,
    text: Option<String>,
}

fn publish_asset(emulator: &Emulator, wanted: Asset) -> Outcome {
    let mut draft = AssetDraft::new(wanted.filename);
    if let Some(uid) = wanted.uid {
        draft = draft.uid(uid);
    }
    if let Some(locale) = wanted.locale {
        draft = draft.locale(locale);
    }
    if let Some(media_type) = wanted.media_type {
        draft = draft.media_type(media_type);
    }
    if let Some(length) = wanted.length {
        draft = draft.length(length);
    }
    if let Some(size) = wanted.declared_size {
        draft = draft.declared_size(size);
    }
    if let Some(text) = wanted.text {
        draft = draft.bytes(text);
    }
    let uid = emulator.publish_asset(draft);
    Ok(Answer::value(&json!({"uid": uid})))
}

#[derive(Deserialize)]
struct Filling {
    items: usize,
    size: Option<usize>,
    assets: Option<f64>,
    types: Option<Vec<String>>,
    locales: Option<Vec<String>>,
}

fn fill(emulator: &Emulator, wanted: Filling) {
    let mut fill = Fill::new(wanted.items);
    if let Some(size) = wanted.size {
        fill = fill.size(size);
    }
    if let Some(part) = wanted.assets {
        fill = fill.assets(part);
    }
    if let Some(types) = wanted.types {
        fill = fill.types(types);
    }
    if let Some(locales) = wanted.locales {
        fill = fill.locales(locales);
    }
    emulator.fill(&fill);
}

fn published(emulator: &Emulator) -> Answer {
    let mut body = String::from("[");
    for item in emulator.published() {
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(&format!(
            "{{\"kind\":\"{}\",\"uid\":{},\"locale\":{},\"content_type\":{},\"event_at\":\"{}\",\"data\":{}}}",
            item.kind.as_str(),
            Value::from(item.uid),
            Value::from(item.locale),
            Value::from(item.content_type),
            item.event_at,
            item.data,
        ));
    }
    body.push(']');
    Answer::json(body)
}

#[derive(Deserialize)]
struct Expiry {
    kind: Option<String>,
    token: Option<String>,
}

fn expire(emulator: &Emulator, wanted: Expiry) -> Result<(), Answer> {
    if let Some(token) = wanted.token {
        emulator.forget_token(&token);
        return Ok(());
    }
    let kind = match wanted.kind.as_deref() {
        None => None,
        Some("pagination") => Some(TokenKind::Pagination),
        Some("sync") => Some(TokenKind::Sync),
        Some(_) => return Err(Answer::bad_request("kind is `pagination` or `sync`")),
    };
    emulator.expire_tokens(kind);
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    page_size: Option<usize>,
    honour_limit: Option<bool>,
    single_use: Option<bool>,
    everything: Option<bool>,
    order: Option<Ordered>,
    redelivered: Option<usize>,
    /// 0 for none.
    empty_page_after: Option<usize>,
    changes_per_page: Option<usize>,
    latency_ms: Option<u64>,
    /// 0 for none.
    rate_limit: Option<u32>,
    /// 0 for none.
    cdn_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ordered {
    NewestFirst,
    OldestFirst,
    Shuffled,
}

fn options(emulator: &Emulator, wanted: Changed) {
    emulator.configure(|options| {
        if let Some(size) = wanted.page_size {
            options.page_size = size;
        }
        if let Some(honour) = wanted.honour_limit {
            options.honour_limit = honour;
        }
        if let Some(single_use) = wanted.single_use {
            options.single_use = single_use;
        }
        if let Some(everything) = wanted.everything {
            options.compaction = match everything {
                true => Compaction::Everything,
                false => Compaction::LastOfEachKey,
            };
        }
        if let Some(order) = wanted.order {
            options.order = match order {
                Ordered::NewestFirst => Order::NewestFirst,
                Ordered::OldestFirst => Order::OldestFirst,
                Ordered::Shuffled => Order::Shuffled,
            };
        }
        if let Some(count) = wanted.redelivered {
            options.redelivered = count;
        }
        if let Some(after) = wanted.empty_page_after {
            options.empty_page_after = (after > 0).then_some(after);
        }
        if let Some(count) = wanted.changes_per_page {
            options.changes_per_page = count;
        }
        if let Some(millis) = wanted.latency_ms {
            options.latency = Duration::from_millis(millis);
        }
        if let Some(limit) = wanted.rate_limit {
            options.rate_limit = (limit > 0).then_some(limit);
        }
        if let Some(millis) = wanted.cdn_ms {
            options.cdn = (millis > 0).then(|| Duration::from_millis(millis));
        }
    });
}

#[derive(Deserialize)]
struct Planned {
    kind: String,
    on: Option<String>,
    skip: Option<u32>,
    times: Option<u32>,
    status: Option<u16>,
    seconds: Option<f64>,
    body: Option<String>,
}

fn plan(emulator: &Emulator, wanted: Planned) -> Result<(), Answer> {
    let on = match wanted.on.as_deref() {
        None | Some("any") => On::Any,
        Some("sync") => On::Sync,
        Some("init") => On::Call(Call::Init),
        Some("page") => On::Call(Call::Page),
        Some("delta") => On::Call(Call::Delta),
        Some("content-types") => On::Call(Call::ContentTypes),
        Some("file") => On::Call(Call::File),
        Some(_) => return Err(Answer::bad_request("no request is called that")),
    };
    let status = StatusCode::from_u16(wanted.status.unwrap_or(503))
        .map_err(|_| Answer::bad_request("there is no such status"))?;
    let duration = Duration::try_from_secs_f64(wanted.seconds.unwrap_or(1.0))
        .map_err(|_| Answer::bad_request("there is no such time"))?;
    let fault = match wanted.kind.as_str() {
        "status" => Fault::status(status),
        "html" => Fault::html(status),
        "empty" => Fault::empty(status),
        "answer" => Fault::answer(status, HeaderMap::new(), wanted.body.unwrap_or_default()),
        "rate-limited" => Fault::rate_limited(wanted.seconds.map(|_| duration.as_secs())),
        "invalid-token" => Fault::invalid_token(),
        "drop-before" => Fault::drop_before(),
        "drop-after" => Fault::drop_after(),
        "truncate" => Fault::truncate(),
        "slow" => Fault::slow(duration),
        "garbage" => Fault::garbage(),
        "both-tokens" => Fault::both_tokens(),
        "no-token" => Fault::no_token(),
        "null-token" => Fault::null_token(),
        "same-token" => Fault::same_token(),
        "stale" => Fault::stale(),
        _ => return Err(Answer::bad_request("there is no such fault")),
    };
    let (skip, times) = (wanted.skip.unwrap_or(0), wanted.times.unwrap_or(1));
    emulator.fault_later(on, skip, times, fault);
    Ok(())
}

fn shown(request: &LoggedRequest) -> Value {
    let headers = request.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), Value::from(value))
    });
    let headers: Map<String, Value> = headers.collect();
    json!({
        "call": request.call.as_str(),
        "method": request.method.as_str(),
        "target": request.target,
        "headers": headers,
        "connection": request.connection,
        "status": request.status.as_u16(),
        "from_cdn": request.from_cdn,
        "fault": request.fault,
    })
}
