//! What the daemon says about itself with every answer.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, response};
use sync_core::{ApiError, Operation, Service};

use crate::error::SyncthingError;
use crate::model::{DeviceId, Version};

// Constants, as they are looked up in every answer.
const VERSION: HeaderName = HeaderName::from_static("x-syncthing-version");
const ID: HeaderName = HeaderName::from_static("x-syncthing-id");

/// Which daemon answered, from the headers `X-Syncthing-Version` and
/// `X-Syncthing-ID` that come with every authorized answer.
///
/// They are no proof of anything: who holds the certificate or the socket is
/// what TLS and the file system vouch for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Daemon {
    /// Its version, if it can be read.
    pub version: Option<Version>,
    /// Its device ID.
    pub id: DeviceId,
}

/// The daemon as a [`Service`]: reads its headers and its errors.
#[derive(Debug, Default)]
pub(super) struct SyncthingService {
    seen: RwLock<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The raw headers, so that an unchanged daemon costs one comparison.
    headers: (Bytes, Bytes),
    daemon: Option<Daemon>,
}

impl SyncthingService {
    pub(super) fn daemon(&self) -> Option<Daemon> {
        self.seen
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .daemon
            .clone()
    }
}

fn version(headers: &HeaderMap) -> Option<Version> {
    Version::parse(headers.get(VERSION)?.to_str().ok()?)
}

impl Service for SyncthingService {
    fn observe(&self, head: &response::Parts) {
        let (Some(version_text), Some(id)) = (head.headers.get(VERSION), head.headers.get(ID))
        else {
            return;
        };
        let unchanged = {
            let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
            seen.headers.0 == version_text.as_bytes() && seen.headers.1 == id.as_bytes()
        };
        if unchanged {
            return;
        }
        let daemon = id
            .to_str()
            .ok()
            .and_then(|id| id.parse().ok())
            .map(|id| Daemon {
                version: version(&head.headers),
                id,
            });
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.headers = (
            Bytes::copy_from_slice(version_text.as_bytes()),
            Bytes::copy_from_slice(id.as_bytes()),
        );
        seen.daemon = daemon;
    }

    /// A daemon of 2.x that brings its database up to date answers every request
    /// by 200 and a page of its log, whatever was asked for.
    fn refusal(&self, _: &Operation, head: &response::Parts, body: &Bytes) -> Option<ApiError> {
        const PAGE: &[u8] = b"*** Database migration in progress ***";
        if !body.starts_with(PAGE) || !self.is_suspect(head) {
            return None;
        }
        let detail = SyncthingError::Migrating;
        let mut error = ApiError::new(head.status).with_message(detail.to_string());
        error.not_executed = true;
        Some(error.with_detail(detail))
    }

    /// Everything else that a daemon answers names the daemon.
    fn is_suspect(&self, head: &response::Parts) -> bool {
        !head.headers.contains_key(ID)
    }

    fn explain(&self, operation: &Operation, head: &response::Parts, body: &Bytes) -> ApiError {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        let detail =
            SyncthingError::read(operation.name(), head.status, text, version(&head.headers));
        let mut error = ApiError::new(head.status);
        error.credentials_refused = matches!(detail, SyncthingError::Unauthorized(_));
        // The daemon answers 500 and 501 for what it will not do, not for what
        // it cannot do just now. A proxy before it may say 502 to 504.
        error.permanent = detail == SyncthingError::UpgradeUnsupported
            || matches!(
                head.status,
                StatusCode::INTERNAL_SERVER_ERROR | StatusCode::NOT_IMPLEMENTED
            );
        error.message = Some(match &detail {
            SyncthingError::Other | SyncthingError::BadRequest if !text.is_empty() => shorten(text),
            known => {
                let known = known.to_string();
                match known.contains(text) || text.starts_with('<') {
                    true => known,
                    false => format!("{}; {known}", shorten(text)),
                }
            }
        });
        error.with_detail(detail)
    }

    fn shown_query(&self) -> &'static [&'static str] {
        &[
            "device", "dirsonly", "duration", "events", "file", "folder", "level", "levels",
            "limit", "next", "page", "perpage", "prefix", "since", "sub", "timeout", "version",
        ]
    }
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
