//! How a [`HyperTransport`] is configured.

use std::sync::Arc;
use std::time::Duration;

use super::HyperTransport;
use super::connect::{Connect, Connector, Protocol, Route};
use super::pool::{Pool, PoolSettings};
#[cfg(feature = "proxy")]
use super::proxy::Proxy;
#[cfg(feature = "rustls-no-provider")]
use super::tls::TlsConfig;
use crate::transport::TransportError;

/// The settings of a [`HyperTransport`].
#[derive(Debug)]
#[must_use = "call `build` to get a transport"]
pub struct HyperTransportBuilder {
    pool: PoolSettings,
    connect_timeout: Duration,
    max_connections: usize,
    protocol: Protocol,
    keep_alive: Option<Duration>,
    route: Option<Route>,
    #[cfg(feature = "proxy")]
    proxy: Option<Proxy>,
    #[cfg(feature = "rustls-no-provider")]
    tls: TlsConfig,
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            pool: PoolSettings::default(),
            connect_timeout: Duration::from_secs(10),
            max_connections: 256,
            protocol: Protocol::default(),
            keep_alive: Some(Duration::from_secs(60)),
            route: None,
            #[cfg(feature = "proxy")]
            proxy: None,
            #[cfg(feature = "rustls-no-provider")]
            tls: TlsConfig::default(),
        }
    }
}

impl HyperTransportBuilder {
    /// How long making a connection may take, from waiting for a free place
    /// (see [`max_connections`](Self::max_connections)) over name lookup, TCP
    /// and proxy to the end of the TLS handshake. 10 s by default. What takes
    /// longer is [`Phase::Connect`](crate::transport::Phase::Connect) timed
    /// out, and [not sent](crate::transport::Delivery::NotSent).
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long an unused connection is kept. 55 s by default.
    ///
    /// Choose less than the server does: a request that meets a connection
    /// just being closed fails, and nobody can say whether it was executed.
    /// Node.js closes after 5 s by default.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.pool.idle_timeout = limit;
        self
    }

    /// How many unused connections to one host are kept. 32 by default; 0 keeps none.
    pub fn max_idle_per_host(mut self, count: usize) -> Self {
        self.pool.max_idle_per_host = count;
        self
    }

    /// How many connections may be open at a time, used and unused ones
    /// together. 256 by default, 1 at least. A request that needs one more takes
    /// the place of the connection that has been unused for longest, or waits
    /// for its place within the [`connect_timeout`](Self::connect_timeout). Who
    /// came first is served first, whatever the host: a connection that gets free
    /// is closed for a request to another host that has waited for longer than
    /// those to its own. One over HTTP/2 gets free when no exchange goes on over it.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count;
        self
    }

    /// After how much silence TCP probes whether the peer is still there, or
    /// `None` to leave it to the operating system. 60 s by default.
    pub fn tcp_keep_alive(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.keep_alive = silence.into();
        self
    }

    /// Uses HTTP/1.1 only, even where the server offers HTTP/2.
    pub fn http1_only(mut self) -> Self {
        self.protocol = Protocol::Http1;
        self
    }

    /// Speaks HTTP/2 from the first byte, also without TLS. Only requests for
    /// an upgrade still go over HTTP/1.1. Proxies that are handed `http`
    /// requests do not understand it; tunnels carry it.
    #[cfg(feature = "http2")]
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.protocol = Protocol::Http2;
        self
    }

    /// Sends every request to this unix socket, whatever host its URI names.
    /// `Host` is taken from the URI, as in `http://localhost/path`.
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.route = Some(Route::Unix(path.into()));
        self
    }

    /// Opens connections in another way than over TCP, for example within a
    /// simulated network. TLS is put on top for `https`.
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.route = Some(Route::Custom(Arc::new(connector)));
        self
    }

    /// Goes through a proxy. Without this call no proxy is used, whatever the
    /// environment says. Together with [`unix_socket`](Self::unix_socket) it
    /// makes [`build`](Self::build) fail.
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Whom to trust, and who we are, where URIs say `https`.
    #[cfg(feature = "rustls-no-provider")]
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.tls = config;
        self
    }

    /// Makes the transport. Nothing is connected or loaded yet.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Request`](crate::transport::TransportErrorKind::Request)
    /// when settings exclude each other.
    pub fn build(self) -> Result<HyperTransport, TransportError> {
        #[cfg(all(unix, feature = "proxy"))]
        if self.proxy.is_some() && matches!(self.route, Some(Route::Unix(_))) {
            return Err(super::classify::settings(
                "a unix socket cannot be reached through a proxy: set one of the two",
            ));
        }
        let connect = Connect {
            route: self.route.unwrap_or_else(|| Route::tcp(self.keep_alive)),
            timeout: self.connect_timeout,
            protocol: self.protocol,
            #[cfg(feature = "proxy")]
            proxy: self.proxy,
            #[cfg(feature = "rustls-no-provider")]
            tls: self.tls,
        };
        let pool = Pool::new(connect, self.pool, self.max_connections);
        Ok(HyperTransport(Arc::new(pool)))
    }
}
