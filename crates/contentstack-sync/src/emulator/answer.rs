//! What is answered, in the service's own words.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

const JSON: &str = "application/json";

/// Smaller answers are not compressed.
const WORTH_COMPRESSING: usize = 512;

/// An answer on its way.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    // Boxed, since refusals travel as errors.
    pub(super) headers: Box<HeaderMap>,
    pub(super) body: Bytes,
}

/// A refusal is an answer too.
pub(super) type Outcome = Result<Answer, Answer>;

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Box::default(),
            body: Bytes::new(),
        }
    }

    pub(super) fn json(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..Self::empty(StatusCode::OK)
        }
        .with(CONTENT_TYPE, JSON)
    }

    pub(super) fn value(value: &Value) -> Self {
        Self::json(value.to_string())
    }

    pub(super) fn html(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        Self {
            body: format!(
                "<html><head><title>{0} {reason}</title></head><body>{0} {reason}</body></html>",
                status.as_u16()
            )
            .into(),
            ..Self::empty(status)
        }
        .with(CONTENT_TYPE, "text/html; charset=utf-8")
    }

    /// An error with the service's body.
    pub(super) fn error(status: StatusCode, code: u16, message: &str, errors: &Value) -> Self {
        let body = json!({"error_message": message, "error_code": code, "errors": errors});
        Self {
            status,
            ..Self::value(&body)
        }
    }

    /// An error that names what was not valid.
    pub(super) fn invalid(status: StatusCode, code: u16, message: &str, field: &str) -> Self {
        Self::error(status, code, message, &json!({field: ["is not valid."]}))
    }

    pub(super) fn unknown_stack() -> Self {
        let message = "We can't find that Stack. Please try again.";
        Self::invalid(StatusCode::PRECONDITION_FAILED, 109, message, "api_key")
    }

    pub(super) fn bad_delivery_token() -> Self {
        let message = "You're not allowed in here unless you're logged in.";
        Self::invalid(StatusCode::UNAUTHORIZED, 105, message, "access_token")
    }

    pub(super) fn unknown_token(field: &str) -> Self {
        let message = "The requested object doesn't exist.";
        Self::invalid(StatusCode::UNPROCESSABLE_ENTITY, 141, message, field)
    }

    pub(super) fn unknown_environment(name: &str) -> Self {
        let message = format!("The Environment '{name}' was not found. Please try again.");
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::invalid(status, 141, &message, "environment")
    }

    pub(super) fn unknown_content_type(uid: &str) -> Self {
        let message = format!("The Content Type '{uid}' was not found. Please try again.");
        Self::invalid(StatusCode::UNPROCESSABLE_ENTITY, 118, &message, "uid")
    }

    pub(super) fn unknown_asset() -> Self {
        Self::invalid(StatusCode::NOT_FOUND, 145, "Asset was not found.", "uid")
    }

    /// A parameter whose value the service cannot take.
    pub(super) fn bad_parameter(name: &str) -> Self {
        let message = "The parameter is not valid. Please try again.";
        Self::invalid(StatusCode::UNPROCESSABLE_ENTITY, 141, message, name)
    }

    pub(super) fn rate_limited(limit: u32, retry_after: Option<u64>) -> Self {
        let message = "You have exceeded the rate limit.";
        let answer = Self::error(StatusCode::TOO_MANY_REQUESTS, 429, message, &json!({}))
            .with(LIMIT, &limit.to_string())
            .with(REMAINING, "0");
        match retry_after {
            Some(seconds) => answer.with(http::header::RETRY_AFTER, &seconds.to_string()),
            None => answer,
        }
    }

    pub(super) fn bad_request(message: impl AsRef<str>) -> Self {
        Self::error(StatusCode::BAD_REQUEST, 400, message.as_ref(), &json!({}))
    }

    pub(super) fn not_found() -> Self {
        let message = "The requested URL was not found.";
        Self::error(StatusCode::NOT_FOUND, 404, message, &json!({}))
    }

    /// The same answer with this header; one whose value cannot be sent is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same answer, compressed where the client takes that and it is text.
    pub(super) fn compressed_for(mut self, request: &HeaderMap) -> Self {
        let is_json = self
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value == JSON);
        if !is_json {
            return self;
        }
        self.headers
            .insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if self.body.len() < WORTH_COMPRESSING || !accepts_gzip(request) {
            return self;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let compressed = encoder
            .write_all(&self.body)
            .and_then(|()| encoder.finish());
        // Nothing fails that writes into memory; if it did, plain is right too.
        if let Ok(body) = compressed {
            self.headers
                .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            self.body = body.into();
        }
        self
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        response
    }
}

/// How many requests a second the organisation may send.
pub(super) const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
/// How many of them are left.
pub(super) const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");

fn accepts_gzip(request: &HeaderMap) -> bool {
    let lists = request
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|part| {
            part.strip_prefix("q=")
                .is_some_and(|q| q.trim_end_matches(['0', '.']).is_empty())
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_who_ask_get_gzip() {
        for (asked, compressed) in [
            ("gzip", true),
            ("br, gzip;q=0.5, deflate", true),
            ("gzip;q=0", false),
            ("br", false),
        ] {
            let request =
                HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(asked))]);
            let answer = Answer::json("x".repeat(5000)).compressed_for(&request);
            let encoded = answer.headers.contains_key(CONTENT_ENCODING);
            assert_eq!(encoded, compressed, "{asked}");
            assert_eq!(answer.body.len() < 5000, compressed, "{asked}");
        }
    }
}
