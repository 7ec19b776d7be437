//! Making connections.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::io::{Io, Raw, Stream};
use super::pool::Place;
#[cfg(feature = "proxy")]
use super::proxy::Proxy;
#[cfg(feature = "rustls-no-provider")]
use super::tls::TlsConfig;
use crate::transport::{BoxError, TransportErrorKind};

/// Opens the byte streams that HTTP, and TLS for `https`, travel on.
///
/// ```
/// use std::io;
/// use sync_core::hyper::{Connector, ConnectorIo};
///
/// /// Every request meets a server at the other end of a pipe.
/// #[derive(Debug)]
/// struct Pipe(tokio::sync::mpsc::UnboundedSender<tokio::io::DuplexStream>);
///
/// #[async_trait::async_trait]
/// impl Connector for Pipe {
///     async fn connect(&self, _uri: &http::Uri) -> io::Result<Box<dyn ConnectorIo>> {
///         let (here, there) = tokio::io::duplex(64 << 10);
///         self.0.send(there).map_err(io::Error::other)?;
///         Ok(Box::new(here))
///     }
/// }
/// ```
#[async_trait]
pub trait Connector: Send + Sync + fmt::Debug + 'static {
    /// Opens a stream to the scheme, host and port of `uri` (of the proxy's
    /// URI where one is used). The time limit for connecting is applied outside.
    ///
    /// # Errors
    ///
    /// Whatever kept the connection from being made. The request counts as not sent.
    async fn connect(&self, uri: &Uri) -> std::io::Result<Box<dyn ConnectorIo>>;
}

/// What a [`Connector`] opens.
pub trait ConnectorIo: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> ConnectorIo for T {}

/// Which versions of HTTP may be spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    #[cfg_attr(not(feature = "http2"), default)]
    Http1,
    /// HTTP/2 if the server chooses it in the TLS handshake.
    #[cfg(feature = "http2")]
    #[default]
    Negotiated,
    /// HTTP/2 always.
    #[cfg(feature = "http2")]
    Http2,
}

impl Protocol {
    #[cfg_attr(not(feature = "http2"), allow(unused_variables))]
    pub(crate) fn may_be_h2(self, tls: bool) -> bool {
        match self {
            Self::Http1 => false,
            #[cfg(feature = "http2")]
            Self::Negotiated => tls,
            #[cfg(feature = "http2")]
            Self::Http2 => true,
        }
    }
}

/// Where byte streams come from.
#[derive(Debug)]
pub(crate) enum Route {
    Tcp(HttpConnector),
    #[cfg(unix)]
    Unix(std::path::PathBuf),
    Custom(Arc<dyn Connector>),
}

impl Route {
    pub(crate) fn tcp(keep_alive: Option<Duration>) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_keepalive(keep_alive);
        Self::Tcp(connector)
    }

    pub(crate) async fn open(&self, uri: &Uri) -> Result<Raw, ConnectError> {
        match self {
            Self::Tcp(connector) => match connector.clone().call(uri.clone()).await {
                Ok(io) => Ok(Raw::Tcp(io.into_inner())),
                Err(error) => Err(ConnectError::failed(peer(uri), error)),
            },
            #[cfg(unix)]
            Self::Unix(path) => match tokio::net::UnixStream::connect(path).await {
                Ok(io) => Ok(Raw::Unix(io)),
                Err(error) => Err(ConnectError::failed(path.display(), error)),
            },
            Self::Custom(connector) => match connector.connect(uri).await {
                Ok(io) => Ok(Raw::Other(io)),
                Err(error) => Err(ConnectError::failed(peer(uri), error)),
            },
        }
    }
}

/// Everything that is needed to make a connection.
#[derive(Debug)]
pub(crate) struct Connect {
    pub(crate) route: Route,
    pub(crate) timeout: Duration,
    pub(crate) protocol: Protocol,
    #[cfg(feature = "proxy")]
    pub(crate) proxy: Option<Proxy>,
    #[cfg(feature = "rustls-no-provider")]
    pub(crate) tls: TlsConfig,
}

impl Connect {
    /// Opens a stream to the host of `uri`, on a `place` among the open connections.
    pub(crate) async fn open(
        &self,
        uri: &Uri,
        protocol: Protocol,
        place: Place,
    ) -> Result<Io, ConnectError> {
        let (raw, is_proxied) = self.reach(uri).await?;
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Io {
                stream: Stream::Plain(TokioIo::new(raw)),
                is_proxied,
                _place: place,
            });
        }
        #[cfg(feature = "rustls-no-provider")]
        {
            let tls = self.tls.handshake(raw, uri, protocol).await?;
            Ok(Io {
                stream: Stream::Tls(Box::new(TokioIo::new(tls))),
                is_proxied,
                _place: place,
            })
        }
        #[cfg(not(feature = "rustls-no-provider"))]
        {
            // `send` refuses such requests before they come here.
            let _ = protocol;
            Err(ConnectError::new(
                TransportErrorKind::Request,
                "https needs TLS",
            ))
        }
    }

    /// A stream to the host of `uri`, and whether a proxy will read the requests.
    async fn reach(&self, uri: &Uri) -> Result<(Raw, bool), ConnectError> {
        #[cfg(feature = "proxy")]
        if let Some(hop) = self.proxy.as_ref().and_then(|proxy| proxy.for_uri(uri)) {
            return hop.reach(&self.route, uri).await;
        }
        Ok((self.route.open(uri).await?, false))
    }
}

/// Why there is no connection. The request was not sent.
#[derive(Debug)]
pub(crate) struct ConnectError {
    kind: TransportErrorKind,
    message: Cow<'static, str>,
    source: Option<BoxError>,
}

impl ConnectError {
    pub(crate) fn new(kind: TransportErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// No byte stream to `peer`.
    #[cold]
    pub(crate) fn failed(peer: impl fmt::Display, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        let mut root: &(dyn std::error::Error + 'static) = &*source;
        while let Some(deeper) = root.source() {
            root = deeper;
        }
        Self::new(TransportErrorKind::Connect, format!("{peer}: {root}")).with_source(source)
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    pub(crate) fn message(&self) -> &Cow<'static, str> {
        &self.message
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Host and port for a message, without anything else that a URI may hold.
pub(crate) fn peer(uri: &Uri) -> String {
    format!("{}:{}", uri.host().unwrap_or_default(), port(uri))
}

pub(crate) fn port(uri: &Uri) -> u16 {
    uri.port_u16()
        .unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) {
            443
        } else {
            80
        })
}
