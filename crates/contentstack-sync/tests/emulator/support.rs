//! Asking the emulator.

use bytes::Bytes;
use contentstack_sync::emulator::{Disturbance, Emulator};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

/// An answer, taken apart.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) disturbance: Disturbance,
}

impl Got {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn ask(emulator: &Emulator, request: &Request<Bytes>) -> Got {
    let (mut parts, body) = emulator.handle(request).into_parts();
    Got {
        status: parts.status,
        disturbance: parts.extensions.remove().unwrap_or_default(),
        headers: parts.headers,
        body,
    }
}

/// A request with the right key and token.
pub(crate) fn request(emulator: &Emulator, target: &str) -> http::request::Builder {
    Request::get(format!("http://localhost{target}"))
        .header("api_key", emulator.api_key())
        .header("access_token", emulator.access_token())
}

pub(crate) fn get(emulator: &Emulator, target: &str) -> Got {
    ask(
        emulator,
        &request(emulator, target).body(Bytes::new()).unwrap(),
    )
}

/// A sync request with this query.
pub(crate) fn sync(emulator: &Emulator, query: &str) -> Got {
    get(
        emulator,
        &format!("/v3/stacks/sync?environment=production&{query}"),
    )
}

/// All pages from this query on, and the sync token in the end.
#[track_caller]
pub(crate) fn follow(emulator: &Emulator, query: &str) -> (Vec<Value>, String) {
    let mut pages = Vec::new();
    let mut query = query.to_owned();
    loop {
        let got = sync(emulator, &query);
        assert_eq!(got.status, StatusCode::OK, "{query}");
        let page = got.json();
        let next = page["pagination_token"].as_str().map(str::to_owned);
        let done = page["sync_token"].as_str().map(str::to_owned);
        assert!(next.is_some() != done.is_some(), "exactly one token");
        pages.push(page);
        match (next, done) {
            (Some(token), _) => query = format!("pagination_token={token}"),
            (None, done) => return (pages, done.unwrap()),
        }
    }
}

/// The items of several pages.
pub(crate) fn items(pages: &[Value]) -> Vec<Value> {
    let of_page = |page: &Value| page["items"].as_array().unwrap().clone();
    pages.iter().flat_map(of_page).collect()
}

/// The items of a chain, shown as `type uid`.
#[track_caller]
pub(crate) fn told(emulator: &Emulator, query: &str) -> Vec<String> {
    let (pages, _) = follow(emulator, query);
    let shown = |item: &Value| {
        let uid = item["data"]["uid"].as_str();
        let uid = uid.or(item["content_type_uid"].as_str()).unwrap_or("?");
        format!("{} {uid}", item["type"].as_str().unwrap())
    };
    items(&pages).iter().map(shown).collect()
}
