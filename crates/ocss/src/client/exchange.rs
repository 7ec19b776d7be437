//! One request and what becomes of its answer.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, response};
use percent_encoding::utf8_percent_encode;
use sync_core::call::{CameFrom, resolve};
use sync_core::error::RequestLine;
use sync_core::transport::Delivery;
use sync_core::{Body, Call, Error, Operation, Secret, TransportError, redact};

use super::auth::Held;

use super::service::SHOWN_QUERY;
use super::{Loaded, SyncServerApi};
use crate::atom::{Entry, ILLEGAL, Limits, ReadOptions, XmlError};
use crate::error::{local, protocol, unauthenticated};
use crate::oauth1::without_protocol_parameters;

/// The longest answer to a change, in bytes. Answers to questions have the
/// limit of the call's options.
const LARGEST_ANSWER: u64 = 64 << 20;

/// Entries and feeds, in both directions.
const ATOM: HeaderValue = HeaderValue::from_static("application/atom+xml");

/// A request on its way to become one.
pub(crate) struct Request {
    operation: &'static Operation,
    uri: Uri,
    protected: bool,
    accept: HeaderValue,
    body: Option<String>,
    secrets: Vec<Secret<String>>,
    condition: Option<(http::HeaderName, HeaderValue)>,
}

/// An answer, read into memory.
pub(crate) struct Answer<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
    /// Where it came from, after redirects.
    pub(crate) url: Uri,
    /// How much of it is read.
    pub(crate) limits: Limits,
}

impl Request {
    /// A request that can be made by anybody.
    pub(crate) fn new(operation: &'static Operation, uri: Uri) -> Self {
        Self {
            operation,
            uri,
            protected: false,
            accept: ATOM,
            body: None,
            secrets: Vec::new(),
            condition: None,
        }
    }

    /// Whether credentials are needed. Without them, nothing is sent.
    pub(crate) fn protected(mut self, protected: bool) -> Self {
        self.protected = protected;
        self
    }

    pub(crate) fn accept(mut self, accept: HeaderValue) -> Self {
        self.accept = accept;
        self
    }

    /// Sends this entry.
    ///
    /// # Errors
    ///
    /// When XML cannot hold what is in it.
    pub(crate) fn entry(mut self, entry: &Entry) -> Result<Self, Error> {
        self.body = Some(entry.to_xml().map_err(|error| local(error.to_string()))?);
        Ok(self)
    }

    /// Says what in the body must not be seen.
    pub(crate) fn secrets(mut self, secrets: impl IntoIterator<Item = Secret<String>>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// Only if the resource is still as it was. A weak entity tag cannot tell:
    /// it is never the same (RFC 9110 section 13.1.1).
    pub(crate) fn if_match(mut self, etag: Option<&HeaderValue>) -> Self {
        let strong = etag.filter(|etag| !etag.as_bytes().starts_with(b"W/"));
        self.condition = strong.map(|etag| (IF_MATCH, etag.clone()));
        self
    }

    /// Only if the resource has changed: the answer may be 304.
    pub(crate) fn if_none_match(mut self, etag: Option<&HeaderValue>) -> Self {
        self.condition = etag.map(|etag| (IF_NONE_MATCH, etag.clone()));
        self
    }
}

impl SyncServerApi {
    /// Sends `request` and reads the answer with `read`.
    pub(crate) async fn send<T: Send + 'static>(
        &self,
        request: Request,
        read: impl FnOnce(Answer<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (call, uri, _held) = self.prepare(request)?;
        let operation = call.operation();
        let limits = self.limits();
        if !is_repeated_in_the_middle(operation) {
            return self.change(call, uri, read).await;
        }
        call.decode_with(move |head, body| read(Answer::new(head, body, uri, limits)))
            .await
    }

    /// As [`send`](Self::send), but what has begun to be answered is not sent
    /// again: the service has done it, and would refuse it as out of date.
    async fn change<T>(
        &self,
        call: Call<Bytes>,
        uri: Uri,
        read: impl FnOnce(Answer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let operation = call.operation();
        let asked = uri.clone();
        let result = async {
            let (head, body) = call.stream().await?.into_parts();
            let body = body.collect(LARGEST_ANSWER).await.map_err(cut)?;
            read(Answer::new(&head, body, uri, self.limits()))
        };
        result
            .await
            .map_err(|error| self.explain(error, operation, &asked))
    }

    /// Sends `request` and hands out the answer as it arrives. What is wrong
    /// with the body needs [`explain`](Self::explain).
    pub(super) async fn open(&self, request: Request) -> Result<Response<Body>, Error> {
        let (call, ..) = self.prepare(request)?;
        call.stream().await
    }

    fn prepare(&self, request: Request) -> Result<(Call<Bytes>, Uri, Held), Error> {
        let operation = request.operation;
        if request.protected && !self.has_auth() {
            return Err(unauthenticated().with_operation(operation));
        }
        let settings = self.settings();
        let retry = if is_reading(operation) {
            &settings.retry_reads
        } else {
            &settings.retry_writes
        };
        let uri = request.uri.clone();
        let mut call = self
            .pipeline()
            .call_uri(operation, request.uri)
            .retry(retry.clone())
            .accept(request.accept);
        if let Some(body) = request.body {
            call = call.body(body).content_type(ATOM);
        }
        if let Some((name, value)) = request.condition {
            if name == IF_NONE_MATCH {
                call = call.accept_status(&[304]);
            }
            call = call.header(name, value);
        }
        // Until the error, if there is one, is made.
        let held = self.in_flight().hold(request.secrets);
        Ok((call, uri, held))
    }

    /// Completes an error about an answer that was read outside of the pipeline.
    pub(super) fn explain(&self, error: Error, operation: &'static Operation, uri: &Uri) -> Error {
        let scrubber = redact::Scrubber::new(self.secrets());
        let text = error.to_string();
        let error = match scrubber.finds(&text) && error.request().is_none() {
            true => error.with_message(scrubber.scrub(&text).into_owned()),
            false => error,
        };
        let uri = redact::uri(uri, SHOWN_QUERY);
        error.with_operation(operation).with_request(RequestLine {
            method: operation.method().clone(),
            uri: scrubber.scrub(&uri).into_owned(),
        })
    }

    /// How much of a document is read. The size is limited already when an
    /// answer is read into memory, and by its stream when it is not.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            size: u64::MAX,
            memory: self.settings().memory_limit,
            ..Limits::default()
        }
    }

    /// The URI of a link of the service.
    ///
    /// # Errors
    ///
    /// When it is no valid link, or leads to someone else.
    pub(crate) fn own_link(&self, document: &Uri, href: &str) -> Result<Uri, Error> {
        let none = || protocol("the service gave out a link that is none");
        let uri = if is_resolved(href) {
            href.parse().map_err(|_| none())?
        } else {
            let href = utf8_percent_encode(href.trim(), ILLEGAL).to_string();
            resolve(document, &href).map_err(|error| none().with_source(error))?
        };
        let own = self.settings().rule.apply(self.base_url(), &uri);
        let own = own.ok_or_else(|| {
            protocol("the service gave out a link to another server, which is not followed")
        })?;
        // What a server repeats of a signature makes a page that is known look new.
        let unsigned = self.has_auth().then(|| without_protocol_parameters(&own));
        Ok(unsigned.flatten().unwrap_or(own))
    }
}

impl<'a> Answer<'a> {
    /// The answer to a request that was sent to `asked`.
    fn new(head: &'a response::Parts, body: Bytes, asked: Uri, limits: Limits) -> Self {
        Self {
            status: head.status,
            headers: &head.headers,
            body,
            url: came_from(head).unwrap_or(asked),
            limits,
        }
    }

    /// The version of the resource, for conditional requests.
    pub(crate) fn etag(&self) -> Option<HeaderValue> {
        self.headers.get(ETAG).cloned()
    }

    /// The address in a header, resolved.
    pub(crate) fn location(
        &self,
        api: &SyncServerApi,
        name: &http::HeaderName,
    ) -> Result<Option<Uri>, Error> {
        let Some(value) = self.headers.get(name) else {
            return Ok(None);
        };
        let text = value
            .to_str()
            .map_err(|_| protocol(format!("the {name} of the answer is no address")))?;
        api.own_link(&self.url, text).map(Some)
    }

    /// The entry in the body.
    pub(crate) fn into_loaded(self) -> Result<Loaded, Error> {
        let etag = self.etag();
        let entry = self.options().entry(&self.body).map_err(unreadable)?;
        Ok(Loaded {
            entry,
            etag,
            url: self.url,
        })
    }

    /// How to read the document in the body.
    pub(crate) fn options(&self) -> ReadOptions {
        options(&self.url, self.headers, self.limits)
    }
}

/// Where an answer came from, after redirects.
pub(super) fn came_from(head: &response::Parts) -> Option<Uri> {
    let CameFrom(url) = head.extensions.get()?;
    Some(url.clone())
}

/// The encoding that a `Content-Type` names.
fn charset(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"'))
    })
}

/// How to read a document from `url` that came with these headers.
pub(super) fn options(url: &Uri, headers: &HeaderMap, limits: Limits) -> ReadOptions {
    // Put together by hand: this is done for every answer.
    let mut text = String::with_capacity(128);
    if let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) {
        text.push_str(scheme);
        text.push_str("://");
        text.push_str(authority.as_str());
    }
    text.push_str(url.path_and_query().map_or("/", |target| target.as_str()));
    let options = ReadOptions::new(text).limits(limits);
    match charset(headers) {
        Some(charset) => options.charset(charset),
        None => options,
    }
}

fn is_reading(operation: &Operation) -> bool {
    matches!(*operation.method(), Method::GET | Method::HEAD)
}

/// Whether an answer that breaks off is asked for again. One to a POST is not
/// either, but that is known to all.
fn is_repeated_in_the_middle(operation: &Operation) -> bool {
    !matches!(*operation.method(), Method::PUT | Method::DELETE)
}

/// An answer whose body broke off.
pub(super) fn cut(error: TransportError) -> Error {
    Error::transport(error).with_delivery(Delivery::Answered)
}

/// An absolute address in which nothing is to be resolved, removed or escaped.
/// Nearly all links are such.
fn is_resolved(href: &str) -> bool {
    let rest = href
        .strip_prefix("http://")
        .or_else(|| href.strip_prefix("https://"));
    rest.is_some_and(|rest| {
        let mut before = b'/';
        rest.bytes().all(|byte| {
            let dot_segment = before == b'/' && byte == b'.';
            before = byte;
            !dot_segment
                && (byte.is_ascii_alphanumeric()
                    || matches!(
                        byte,
                        b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'&' | b'='
                    ))
        })
    })
}

/// Reads an answer that must be an entry.
pub(crate) fn entry(answer: Answer<'_>) -> Result<Loaded, Error> {
    answer.into_loaded()
}

/// An answer that is not the document that was asked for.
pub(crate) fn unreadable(error: XmlError) -> Error {
    protocol(format!("the answer cannot be read: {error}"))
}
