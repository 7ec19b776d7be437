//! What all calls of a client share.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::auth::{Authorize, NoAuth};
use crate::call::uri::is_http;
use crate::call::{Call, CallOptions};
use crate::clock::Clock;
use crate::error::{ApiError, Error, RequestLine};
use crate::policy::RetryBudget;
use crate::redact::{self, Scrubber};
use crate::transport::{Operation, Transport};

/// What a service's crate knows about the answers of its service.
///
/// Everything here is pure: no I/O, no waiting.
pub trait Service: fmt::Debug + Send + Sync + 'static {
    /// Understands an answer that is not a success. The body may be cut (64 KiB).
    ///
    /// The default takes a short text body as the message.
    fn explain(
        &self,
        operation: &Operation,
        head: &http::response::Parts,
        body: &Bytes,
    ) -> ApiError {
        let _ = operation;
        let error = ApiError::new(head.status);
        match std::str::from_utf8(body).map(str::trim) {
            Ok(text) if !text.is_empty() && text.len() <= 500 && !text.starts_with('<') => {
                error.with_message(text)
            }
            _ => error,
        }
    }

    /// Sees the head of every answer, before anything else is done with it.
    fn observe(&self, head: &http::response::Parts) {
        let _ = head;
    }

    /// Finds the refusal in an answer whose status says success: some services
    /// report a failure that way. Asked for answers that are read as a whole, and
    /// for those that are streamed if they are [suspect](Self::is_suspect).
    ///
    /// By default there is none.
    fn refusal(
        &self,
        operation: &Operation,
        head: &http::response::Parts,
        body: &Bytes,
    ) -> Option<ApiError> {
        let _ = (operation, head, body);
        None
    }

    /// Whether an answer that is streamed may be a [refusal](Self::refusal), by
    /// its head. The first piece of its body is then waited for and shown to
    /// `refusal` in place of the whole, before anything is handed out.
    ///
    /// By default none is.
    fn is_suspect(&self, head: &http::response::Parts) -> bool {
        let _ = head;
        false
    }

    /// Where a redirect to `to`, found at `from`, is followed to. For services that
    /// are known to write their own addresses in another way than they are
    /// reached; the call's [`Redirects`](crate::policy::Redirects) hold for what
    /// is returned.
    ///
    /// By default it is `to`.
    fn redirected(&self, from: &Uri, to: Uri) -> Uri {
        let _ = from;
        to
    }

    /// Query parameters whose values may appear in errors and logs.
    fn shown_query(&self) -> &'static [&'static str] {
        &[]
    }
}

impl<T: Service + ?Sized> Service for Arc<T> {
    fn explain(
        &self,
        operation: &Operation,
        head: &http::response::Parts,
        body: &Bytes,
    ) -> ApiError {
        T::explain(self, operation, head, body)
    }

    fn observe(&self, head: &http::response::Parts) {
        T::observe(self, head);
    }

    fn refusal(
        &self,
        operation: &Operation,
        head: &http::response::Parts,
        body: &Bytes,
    ) -> Option<ApiError> {
        T::refusal(self, operation, head, body)
    }

    fn is_suspect(&self, head: &http::response::Parts) -> bool {
        T::is_suspect(self, head)
    }

    fn redirected(&self, from: &Uri, to: Uri) -> Uri {
        T::redirected(self, from, to)
    }

    fn shown_query(&self) -> &'static [&'static str] {
        T::shown_query(self)
    }
}

/// A service about which nothing special is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainService;

impl Service for PlainService {}

/// The way from a [`Call`] to its result, with everything that the calls of
/// one client share: transport, base address, credentials, defaults, and the
/// budget for repeated attempts. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    base: Uri,
    prefix: String,
    service: Arc<dyn Service>,
    auth: Arc<dyn Authorize>,
    headers: HeaderMap,
    options: CallOptions,
    budget: RetryBudget,
    clock: Clock,
}

impl Pipeline {
    /// Starts a pipeline to the service at `base`, an absolute `http` or
    /// `https` URI. A path in it is put in front of every call's path.
    pub fn builder(base: impl AsRef<str>) -> PipelineBuilder {
        PipelineBuilder {
            base: base.as_ref().to_owned(),
            transport: None,
            service: Arc::new(PlainService),
            auth: Arc::new(NoAuth),
            headers: HeaderMap::new(),
            options: CallOptions::default(),
            budget: RetryBudget::default(),
            clock: Clock::system(),
            error: None,
        }
    }

    /// Begins a call of `operation`.
    pub fn call(&self, operation: &'static Operation) -> Call<Bytes> {
        Call::new(self.clone(), operation)
    }

    /// Begins a call of `operation` at a URI that the service gave out.
    ///
    /// At another origin than the service's own it goes without credentials,
    /// and with none of the client's headers but harmless ones.
    pub fn call_uri(&self, operation: &'static Operation, uri: Uri) -> Call<Bytes> {
        Call::absolute(self.clone(), operation, uri)
    }

    /// The service's address.
    pub fn base(&self) -> &Uri {
        &self.0.base
    }

    /// The defaults of this client's calls.
    pub fn options(&self) -> &CallOptions {
        &self.0.options
    }

    /// The wall clock of this client.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The budget for repeated attempts that all clones share.
    pub fn budget(&self) -> &RetryBudget {
        &self.0.budget
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.0.prefix
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        &*self.0.transport
    }

    pub(crate) fn service(&self) -> &dyn Service {
        &*self.0.service
    }

    pub(crate) fn auth(&self) -> &dyn Authorize {
        &*self.0.auth
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The request as it may be shown.
    pub(crate) fn request_line(&self, operation: &Operation, uri: &Uri) -> RequestLine {
        RequestLine {
            method: operation.method().clone(),
            uri: self
                .scrubber()
                .scrub(&redact::uri(uri, self.service().shown_query()))
                .into_owned(),
        }
    }

    /// Removes this client's own secrets from what the service said.
    pub(crate) fn scrub(&self, error: Error) -> Error {
        error.scrubbed(&self.scrubber())
    }

    fn scrubber(&self) -> Scrubber {
        Scrubber::new(self.0.auth.secrets())
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("base", &redact::uri(&self.0.base, &[]))
            .field("transport", &self.0.transport)
            .field("auth", &self.0.auth)
            .field("headers", &redact::headers(&self.0.headers))
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

/// Makes a [`Pipeline`].
#[derive(Debug)]
#[must_use]
pub struct PipelineBuilder {
    base: String,
    transport: Option<Arc<dyn Transport>>,
    service: Arc<dyn Service>,
    auth: Arc<dyn Authorize>,
    headers: HeaderMap,
    options: CallOptions,
    budget: RetryBudget,
    clock: Clock,
    error: Option<Error>,
}

impl PipelineBuilder {
    /// How the bytes travel. Without it, a
    /// [`HyperTransport`](crate::hyper::HyperTransport) with its defaults.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// What is known about the service.
    pub fn service(mut self, service: impl Service) -> Self {
        self.service = Arc::new(service);
        self
    }

    /// How requests are authorized.
    pub fn auth(mut self, auth: impl Authorize) -> Self {
        self.auth = Arc::new(auth);
        self
    }

    /// Sets a header of every request, for example `User-Agent`, or `Host`
    /// where a proxy or tunnel demands another than the address has.
    pub fn header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        match value.try_into() {
            Ok(value) => {
                self.headers.insert(name, value);
            }
            Err(_) => {
                let message = format!("the value for the header {name} cannot be sent");
                self.error.get_or_insert(Error::config(message));
            }
        }
        self
    }

    /// The defaults of all calls.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// A budget for repeated attempts, which may be shared with other clients.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = budget;
        self
    }

    /// The wall clock, for whatever signs or stamps requests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks the address and makes the pipeline.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config): the address is not an
    /// absolute `http(s)` URI, holds credentials, or a header cannot be sent.
    pub fn build(mut self) -> Result<Pipeline, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let base = parse_base(&self.base)?;
        let prefix = base.path().trim_end_matches('/').to_owned();
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        // Written once: the transport would write it anew for every request.
        if let Some(host) = host_of(&base) {
            self.headers.entry(HOST).or_insert(host);
        }
        self.headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!(
                "sync-core/",
                env!("CARGO_PKG_VERSION")
            )));
        Ok(Pipeline(Arc::new(Inner {
            transport,
            base,
            prefix,
            service: self.service,
            auth: self.auth,
            headers: self.headers,
            options: self.options,
            budget: self.budget,
            clock: self.clock,
        })))
    }
}

/// The `Host` header of an origin: without the port that goes without saying.
fn host_of(base: &Uri) -> Option<HeaderValue> {
    let default = match base.scheme_str()? {
        "https" => 443,
        _ => 80,
    };
    let text = match base.port_u16().filter(|port| *port != default) {
        Some(port) => format!("{}:{port}", base.host()?),
        None => base.host()?.to_owned(),
    };
    HeaderValue::from_str(&text).ok()
}

fn parse_base(text: &str) -> Result<Uri, Error> {
    let uri: Uri = text.parse().map_err(|error: http::uri::InvalidUri| {
        Error::config("the service's address is not a URI").with_source(error)
    })?;
    if !is_http(&uri) || uri.host().is_none_or(str::is_empty) {
        return Err(Error::config(
            "the service's address must be absolute, as in http://127.0.0.1:8384",
        ));
    }
    if uri
        .authority()
        .map(Authority::as_str)
        .is_some_and(|text| text.contains('@'))
    {
        return Err(Error::config(
            "the service's address must not hold credentials; pass them on their own",
        ));
    }
    if uri.query().is_some() {
        return Err(Error::config("the service's address must not have a query"));
    }
    Ok(uri)
}

#[cfg(feature = "hyper")]
fn default_transport() -> Result<Arc<dyn Transport>, Error> {
    let transport = crate::hyper::HyperTransport::builder().build();
    Ok(Arc::new(transport.map_err(Error::transport)?))
}

#[cfg(not(feature = "hyper"))]
fn default_transport() -> Result<Arc<dyn Transport>, Error> {
    Err(Error::config(
        "a transport is needed, as the feature `hyper` is off",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_header_leaves_out_the_port_that_goes_without_saying() {
        for (base, host) in [
            ("http://h:80/p", "h"),
            ("https://h:443", "h"),
            ("https://h:80", "h:80"),
            ("http://[::1]:8384", "[::1]:8384"),
        ] {
            assert_eq!(host_of(&base.parse().unwrap()).unwrap(), host, "{base}");
        }
    }
}
