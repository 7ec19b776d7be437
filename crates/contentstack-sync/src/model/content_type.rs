//! Content types.

use serde::Deserialize;

use super::{ContentTypeUid, RawJson};

/// A content type, as `GET /v3/content_types` lists it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContentType {
    /// Its uid.
    pub uid: ContentTypeUid,
    /// Its title; may be empty.
    pub title: String,
    /// All of it, as it was received: `schema`, `options` and the rest.
    pub raw: RawJson,
}

impl ContentType {
    /// Reads one; `None` if it has no uid.
    pub(crate) fn read(raw: RawJson) -> Option<Self> {
        #[derive(Deserialize)]
        struct Head {
            uid: String,
            #[serde(default)]
            title: Option<String>,
        }

        let head: Head = raw.decode().ok()?;
        Some(Self {
            uid: head.uid.into(),
            title: head.title.unwrap_or_default(),
            raw,
        })
    }
}
