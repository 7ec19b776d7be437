//! What came in and went out.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use sync_core::local::Recent;

/// A request over HTTP.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method.
    pub method: Method,
    /// The path with the query.
    pub target: String,
    /// The headers. They hold the token.
    pub headers: HeaderMap,
    /// The body. It may hold a password.
    pub body: Bytes,
    /// The status of the answer; `None` when the connection was closed instead.
    pub status: Option<StatusCode>,
    /// The name of the fault that struck.
    pub fault: Option<&'static str>,
}

/// Method, target and status: the rest may hold secrets.
impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> ", self.method, self.target)?;
        match self.status {
            Some(status) => write!(f, "{}", status.as_u16())?,
            None => f.write_str("closed")?,
        }
        match self.fault {
            Some(fault) => write!(f, " ({fault})"),
            None => Ok(()),
        }
    }
}

/// A frame of a socket.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedFrame {
    /// The number of the socket, from 1.
    pub socket: u64,
    /// Whether the client sent it, or else the service.
    pub from_client: bool,
    /// The text. That of `init` holds the token.
    pub text: String,
}

/// Without the payload of `init`.
impl fmt::Debug for LoggedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = if self.from_client { ">" } else { "<" };
        write!(f, "{}{arrow} ", self.socket)?;
        match self.text.split_once(":init:") {
            Some((channel, _)) => write!(f, "{channel}:init:[redacted]"),
            None => f.write_str(&self.text),
        }
    }
}

/// The last requests and frames.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) requests: Recent<LoggedRequest>,
    pub(super) frames: Recent<LoggedFrame>,
}

impl Log {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            requests: Recent::new(limit),
            frames: Recent::new(limit),
        }
    }

    pub(super) fn clear(&mut self) {
        self.requests.clear();
        self.frames.clear();
    }
}
