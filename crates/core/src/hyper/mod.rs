//! The transport over [hyper](https://hyper.rs): sockets, pool, TLS, proxies.
//!
//! This is the only place that knows sockets. hyper speaks HTTP on them, hyper-util
//! opens them and rustls protects them; all stay hidden behind [`Transport`]. What
//! a connection is used for, and for how long, is decided here.
//!
//! * **Pool**: connections are kept for 55 s without use (a server that closes
//!   earlier would race with the next request, see
//!   [`idle_timeout`](HyperTransportBuilder::idle_timeout)), 32 per host, and at
//!   most 256 are open at a time. Where one more is needed, the one that has been
//!   unused for longest is closed, or the next that gets free, so that a busy host
//!   does not keep others waiting. Those that the server closes are given up
//!   within a second.
//! * **Tasks**: an HTTP/1.1 connection is moved on by whoever waits for its answer
//!   or reads its body; an answer whose body nobody reads comes no further. Only
//!   large bodies over TLS have a task of their own to decrypt them, and so has
//!   the rest of a streamed request once the answer has begun. Such a task ends
//!   within a second of the exchange being given up.
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
mod http1;
#[cfg(feature = "http2")]
mod http2;
mod io;
mod origin;
mod pool;
#[cfg(feature = "proxy")]
mod proxy;
mod relay;
#[cfg(feature = "http2")]
mod sending;
#[cfg(feature = "rustls-no-provider")]
pub mod tls;
mod upgrade;

use std::fmt;
use std::sync::Arc;

pub use self::builder::HyperTransportBuilder;
pub use self::connect::{Connector, ConnectorIo};
#[cfg(feature = "proxy")]
pub use self::proxy::Proxy;
#[cfg(feature = "rustls-no-provider")]
pub use self::tls::{ExactCertificate, TlsConfig, TlsConfigBuilder};

use self::connect::Protocol;
use self::origin::Origin;
use self::pool::{Host, Pool};
use crate::transport::{
    Attempt, Body, Delivery, Exchange, Transport, TransportError, TransportErrorKind,
};

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
pub struct HyperTransport(Arc<Pool>);

impl HyperTransport {
    /// A transport to be configured.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }

    /// The connections that may serve a request.
    fn host(
        &self,
        origin: &Origin,
        request: &http::Request<Body>,
    ) -> Result<Arc<Host>, TransportError> {
        let is_tls = origin.is_tls();
        if is_tls && cfg!(not(feature = "rustls-no-provider")) {
            return Err(no_tls());
        }
        let protocol = self.0.connect.protocol;
        let needs_http1 = !protocol.may_be_h2(is_tls) || upgrade::is_requested(request.headers());
        let protocol = if needs_http1 {
            Protocol::Http1
        } else {
            protocol
        };
        self.0.host(origin, protocol)
    }
}

// The request is in a box of its own: it is handed on several times, and each time
// would make the future larger, until it is one that is slow to allocate.
impl Transport for HyperTransport {
    /// Written out, as `async_trait` would put the request into the future first.
    fn send<'a, 'f>(&'a self, request: http::Request<Body>) -> Exchange<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        let attempt = Attempt::of(request.extensions()).map(Arc::clone);
        Box::pin(self.exchange(Box::new(request), attempt))
    }

    fn send_attempt<'a>(
        &'a self,
        request: http::Request<Body>,
        attempt: Arc<Attempt>,
    ) -> Exchange<'a> {
        Box::pin(self.exchange(Box::new(request), Some(attempt)))
    }
}

impl HyperTransport {
    async fn exchange(
        &self,
        mut request: Box<http::Request<Body>>,
        attempt: Option<Arc<Attempt>>,
    ) -> Result<http::Response<Body>, TransportError> {
        #[cfg(feature = "proxy")]
        if let Some(proxy) = &self.0.connect.proxy {
            proxy.authorize(&mut request);
        }
        let origin = Origin::take(request.uri_mut())?;
        let host = self.host(&origin, &request)?;
        let response = exchange::send(&self.0, &host, &origin, request, attempt).await?;
        if is_coded_in_transfer(response.headers()) {
            return Err(coded_in_transfer());
        }
        Ok(response)
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("connect", &self.0.connect)
            .field("pool", &self.0.settings)
            .finish()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_exchange_is_small_enough_to_be_allocated_quickly() {
        let transport = HyperTransport::builder().build().unwrap();
        let exchange = transport.send(http::Request::new(Body::empty()));
        // What glibc keeps at hand for the next allocation of the same size.
        assert!(std::mem::size_of_val(&*exchange) <= 1032);
    }
}
