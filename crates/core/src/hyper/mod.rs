//! The transport over [hyper](https://hyper.rs): sockets, pool, TLS, proxies.
//!
//! This is the only place that knows sockets. hyper, hyper-util and rustls do
//! the work and stay hidden behind [`Transport`].
//!
//! * **Pool**: connections are kept for 55 s without use (a server that closes
//!   earlier would race with the next request, see
//!   [`idle_timeout`](HyperTransportBuilder::idle_timeout)), 32 per host, and at
//!   most 256 are open at a time.
//! * **HTTP/2** is used where the server offers it in the TLS handshake.
//!   Requests that ask for an upgrade always go over HTTP/1.1.
//! * **After a timeout** the connection is not used again.
//! * **Unread answers**: when a body is dropped with at most 64 KiB to go, the
//!   rest is read in the background (for at most a second) so that the
//!   HTTP/1.1 connection can be kept; otherwise the connection is closed.
//! * **Sent twice**: a request is sent again only when not one byte of it left
//!   this side, which happens when a kept connection turns out to be closed.

mod body;
mod builder;
mod classify;
mod connect;
mod exchange;
mod io;
mod pool;
#[cfg(feature = "proxy")]
mod proxy;
#[cfg(feature = "http2")]
mod sending;
#[cfg(feature = "rustls-no-provider")]
pub mod tls;
mod upgrade;

use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use http::uri::Scheme;

pub use self::builder::HyperTransportBuilder;
pub use self::connect::{Connector, ConnectorIo};
#[cfg(feature = "proxy")]
pub use self::proxy::Proxy;
#[cfg(feature = "rustls-no-provider")]
pub use self::tls::{ExactCertificate, TlsConfig, TlsConfigBuilder};

use self::exchange::Exchange;
use self::pool::{Client, PoolSettings};
use crate::transport::{Attempt, Body, Delivery, Transport, TransportError, TransportErrorKind};

/// A [`Transport`] over real connections. Cloning it is cheap and shares the pool.
///
/// It has to be used within a tokio runtime with I/O and time enabled.
///
/// ```no_run
/// use sync_core::hyper::HyperTransport;
///
/// # fn main() -> Result<(), sync_core::TransportError> {
/// let transport = HyperTransport::builder().max_connections(16).build()?;
/// # drop(transport);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    client: Client,
    /// Offers only HTTP/1.1, made when the first upgrade needs it.
    upgrades: OnceLock<Client>,
    connect: Arc<connect::Connect>,
    pool: PoolSettings,
}

impl HyperTransport {
    /// A transport to be configured.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    pub(crate) fn new(connect: connect::Connect, pool: PoolSettings) -> Self {
        let connect = Arc::new(connect);
        let client = pool.client(Arc::clone(&connect), connect.protocol);
        Self(Arc::new(Inner {
            client,
            upgrades: OnceLock::new(),
            connect,
            pool,
        }))
    }
}

impl Inner {
    /// The client for a request, and whether its connection may be shared.
    fn client_for(&self, request: &http::Request<Body>) -> Result<(&Client, bool), TransportError> {
        let tls = match request.uri().scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(not_http()),
        };
        if tls && cfg!(not(feature = "rustls-no-provider")) {
            return Err(no_tls());
        }
        let shared = self.connect.protocol.may_be_h2(tls);
        if shared && upgrade::is_requested(request.headers()) {
            let client = self.upgrades.get_or_init(|| {
                self.pool
                    .client(Arc::clone(&self.connect), connect::Protocol::Http1)
            });
            return Ok((client, false));
        }
        Ok((&self.client, shared))
    }
}

#[async_trait]
impl Transport for HyperTransport {
    async fn send(
        &self,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError> {
        let (client, shared) = self.0.client_for(&request)?;
        without_user_info(request.uri_mut())?;
        #[cfg(feature = "proxy")]
        if let Some(proxy) = &self.0.connect.proxy {
            proxy.authorize(&mut request);
        }
        let attempt = Attempt::of(request.extensions()).map(Arc::clone);
        // Dropping the exchange is what tells a timeout from a plain cancel.
        let exchange = Exchange::start(&mut request, attempt, shared);
        #[cfg(feature = "http2")]
        let failure = shared.then(|| sending::Failure::of(&mut request)).flatten();
        let response = client.request(request).await.map_err(|error| {
            let error = classify::request_error(error);
            #[cfg(feature = "http2")]
            if let Some(failure) = &failure {
                return failure.explain(error);
            }
            error
        })?;
        if is_coded_in_transfer(response.headers()) {
            return Err(coded_in_transfer());
        }
        Ok(exchange.answered(response))
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("connect", &self.0.connect)
            .field("pool", &self.0.pool)
            .finish()
    }
}

/// User info is none of the server's business: over HTTP/2 it would go out in
/// `:authority`.
fn without_user_info(uri: &mut http::Uri) -> Result<(), TransportError> {
    let Some((_, host)) = uri
        .authority()
        .and_then(|authority| authority.as_str().rsplit_once('@'))
    else {
        return Ok(());
    };
    let host = host.parse().map_err(|_| not_http())?;
    let mut parts = std::mem::take(uri).into_parts();
    parts.authority = Some(host);
    *uri = http::Uri::from_parts(parts).map_err(|_| not_http())?;
    Ok(())
}

/// Whether a body has a transfer coding beside chunks. hyper would hand it out
/// as it is, and it would be taken for the content.
fn is_coded_in_transfer(headers: &http::HeaderMap) -> bool {
    let values = headers.get_all(http::header::TRANSFER_ENCODING);
    values.iter().any(|value| {
        !value.as_bytes().split(|byte| *byte == b',').all(|coding| {
            let coding = coding.trim_ascii();
            coding.eq_ignore_ascii_case(b"chunked") || coding.eq_ignore_ascii_case(b"identity")
        })
    })
}

#[cold]
fn coded_in_transfer() -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, Delivery::Answered)
        .with_message("the answer has a transfer coding that was not asked for")
}

#[cold]
fn not_http() -> TransportError {
    TransportError::new(TransportErrorKind::Request, Delivery::NotSent)
        .with_message("the URI must be absolute, with the scheme http or https")
}

#[cold]
fn no_tls() -> TransportError {
    TransportError::new(TransportErrorKind::Request, Delivery::NotSent).with_message(
        "https needs TLS: turn on the feature `rustls-ring`, `rustls-aws-lc-rs` or \
         `rustls-no-provider` of sync-core",
    )
}
