//! What has to happen when an exchange is dropped before its end.

use std::sync::Arc;

use http::{Request, Response};
#[cfg(feature = "http2")]
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};

use super::body::Received;
use super::upgrade;
use crate::transport::{Attempt, Body};

/// One exchange, from its start to the end of the answer's body.
///
/// Dropped before that, after its attempt was marked as timed out, it takes
/// the connection out of the pool. An HTTP/1.1 connection closes with a
/// dropped exchange anyway; an HTTP/2 connection would serve on, and swallow
/// every later call when its path is dead.
pub(crate) struct Exchange {
    attempt: Option<Arc<Attempt>>,
    #[cfg(feature = "http2")]
    connection: Option<CaptureConnection>,
}

impl Exchange {
    /// `shared` says whether the connection may turn out to be HTTP/2; watching
    /// it costs allocations that plain HTTP/1.1 need not pay.
    #[cfg_attr(not(feature = "http2"), allow(unused_variables))]
    pub(crate) fn start(
        request: &mut Request<Body>,
        attempt: Option<Arc<Attempt>>,
        shared: bool,
    ) -> Self {
        Self {
            #[cfg(feature = "http2")]
            connection: (shared && attempt.is_some()).then(|| capture_connection(request)),
            attempt,
        }
    }

    pub(crate) fn answered(
        #[cfg_attr(not(feature = "http2"), allow(unused_mut))] mut self,
        mut response: Response<hyper::body::Incoming>,
    ) -> Response<Body> {
        upgrade::attach(&mut response);
        let (parts, incoming) = response.into_parts();
        #[cfg(feature = "http2")]
        if parts.version != http::Version::HTTP_2 {
            self.connection = None;
        }
        let body = Received::body(incoming, self, parts.version);
        Response::from_parts(parts, body)
    }

    pub(crate) fn has_timed_out(&self) -> bool {
        self.attempt
            .as_ref()
            .is_some_and(|attempt| attempt.has_timed_out())
    }

    /// The exchange came to its end: nothing is left to be done.
    pub(crate) fn finish(&mut self) {
        self.attempt = None;
    }
}

#[cfg(feature = "http2")]
impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.as_ref().filter(|_| self.has_timed_out()) {
            if let Some(connected) = connection.connection_metadata().as_ref() {
                connected.poison();
            }
        }
    }
}
