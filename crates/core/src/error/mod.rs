//! The one error type that all services share.
//!
//! An [`Error`] is made once, at the edge where a call failed, and carries
//! what is needed to understand it: the operation, the redacted request, how
//! often and how long it was tried, and what the server may have done.

mod api;
mod report;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

pub use self::api::ApiError;
use crate::transport::{BoxError, Delivery, Operation, Phase, TransportError, TransportErrorKind};

/// What went wrong, coarsely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client is set up wrongly, or a call was given arguments that cannot work.
    /// Nothing was sent.
    Config,
    /// The request could not be written down. Nothing was sent.
    Encode,
    /// Credentials are missing, were refused, or could not be renewed.
    Auth,
    /// No complete answer arrived.
    Transport(TransportErrorKind),
    /// The service answered with an error; see [`Error::api`].
    Service,
    /// The service answered, and the answer is not what was agreed.
    Decode,
    /// The call was repeated and failed for good; see [`Error::stop_reason`]
    /// and, for the last failure, [`Error::last`].
    Exhausted,
    /// The answer is fine, and could not be kept on this side; see
    /// [`Error::detail`].
    Local,
    /// The caller gave up.
    Canceled,
}

/// Why a call that failed for a passing reason was not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// The number of attempts was used up.
    Attempts,
    /// The next attempt would have begun after the deadline.
    Deadline,
    /// Too many calls of this client are being repeated already.
    Budget,
    /// The request may have arrived and is not safe to repeat.
    NotIdempotent,
    /// The body of the request can be read only once.
    NotReplayable,
    /// The service asked for a longer pause than the caller allows; see
    /// [`ApiError::retry_after`].
    RetryAfter,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "the attempts are used up",
            Self::Deadline => "the deadline is too near",
            Self::Budget => "too many calls are being repeated already",
            Self::NotIdempotent => "it may have been executed and is not safe to repeat",
            Self::NotReplayable => "its body can be read only once",
            Self::RetryAfter => "the service asks for a longer pause than allowed",
        })
    }
}

/// The request of a failed call, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// The method.
    pub method: Method,
    /// The URI; values of query parameters not known to be harmless are hidden.
    pub uri: String,
}

/// A failed call. As large as a pointer.
pub struct Error(Box<Repr>);

struct Repr {
    kind: ErrorKind,
    message: Cow<'static, str>,
    operation: Option<&'static Operation>,
    request: Option<RequestLine>,
    attempts: u32,
    elapsed: Duration,
    delivery: Delivery,
    /// The most that an earlier attempt may have done.
    earlier: Option<Delivery>,
    stop: Option<StopReason>,
    api: Option<ApiError>,
    detail: Option<Box<dyn Any + Send + Sync>>,
    snippet: Option<String>,
    source: Option<BoxError>,
    /// The answer that a server was allowed to hold back did not come.
    quiet: bool,
    backtrace: Option<std::backtrace::Backtrace>,
}

impl Error {
    /// An error of `kind`; `message` says in a sentence what is wrong and, if
    /// possible, what to do. It must hold no secret.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let backtrace = std::backtrace::Backtrace::capture();
        let captured = backtrace.status() == std::backtrace::BacktraceStatus::Captured;
        Self(Box::new(Repr {
            kind,
            message: message.into(),
            operation: None,
            request: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            delivery: match kind {
                ErrorKind::Service | ErrorKind::Decode | ErrorKind::Local => Delivery::Answered,
                _ => Delivery::NotSent,
            },
            earlier: None,
            stop: None,
            api: None,
            detail: None,
            snippet: None,
            source: None,
            quiet: false,
            backtrace: captured.then_some(backtrace),
        }))
    }

    /// The client or the arguments of a call cannot work.
    pub fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// A request that cannot be written down.
    pub fn encode(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Encode, message)
    }

    /// An answer that is not what was agreed.
    pub fn decode(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Decode, message)
    }

    /// Credentials that are missing or refused.
    pub fn auth(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Auth, message)
    }

    /// An exchange that failed.
    pub fn transport(error: TransportError) -> Self {
        Self::new(ErrorKind::Transport(error.kind()), "no complete answer")
            .with_delivery(error.delivery())
            .with_source(error)
    }

    /// An answer that reports a failure.
    pub fn service(mut api: ApiError) -> Self {
        let kind = if api.credentials_refused {
            ErrorKind::Auth
        } else {
            ErrorKind::Service
        };
        let mut error =
            Self::new(kind, "the service answered with an error").with_delivery(Delivery::Answered);
        error.0.detail = api.detail.take();
        error.0.api = Some(api);
        error
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds the service's own typed detail, to be had back by [`detail`](Self::detail).
    #[must_use]
    pub fn with_detail<T: Any + Send + Sync>(mut self, detail: T) -> Self {
        self.0.detail = Some(Box::new(detail));
        self
    }

    /// Adds a piece of the answer for the reader. The caller has bounded and
    /// scrubbed it.
    #[must_use]
    pub fn with_snippet(mut self, snippet: impl Into<String>) -> Self {
        self.0.snippet = Some(snippet.into());
        self
    }

    /// Says what the server may have done.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    /// Adds the operation, unless it is known.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static Operation) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Adds the request, unless it is known.
    #[must_use]
    pub fn with_request(mut self, request: RequestLine) -> Self {
        self.0.request.get_or_insert(request);
        self
    }

    /// Says how often and how long it was tried.
    #[must_use]
    pub(crate) fn with_effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// Says what the attempts before the last may have done at the most.
    #[must_use]
    pub(crate) fn with_earlier(mut self, earlier: Option<Delivery>) -> Self {
        self.0.earlier = earlier;
        self
    }

    /// Replaces the sentence that says what is wrong. It must hold no secret.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    pub(crate) fn with_quiet(mut self, quiet: bool) -> Self {
        self.0.quiet = quiet;
        self
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.0.quiet
    }

    pub(crate) fn with_stop_reason(mut self, reason: StopReason) -> Self {
        self.0.stop = Some(reason);
        self
    }

    /// Removes secrets from whatever the service said.
    pub(crate) fn scrubbed(mut self, scrubber: &crate::redact::Scrubber) -> Self {
        let clean = |text: &mut String| {
            if let std::borrow::Cow::Owned(text_without) = scrubber.scrub(text) {
                *text = text_without;
            }
        };
        if let Cow::Owned(message) = &mut self.0.message {
            clean(message);
        }
        // A cut may have gone through a secret.
        if let Some(snippet) = &mut self.0.snippet {
            *snippet = scrubber.scrub_piece(snippet);
        }
        if let Some(api) = &mut self.0.api {
            api.message.as_mut().map(clean);
            api.code.as_mut().map(clean);
            api.request_id.as_mut().map(clean);
        }
        self
    }

    /// Credentials that could not be renewed, for one of the calls that needed them.
    pub(crate) fn not_renewed(cause: &Arc<Self>) -> Self {
        Self::auth("the credentials could not be renewed").with_source(Arc::clone(cause))
    }

    /// Wraps the last failure of a call that was repeated in vain.
    pub(crate) fn exhausted(last: Self, reason: StopReason) -> Self {
        let mut error = Self::new(ErrorKind::Exhausted, "gave up");
        error.0.operation = last.0.operation;
        error.0.request.clone_from(&last.0.request);
        error.0.attempts = last.0.attempts;
        error.0.elapsed = last.0.elapsed;
        error.0.delivery = last.0.delivery;
        error.0.earlier = last.0.earlier;
        error.0.stop = Some(reason);
        error.with_source(last)
    }

    /// What went wrong, coarsely.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The last failure: the error itself, or the one inside
    /// [`ErrorKind::Exhausted`].
    pub fn last(&self) -> &Self {
        match (&self.0.kind, &self.0.source) {
            (ErrorKind::Exhausted, Some(source)) => source.downcast_ref().unwrap_or(self),
            _ => self,
        }
    }

    /// The time limit that passed, if that is what happened.
    ///
    /// Unless [`delivery`](Self::delivery) says [`Delivery::NotSent`], the
    /// service may have executed the request.
    ///
    /// # Troubleshooting
    ///
    /// [`Phase::Connect`]: wrong address, a firewall, or a dead host.
    /// [`Phase::FirstByte`]: the service is busy; calls that work long on the
    /// other side take a larger limit. [`Phase::Idle`]: the link stalled in
    /// mid-body. [`Phase::Total`]: the limit of the call includes all attempts.
    pub fn is_timeout(&self) -> Option<Phase> {
        match self.last().0.kind {
            ErrorKind::Transport(TransportErrorKind::Timeout(phase)) => Some(phase),
            _ => None,
        }
    }

    /// Whether the same call may well work a little later, without a change.
    ///
    /// This says nothing about whether repeating it is safe: for that see
    /// [`delivery`](Self::delivery) and the operation's idempotency.
    ///
    /// # Troubleshooting
    ///
    /// The call has been repeated already as far as its options allow. Raise
    /// the number of attempts or the deadline, or try again later.
    pub fn is_retryable(&self) -> bool {
        let last = self.last();
        match last.0.kind {
            ErrorKind::Transport(kind) => !matches!(
                kind,
                TransportErrorKind::Request
                    | TransportErrorKind::Tls
                    | TransportErrorKind::TooLarge
                    | TransportErrorKind::Canceled
            ),
            _ => match (&last.0.api, &last.0.source) {
                (Some(api), _) => api.is_passing(),
                (None, Some(source)) => source
                    .downcast_ref::<Arc<Self>>()
                    .is_some_and(|cause| cause.is_retryable()),
                (None, None) => false,
            },
        }
    }

    /// What the service may have done with the last attempt.
    ///
    /// [`Delivery::NotSent`]: nothing happened there. [`Delivery::MaybeSent`]:
    /// look before repeating a call that must not run twice.
    /// [`Delivery::Answered`]: it did what its answer says.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// What the service may have done with the attempts before the last, at
    /// the most; `None` when the call was not repeated.
    ///
    /// A deletion that is answered "not found" on its second attempt, and whose
    /// first may have arrived, has most likely done its work.
    pub fn repeated_after(&self) -> Option<Delivery> {
        self.0.earlier
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.api().map(|api| api.status)
    }

    /// What the service said.
    pub fn api(&self) -> Option<&ApiError> {
        self.last().0.api.as_ref()
    }

    /// The service's own typed detail.
    pub fn detail<T: 'static>(&self) -> Option<&T> {
        self.last().0.detail.as_ref()?.downcast_ref()
    }

    /// The operation that failed.
    pub fn operation(&self) -> Option<&'static Operation> {
        self.0.operation
    }

    /// The request that failed, without its secrets.
    pub fn request(&self) -> Option<&RequestLine> {
        self.0.request.as_ref()
    }

    /// How many times the request was sent or tried to be sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long it took, with all attempts and pauses.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Why a passing failure was not tried again.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.0.stop
    }

    /// A bounded piece of the answer, without known secrets.
    pub fn snippet(&self) -> Option<&str> {
        self.last().0.snippet.as_deref()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.last().kind() {
            ErrorKind::Config | ErrorKind::Encode => Io::InvalidInput,
            ErrorKind::Auth => Io::PermissionDenied,
            ErrorKind::Decode => Io::InvalidData,
            ErrorKind::Canceled => Io::Interrupted,
            ErrorKind::Transport(TransportErrorKind::Timeout(_)) => Io::TimedOut,
            ErrorKind::Transport(TransportErrorKind::Connect) => Io::NotConnected,
            ErrorKind::Transport(TransportErrorKind::Reset) => Io::ConnectionReset,
            _ if error.status() == Some(StatusCode::NOT_FOUND) => Io::NotFound,
            _ => Io::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests;
