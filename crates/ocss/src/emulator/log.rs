//! What the server remembers of what was asked.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use sync_core::Secret;
use sync_core::local::Recent;

/// What a signature came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// There was none.
    Unsigned,
    /// It fits.
    #[non_exhaustive]
    Verified {
        /// The account it is of.
        account: String,
        /// The value of `oauth_signature_method`.
        method: &'static str,
        /// Whether it was in the `Authorization` header, not in the query.
        in_header: bool,
        /// `oauth_nonce`.
        nonce: Option<String>,
        /// `oauth_timestamp`, in seconds since 1970.
        timestamp: Option<u64>,
    },
    /// It was refused, for this reason (a word of the Problem Reporting
    /// extension).
    Refused(&'static str),
}

/// A request, as the server saw it.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method.
    pub method: Method,
    /// Path and query, as they came.
    pub target: String,
    /// The headers, with whatever is secret in them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The signature.
    pub oauth: Verdict,
    /// The status of the answer. A later fault may have kept it from the client.
    pub status: StatusCode,
    /// Whether something was changed, sent or begun.
    pub executed: bool,
    /// The fault that struck, by its name in the control interface.
    pub fault: Option<&'static str>,
}

impl LoggedRequest {
    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }
}

/// Without headers, query and body, which hold secrets.
impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} → {}",
            self.method,
            self.path(),
            self.status.as_u16()
        )?;
        if self.executed {
            f.write_str(" executed")?;
        }
        match self.fault {
            Some(fault) => write!(f, " ({fault})"),
            None => Ok(()),
        }
    }
}

/// A message to a phone that a real service would have sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Message {
    /// An invitation to the detection page.
    Invitation {
        /// The number.
        number: String,
        /// The code of the detection.
        code: String,
    },
    /// The settings of a SyncML client.
    Setup {
        /// The number.
        number: String,
        /// What the phone asks for before it takes the settings.
        pincode: Secret<String>,
    },
}

/// The last requests.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) entries: Recent<LoggedRequest>,
    /// How many of all requests changed, sent or began something.
    pub(super) executions: u64,
}

impl Log {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            entries: Recent::new(limit),
            executions: 0,
        }
    }

    pub(super) fn add(&mut self, request: impl FnOnce() -> LoggedRequest, executed: bool) {
        self.executions += u64::from(executed);
        self.entries.push(request);
    }

    /// The last `count` requests, oldest first.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &LoggedRequest> {
        let all = self.entries.iter();
        let passed_over = all.len().saturating_sub(count);
        all.skip(passed_over)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.executions = 0;
    }
}
