//! The pool's settings and the clients made from them.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{Connect, PoolConnector, Protocol};
use crate::transport::Body;

pub(crate) type Client = legacy::Client<PoolConnector, Body>;

/// How long an HTTP/2 connection with open streams may be silent before it is
/// asked for a sign of life, and how long it has to answer.
#[cfg(feature = "http2")]
const PING_INTERVAL: Duration = Duration::from_secs(20);
#[cfg(feature = "http2")]
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// What the peer may send ahead of the reader. The protocol's own default of
/// 64 KiB makes a download wait for a round trip every 64 KiB.
#[cfg(feature = "http2")]
const STREAM_WINDOW: u32 = 1 << 20;
#[cfg(feature = "http2")]
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Limit of an answer's headers; HTTP/1.1 has hyper's limit of about 400 KiB.
#[cfg(feature = "http2")]
const MAX_HEADERS: u32 = 256 << 10;

#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(55),
            max_idle_per_host: 32,
        }
    }
}

impl PoolSettings {
    pub(crate) fn client(&self, connect: Arc<Connect>, protocol: Protocol) -> Client {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            // Without a timer hyper-util never closes an idle connection.
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host);
        #[cfg(feature = "http2")]
        builder
            .http2_only(protocol == Protocol::Http2)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(false)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_header_list_size(MAX_HEADERS);
        builder.build(PoolConnector::new(connect, protocol))
    }
}
