//! Answers over HTTP.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Carries an entity's version.
const VERSION: HeaderName = HeaderName::from_static("x-simperium-version");

/// An answer on its way.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    // Boxed, since refusals travel as errors.
    pub(super) headers: Box<HeaderMap>,
    pub(super) body: Bytes,
}

impl Answer {
    /// This status and plain text, which is how the service tells errors.
    pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            headers: Box::new(HeaderMap::from_iter([(CONTENT_TYPE, TEXT)])),
            body: text.into().into(),
        }
    }

    pub(super) fn status(status: StatusCode) -> Self {
        Self::text(status, "")
    }

    pub(super) fn bad_request() -> Self {
        Self::status(StatusCode::BAD_REQUEST)
    }

    pub(super) fn unauthorized() -> Self {
        Self::status(StatusCode::UNAUTHORIZED)
    }

    pub(super) fn forbidden() -> Self {
        Self::status(StatusCode::FORBIDDEN)
    }

    pub(super) fn not_found() -> Self {
        Self::status(StatusCode::NOT_FOUND)
    }

    pub(super) fn not_allowed() -> Self {
        Self::status(StatusCode::METHOD_NOT_ALLOWED)
    }

    /// JSON text.
    pub(super) fn json(text: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            headers: Box::new(HeaderMap::from_iter([(CONTENT_TYPE, JSON)])),
            body: text.into(),
        }
    }

    /// A value as JSON.
    pub(super) fn value(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(text) => Self::json(text),
            Err(_) => Self::status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The same with an entity's version.
    pub(super) fn with_version(mut self, version: u64) -> Self {
        self.headers.insert(VERSION, HeaderValue::from(version));
        self
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        response
    }
}
