//! What the server remembers of what was asked.

use std::fmt;

use http::{HeaderMap, Method, StatusCode};

use super::query::Query;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// `GET /v3/stacks/sync` with `init`.
    Init,
    /// With a `pagination_token`.
    Page,
    /// With a `sync_token`.
    Delta,
    /// `GET /v3/content_types` and below.
    ContentTypes,
    /// The file of an asset.
    File,
    /// Anything else.
    Other,
}

impl Call {
    /// `init`, `page`, `delta`, `content-types`, `file` or `other`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Page => "page",
            Self::Delta => "delta",
            Self::ContentTypes => "content-types",
            Self::File => "file",
            Self::Other => "other",
        }
    }

    /// A request for `init` that has a token, too, is one for `init`.
    pub(super) fn of(path: &str, query: &Query) -> Self {
        let path = path.trim_end_matches('/');
        if path == "/v3/stacks/sync" {
            return match () {
                () if query.get("init") == Some("true") => Self::Init,
                () if query.get("pagination_token").is_some() => Self::Page,
                () if query.get("sync_token").is_some() => Self::Delta,
                () => Self::Other,
            };
        }
        if path == "/v3/content_types" || path.starts_with("/v3/content_types/") {
            return Self::ContentTypes;
        }
        // Shorter paths are of the asset itself.
        if path.starts_with("/v3/assets/") && path.split('/').count() > 4 {
            return Self::File;
        }
        Self::Other
    }
}

/// A request, as the server saw it.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// What it asks for.
    pub call: Call,
    /// The method.
    pub method: Method,
    /// Path and query, as they came.
    pub target: String,
    /// The headers, with whatever is secret in them.
    pub headers: HeaderMap,
    /// Which of the server's connections it came over, counted from 1; `None`
    /// without a socket.
    pub connection: Option<u64>,
    /// The status of the answer. A fault may have kept it from the client.
    pub status: StatusCode,
    /// Whether the answer was an old one from the CDN.
    pub from_cdn: bool,
    /// The fault that struck, by its name in the control interface.
    pub fault: Option<&'static str>,
}

impl LoggedRequest {
    /// The path without the query.
    pub fn path(&self) -> &str {
        let parts = self.target.split_once('?');
        parts.map_or(self.target.as_str(), |(path, _)| path)
    }

    /// A parameter of the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        Query::parse(query).get(name).map(str::to_owned)
    }
}

/// Without headers and query, which hold secrets.
impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        write!(f, "{} {} → {status}", self.method, self.path())?;
        match self.fault {
            Some(fault) => write!(f, " ({fault})"),
            None => Ok(()),
        }
    }
}
