//! What a service says when it refuses.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::report::OneLine;

/// An answer that reports a failure, as the service's crate understood it.
#[non_exhaustive]
pub struct ApiError {
    /// The status of the answer.
    pub status: StatusCode,
    /// The service's own code, where it has one.
    pub code: Option<String>,
    /// What that means, in the words of the service's crate. It holds nothing
    /// that the service or the caller said, so that no secret is looked for in
    /// it: a password may be one of its words.
    pub meaning: Option<Cow<'static, str>>,
    /// The service's own words, bounded and without known secrets.
    pub message: Option<String>,
    /// The service's name for this request, for its support.
    pub request_id: Option<String>,
    /// How long the service asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// Whether the answer means that the credentials are not (or no longer) good.
    pub credentials_refused: bool,
    /// The service's protocol says that a request answered this way was never
    /// executed, so that it may be repeated whatever its method.
    pub not_executed: bool,
    /// The service's protocol says that trying again is of no use.
    pub permanent: bool,
    pub(crate) detail: Option<Box<dyn Any + Send + Sync>>,
}

impl ApiError {
    /// A failure with this status. `429` counts as not executed, `401` as
    /// refused credentials.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            code: None,
            meaning: None,
            message: None,
            request_id: None,
            retry_after: None,
            credentials_refused: status == StatusCode::UNAUTHORIZED,
            not_executed: status == StatusCode::TOO_MANY_REQUESTS,
            permanent: false,
            detail: None,
        }
    }

    /// Says what it means, in words that hold no secret.
    #[must_use]
    pub fn with_meaning(mut self, meaning: impl Into<Cow<'static, str>>) -> Self {
        self.meaning = Some(meaning.into());
        self
    }

    /// Adds the service's words.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Adds the service's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds a typed detail, to be had back by [`Error::detail`](crate::Error::detail).
    #[must_use]
    pub fn with_detail<T: Any + Send + Sync>(mut self, detail: T) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// What there is to read, if it is one thing only.
    pub(super) fn words(&self) -> Option<&str> {
        match (&self.meaning, &self.message) {
            (Some(words), None) => Some(words),
            (None, Some(words)) => Some(words),
            _ => None,
        }
    }

    /// Whether the same request may well succeed later.
    pub fn is_passing(&self) -> bool {
        !self.permanent
            && (self.not_executed
                || matches!(self.status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504))
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("meaning", &self.meaning)
            .field("message", &self.message)
            .field("request_id", &self.request_id)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " ({})", OneLine(code))?;
        }
        match (&self.meaning, &self.message) {
            (Some(meaning), Some(message)) => {
                write!(f, ": {} ({})", OneLine(meaning), OneLine(message))
            }
            (Some(words), None) => write!(f, ": {}", OneLine(words)),
            (None, Some(words)) => write!(f, ": {}", OneLine(words)),
            (None, None) => Ok(()),
        }
    }
}
