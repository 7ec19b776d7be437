//! Records what a transport sends and receives.

use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};

use super::cassette::{Cassette, Interaction, Recorded};
use super::mock::lock;
use crate::transport::{Body, Transport, TransportError};
use crate::{Secret, redact};

/// Passes calls on to another transport and records them, without secrets.
///
/// What is kept is chosen by allow-list: values of the query keys and headers
/// that [`show_query`](Self::show_query) and [`keep_header`](Self::keep_header)
/// name (and of harmless standard headers); other query values become
/// `[redacted]`, other headers are left out. Host and user info are never kept.
/// The [secrets](Self::new) given are removed from all that is kept.
///
/// So that bodies can be searched, `Accept-Encoding` is not passed on; a body
/// that comes encoded all the same is left out of the recording. Bodies are
/// read whole before they are passed on: a recorder is no tool for endless
/// streams. Failed exchanges are not recorded.
pub struct Recorder<T> {
    inner: T,
    query: Vec<String>,
    headers: Vec<HeaderName>,
    scrubber: Scrubber,
    cassette: Mutex<Cassette>,
}

impl<T: Transport> Recorder<T> {
    /// Records what goes through `inner`. `secrets` are the credentials in
    /// use; those under 4 bytes cannot be searched for.
    pub fn new(inner: T, secrets: impl IntoIterator<Item = Secret<String>>) -> Self {
        Self {
            inner,
            query: Vec::new(),
            headers: Vec::new(),
            scrubber: Scrubber::new(secrets),
            cassette: Mutex::default(),
        }
    }

    /// Keeps the values of these query keys.
    #[must_use]
    pub fn show_query<S: Into<String>>(mut self, keys: impl IntoIterator<Item = S>) -> Self {
        self.query.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Keeps this header of requests and answers.
    #[must_use]
    pub fn keep_header(mut self, name: HeaderName) -> Self {
        self.headers.push(name);
        self
    }

    /// What was recorded so far.
    pub fn cassette(&self) -> Cassette {
        lock(&self.cassette).clone()
    }

    /// The transport below.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    fn keep_headers(&self, headers: &HeaderMap) -> HeaderMap {
        let mut kept = HeaderMap::new();
        for (name, value) in headers {
            // The framing is the transport's, and a date makes recordings differ.
            let own = [CONTENT_LENGTH, TRANSFER_ENCODING, DATE].contains(name);
            let shown = redact::is_shown_header(name) && !own || self.headers.contains(name);
            if !shown || value.is_sensitive() {
                continue;
            }
            // A value that is not text cannot be searched.
            let Some(text) = value.to_str().ok() else {
                continue;
            };
            if let Ok(value) = HeaderValue::from_str(&self.scrubber.text(text)) {
                kept.append(name, value);
            }
        }
        kept
    }

    fn keep_target(&self, uri: &Uri) -> String {
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let keys: Vec<&str> = self.query.iter().map(String::as_str).collect();
        let shown = match target.parse::<Uri>() {
            Ok(uri) => redact::uri(&uri, &keys),
            // Not possible for a part of a URI; hides all when it is.
            Err(_) => "[redacted]".to_owned(),
        };
        self.scrubber.text(&shown)
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (mut parts, body) = request.into_parts();
        let sent = body.collect(u64::MAX).await?;
        parts.headers.remove(ACCEPT_ENCODING);
        let method = parts.method.clone();
        let target = self.keep_target(&parts.uri);
        let request_headers = self.keep_headers(&parts.headers);
        let request_body = self.scrubber.body(&parts.headers, &sent);

        let answer = self
            .inner
            .send(Request::from_parts(parts, sent.into()))
            .await?;
        if answer.status() == http::StatusCode::SWITCHING_PROTOCOLS {
            // What follows is no exchange.
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        let received = body.collect(u64::MAX).await?;
        lock(&self.cassette).interactions.push(Interaction {
            name: None,
            method,
            target,
            request_headers,
            request_body,
            status: parts.status,
            headers: self.keep_headers(&parts.headers),
            body: self.scrubber.body(&parts.headers, &received),
        });
        Ok(Response::from_parts(parts, received.into()))
    }
}

impl<T: fmt::Debug> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("inner", &self.inner)
            .field("recorded", &lock(&self.cassette).interactions.len())
            .finish_non_exhaustive()
    }
}

/// Removes secrets from text, and from bytes that are none.
struct Scrubber {
    text: redact::Scrubber,
    /// The same secrets, each byte as one character.
    bytes: redact::Scrubber,
}

impl Scrubber {
    fn new(secrets: impl IntoIterator<Item = Secret<String>>) -> Self {
        let mut text = redact::Scrubber::default();
        let mut bytes = redact::Scrubber::default();
        for secret in secrets {
            text.add(&secret);
            bytes.add(&secret);
            bytes.add(&Secret::new(latin1(secret.expose().as_bytes())));
        }
        Self { text, bytes }
    }

    fn text(&self, text: &str) -> String {
        self.text.scrub(text).into_owned()
    }

    fn body(&self, headers: &HeaderMap, body: &Bytes) -> Recorded {
        if let Some(encoding) = headers.get(CONTENT_ENCODING) {
            if !body.is_empty() && !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
                let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
                return Recorded::Omitted(format!(
                    "encoded as {}, so it cannot be searched for secrets",
                    self.text(&encoding)
                ));
            }
        }
        let clean = match std::str::from_utf8(body) {
            Ok(text) => self.text(text).into_bytes(),
            Err(_) => {
                let clean = self.bytes.scrub(&latin1(body)).into_owned();
                clean
                    .chars()
                    .map(|c| u8::try_from(c).unwrap_or(b'?'))
                    .collect()
            }
        };
        Recorded::Bytes(clean.into())
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_removed_from_bytes_that_are_no_text() {
        let scrubber = Scrubber::new([Secret::from("pässword")]);
        let mut body = b"\xff\x00".to_vec();
        body.extend_from_slice("pässword".as_bytes());
        body.push(0xfe);
        let clean = scrubber.body(&HeaderMap::new(), &body.into());
        assert_eq!(clean.bytes().unwrap(), &b"\xff\x00[redacted]\xfe"[..]);
    }

    #[test]
    fn an_encoded_body_is_left_out() {
        let scrubber = Scrubber::new([]);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let body = scrubber.body(&headers, &Bytes::from_static(b"\x1f\x8b"));
        assert_eq!(body.bytes(), None);
    }
}
