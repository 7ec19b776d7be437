//! The recorded calls and their signatures.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

pub(crate) const ENTRY: &[u8] = include_bytes!("fixtures/entry_publish.raw.json");
pub(crate) const TYPE: &[u8] = include_bytes!("fixtures/content_type_delete.raw.json");

/// A body signed with `whsec-lab-1`, and once more with another secret.
#[derive(Deserialize)]
pub(crate) struct Hmac {
    pub(crate) header_name: String,
    pub(crate) secret: String,
    pub(crate) t: u64,
    pub(crate) header: String,
    pub(crate) header_during_rotation: String,
}

pub(crate) fn hmacs() -> [(Hmac, &'static [u8]); 2] {
    let entry = include_str!("fixtures/entry_publish.hmac.json");
    let content_type = include_str!("fixtures/content_type_delete.hmac.json");
    [
        (serde_json::from_str(entry).unwrap(), ENTRY),
        (serde_json::from_str(content_type).unwrap(), TYPE),
    ]
}

/// The entry's body, signed by OpenSSL.
#[derive(Deserialize)]
pub(crate) struct Rsa {
    pub(crate) public_key: String,
    pub(crate) other_public_key: String,
    pub(crate) header: String,
    pub(crate) other_header: String,
    pub(crate) pkcs1_v15_header: String,
}

pub(crate) fn rsa() -> Rsa {
    serde_json::from_str(include_str!("fixtures/entry_publish.rsa.json")).unwrap()
}

/// 2026-01-05T10:00:00Z, when the entry's call was triggered.
pub(crate) const TRIGGERED: u64 = 1_767_607_200;

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn headers(name: &str, value: &str) -> HeaderMap {
    let name: HeaderName = name.parse().unwrap();
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
}
