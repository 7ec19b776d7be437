//! What is answered, and the rules of HTTP that hold for all answers.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LOCATION, CONTENT_TYPE, ETAG, IF_MATCH,
    IF_NONE_MATCH, LOCATION, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// The media type of one entry.
pub(super) const ENTRY: &str = "application/atom+xml;type=entry";
/// The media type of a listing.
pub(super) const FEED: &str = "application/atom+xml;type=feed";
/// The media type of a service document.
pub(super) const SERVICE: &str = "application/atomsvc+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// Smaller answers are not compressed.
const WORTH_COMPRESSING: usize = 4096;

/// An answer on its way.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    // Boxed, since refusals travel as errors.
    pub(super) headers: Box<HeaderMap>,
    pub(super) body: Bytes,
}

/// What an operation comes to; a refusal is an answer too.
pub(super) type Outcome = Result<Answer, Answer>;

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Box::default(),
            body: Bytes::new(),
        }
    }

    pub(super) fn document(content_type: &'static str, body: String) -> Self {
        Self {
            body: body.into(),
            ..Self::empty(StatusCode::OK)
        }
        .with(CONTENT_TYPE, content_type)
    }

    pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self {
            body: text.into(),
            ..Self::empty(status)
        }
        .with(CONTENT_TYPE, TEXT)
    }

    pub(super) fn bad_request(text: impl Into<String>) -> Self {
        Self::text(StatusCode::BAD_REQUEST, text)
    }

    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        Self::text(StatusCode::NOT_FOUND, format!("No {kind} with ID '{id}'"))
    }

    pub(super) fn not_allowed(allow: &'static str) -> Self {
        Self::text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed").with(ALLOW, allow)
    }

    pub(super) fn unsupported_media_type() -> Self {
        let text = "want application/atom+xml";
        Self::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
    }

    /// The same answer, as that to a creation.
    pub(super) fn created(self, location: &str) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..self
        }
        .with(LOCATION, location)
        .with(CONTENT_LOCATION, location)
    }

    /// The same answer with this header; one whose value cannot be sent is left out.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `304` when the client has it already.
    pub(super) fn unless_known(self, request: &HeaderMap) -> Self {
        let known = match self.header(&ETAG) {
            Some(etag) if self.status == StatusCode::OK => {
                lists(request, &IF_NONE_MATCH, |tag| strong(tag) == etag)
            }
            _ => false,
        };
        if !known {
            return self;
        }
        let mut answer = Self::empty(StatusCode::NOT_MODIFIED);
        answer
            .headers
            .extend(self.headers.get(ETAG).map(|etag| (ETAG, etag.clone())));
        answer
    }

    /// Compressed when that is asked for and worth it.
    pub(super) fn compressed_for(mut self, request: &HeaderMap) -> Self {
        if self.body.len() < WORTH_COMPRESSING || self.headers.contains_key(CONTENT_ENCODING) {
            return self;
        }
        self.headers
            .insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if !accepts_gzip(request) {
            return self;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        match encoder
            .write_all(&self.body)
            .and_then(|()| encoder.finish())
        {
            Ok(body) => {
                self.headers
                    .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                self.body = body.into();
                self
            }
            // Nothing fails that writes into memory; if it did, plain is right too.
            Err(_) => self,
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = *self.headers;
        response
    }
}

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

/// Refuses a change of something that was changed meanwhile, or that is only
/// wanted if it is not there or not as it is.
pub(super) fn check_unchanged(request: &HeaderMap, etag: &str) -> Result<(), Answer> {
    let refused = |reason: &str| Err(Answer::text(StatusCode::PRECONDITION_FAILED, reason));
    // A weak entity tag is never the same (RFC 9110 section 13.1.1).
    if request.contains_key(IF_MATCH) && !lists(request, &IF_MATCH, |tag| tag == etag) {
        return refused("changed meanwhile");
    }
    if lists(request, &IF_NONE_MATCH, |tag| strong(tag) == etag) {
        return refused("it is still as it was");
    }
    Ok(())
}

/// An entity tag without its weakness.
fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether one in a list of entity tags is the right one, or the list is `*`.
fn lists(request: &HeaderMap, name: &HeaderName, is_it: impl Fn(&str) -> bool) -> bool {
    let lists = request
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || is_it(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        let answer = || Answer::document(ENTRY, "x".to_owned()).with(ETAG, "\"a-1\"");
        for known in ["\"a-1\"", "W/\"a-1\"", "\"b\", \"a-1\"", "*"] {
            let sent = answer().unless_known(&asking(IF_NONE_MATCH, known));
            assert_eq!((sent.status.as_u16(), sent.body.len()), (304, 0));
            assert!(sent.headers.contains_key(ETAG));
        }
        assert_eq!(
            answer()
                .unless_known(&asking(IF_NONE_MATCH, "\"a-2\""))
                .status,
            200
        );
    }

    #[test]
    fn a_stale_change_is_refused() {
        assert!(check_unchanged(&HeaderMap::new(), "\"a-2\"").is_ok());
        assert!(check_unchanged(&asking(IF_MATCH, "\"a-2\""), "\"a-2\"").is_ok());
        for (condition, tag) in [
            (IF_MATCH, "\"a-1\""),
            (IF_MATCH, "W/\"a-2\""),
            (IF_NONE_MATCH, "*"),
            (IF_NONE_MATCH, "\"a-2\""),
        ] {
            let refusal = check_unchanged(&asking(condition, tag), "\"a-2\"").unwrap_err();
            assert_eq!(refusal.status, 412, "{tag}");
        }
    }

    #[test]
    fn only_those_who_ask_get_gzip() {
        let long = || Answer::document(FEED, "x".repeat(5000));
        for (asked, compressed) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
        ] {
            let sent = long().compressed_for(&asking(ACCEPT_ENCODING, asked));
            assert_eq!(
                sent.headers.contains_key(CONTENT_ENCODING),
                compressed,
                "{asked}"
            );
        }
        let short =
            Answer::document(FEED, "x".to_owned()).compressed_for(&asking(ACCEPT_ENCODING, "gzip"));
        assert_eq!(short.body.len(), 1);
    }
}
