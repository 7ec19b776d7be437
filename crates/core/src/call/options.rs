//! The knobs of a call: limits of time, size and repetition.

use std::time::Duration;

use crate::policy::{Redirects, RetryPolicy};

/// How a call behaves. A client has defaults; a call may change its own copy.
///
/// | limit | default |
/// |---|---|
/// | head of the answer (each attempt, connecting included) | 30 s |
/// | silence within a body | 30 s |
/// | one attempt as a whole | none |
/// | the call as a whole (until the head, for streamed bodies) | 60 s |
/// | size of a buffered body | 64 MiB |
/// | growth by decompression | 1 MiB, then 200 times |
///
/// Opening a connection has a limit of its own in the transport (10 s in
/// [`HyperTransport`](crate::hyper::HyperTransport)).
#[derive(Clone, Debug)]
pub struct CallOptions {
    pub(crate) total: Option<Duration>,
    pub(crate) attempt: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    /// The server holds its answer back: silence is no failure.
    pub(crate) held_back: bool,
    pub(crate) max_body: u64,
    pub(crate) max_ratio: u32,
    pub(crate) retry: RetryPolicy,
    pub(crate) redirects: Redirects,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            total: Some(Duration::from_secs(60)),
            attempt: None,
            first_byte: Some(Duration::from_secs(30)),
            idle: Some(Duration::from_secs(30)),
            held_back: false,
            max_body: 64 << 20,
            max_ratio: 200,
            retry: RetryPolicy::default(),
            redirects: Redirects::default(),
        }
    }
}

impl CallOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the call as a whole: all attempts, pauses and the reading of a
    /// buffered body. `None` for no limit.
    #[must_use]
    pub fn total_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = limit.into();
        self
    }

    /// Limits each attempt, a buffered body included. `None` for no limit.
    #[must_use]
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt = limit.into();
        self
    }

    /// Limits the wait for the head of the answer. `None` for no limit.
    #[must_use]
    pub fn first_byte_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.first_byte = limit.into();
        self
    }

    /// Limits the silence of the peer within a body. A slow reader on this
    /// side does not count. `None` for no limit.
    #[must_use]
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// Limits a buffered body, counted after decompression, in bytes.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// The largest answer in bytes.
    pub const fn body_limit(&self) -> u64 {
        self.max_body
    }

    /// Limits how many times larger than its compressed form a body may become
    /// once it is over 1 MiB.
    #[must_use]
    pub fn max_ratio(mut self, ratio: u32) -> Self {
        self.max_ratio = ratio;
        self
    }

    /// When and how often to try again.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// When and how often it is tried again.
    pub const fn retry_policy(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Which redirects to follow.
    #[must_use]
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// Timing for an exchange in which the server holds its answer back for up
    /// to `expected`: the head or the body may take that long and `margin` more.
    /// Silence for all that time is not tried again.
    #[must_use]
    pub fn long_poll(mut self, expected: Duration, margin: Duration) -> Self {
        let limit = expected.saturating_add(margin);
        self.first_byte = Some(limit);
        self.idle = Some(limit);
        self.held_back = true;
        self.attempt = None;
        self.total = None;
        self
    }
}
