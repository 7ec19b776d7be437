//! One request and what becomes of its answer.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sync_core::call::resolve;
use sync_core::{Error, Operation, Secret};

use super::links::CameFrom;
use super::{Loaded, SyncServerApi};
use crate::atom::{Entry, Limits, ReadOptions, XmlError};
use crate::error::{local, protocol, unauthenticated};

/// Entries and feeds, in both directions.
const ATOM: HeaderValue = HeaderValue::from_static("application/atom+xml");

/// What an IRI may hold and a URI may not (RFC 3987 section 3.1), besides all
/// that is not ASCII.
const IRI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

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
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Where it came from, after redirects.
    pub(crate) url: Uri,
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

    /// Only if the resource is still as it was.
    pub(crate) fn if_match(mut self, etag: Option<&HeaderValue>) -> Self {
        self.condition = etag.map(|etag| (IF_MATCH, etag.clone()));
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
        read: impl FnOnce(Answer) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if request.protected && !self.has_auth() {
            return Err(unauthenticated().with_operation(request.operation));
        }
        let method = request.operation.method();
        let reads = *method == Method::GET || *method == Method::HEAD;
        let settings = self.settings();
        let retry = if reads {
            &settings.retry_reads
        } else {
            &settings.retry_writes
        };
        let uri = request.uri.clone();
        let mut call = self
            .pipeline()
            .call_uri(request.operation, request.uri)
            .retry(retry.clone())
            .header(ACCEPT, request.accept);
        if let Some(body) = request.body {
            call = call.body(body).header(CONTENT_TYPE, ATOM);
        }
        if let Some((name, value)) = request.condition {
            if name == IF_NONE_MATCH {
                call = call.accept_status(&[304]);
            }
            call = call.header(name, value);
        }
        // Until the error, if there is one, is made.
        let _held = self.in_flight().hold(request.secrets);
        call.decode_with(move |head, body| {
            let url = head
                .extensions
                .get()
                .map_or(uri, |CameFrom(url)| url.clone());
            read(Answer {
                status: head.status,
                headers: head.headers.clone(),
                body,
                url,
            })
        })
        .await
    }

    /// The URI of a link of the service.
    ///
    /// # Errors
    ///
    /// When it is no valid link, or leads to someone else.
    pub(crate) fn own_link(&self, document: &Uri, href: &str) -> Result<Uri, Error> {
        let href = utf8_percent_encode(href.trim(), IRI).to_string();
        let uri = resolve(document, &href).map_err(|error| {
            protocol("the service gave out a link that is none").with_source(error)
        })?;
        self.settings()
            .rule
            .apply(self.base_url(), &uri)
            .ok_or_else(|| {
                protocol("the service gave out a link to another server, which is not followed")
            })
    }
}

impl Answer {
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
        ReadOptions::new(self.url.to_string()).limits(limits())
    }
}

/// The size is limited already when an answer is read into memory.
pub(super) fn limits() -> Limits {
    Limits {
        size: u64::MAX,
        ..Limits::default()
    }
}

/// Reads an answer that must be an entry.
pub(crate) fn entry(answer: Answer) -> Result<Loaded, Error> {
    answer.into_loaded()
}

/// An answer that is not the document that was asked for.
pub(crate) fn unreadable(error: XmlError) -> Error {
    protocol(format!("the answer cannot be read: {error}"))
}
