//! HTTP and SOCKS proxies.

use std::fmt;
use std::io;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::PROXY_AUTHORIZATION;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Uri};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tower_service::Service;
use zeroize::Zeroizing;

use super::classify::settings;
use super::connect::{ConnectError, Route, peer, port};
use super::io::Raw;
#[cfg(feature = "rustls-no-provider")]
use super::tls::TlsConfig;
use crate::secret::Secret;
use crate::transport::{Body, TransportError, TransportErrorKind};

/// Which requests go through which proxy.
///
/// `http` requests are handed to an HTTP proxy as they are; for `https` it
/// opens a tunnel (`CONNECT`), as a SOCKS5 proxy does for everything. Host
/// names are looked up by the proxy. Credentials go to the proxy and nowhere else.
///
/// ```
/// use sync_core::hyper::Proxy;
/// # use sync_core::Secret;
///
/// # fn main() -> Result<(), sync_core::TransportError> {
/// let proxy = Proxy::new("http://proxy.example:3128")?
///     .credentials("reader", Secret::from("s3cret"))
///     .no_proxy("localhost,10.0.0.0/8");
/// assert!(!format!("{proxy:?}").contains("s3cret"));
/// # Ok(())
/// # }
/// ```
pub struct Proxy {
    matcher: Matcher,
    /// What the matcher is made of; `None` when it came from the environment.
    url: Option<String>,
    credentials: Option<Credentials>,
    #[cfg(feature = "rustls-no-provider")]
    tls: TlsConfig,
}

struct Credentials {
    user: String,
    password: Secret<String>,
}

impl Proxy {
    /// The proxies that the environment names: `HTTP_PROXY`, `HTTPS_PROXY`,
    /// `ALL_PROXY` and `NO_PROXY`, also in lower case, with curl's meaning.
    /// They are read once, here.
    pub fn from_env() -> Self {
        Self::with_matcher(Matcher::from_env(), None)
    }

    /// One proxy for all requests: `http://`, `https://` or `socks5://` with
    /// host and port (without one 80, 443 or 1080).
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Request`] when `url` is something else, or holds
    /// credentials, which belong into [`credentials`](Self::credentials).
    pub fn new(url: &str) -> Result<Self, TransportError> {
        // The message must not repeat the URL: it may hold a password.
        let uri: Uri = url
            .parse()
            .map_err(|_| settings("the proxy's address is not a URI"))?;
        if !matches!(
            uri.scheme_str(),
            Some("http" | "https" | "socks5" | "socks5h")
        ) {
            return Err(settings(
                "the proxy's address must begin with http://, https:// or socks5://",
            ));
        }
        if uri
            .authority()
            .is_some_and(|text| text.as_str().contains('@'))
        {
            return Err(settings(
                "the proxy's address must not hold credentials; use `Proxy::credentials`",
            ));
        }
        let matcher = Matcher::builder().all(url).build();
        Ok(Self::with_matcher(matcher, Some(url.to_owned())))
    }

    fn with_matcher(matcher: Matcher, url: Option<String>) -> Self {
        Self {
            matcher,
            url,
            credentials: None,
            #[cfg(feature = "rustls-no-provider")]
            tls: TlsConfig::default(),
        }
    }

    /// Name and password for the proxy.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: Secret<String>) -> Self {
        self.credentials = Some(Credentials {
            user: user.into(),
            password,
        });
        self
    }

    /// Hosts to be reached without the proxy, separated by commas: names
    /// (with their subdomains), addresses, networks (`10.0.0.0/8`), or `*`.
    /// Has no effect on proxies from the environment, which has `NO_PROXY`.
    #[must_use]
    pub fn no_proxy(mut self, hosts: &str) -> Self {
        if let Some(url) = &self.url {
            self.matcher = Matcher::builder().all(url.as_str()).no(hosts).build();
        }
        self
    }

    /// Whom to trust as the proxy, where its address says `https`. The
    /// settings for the servers behind it are not used for the proxy itself.
    #[cfg(feature = "rustls-no-provider")]
    #[must_use]
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.tls = config;
        self
    }

    /// The proxy for a URI, if one is to be used.
    pub(crate) fn for_uri(&self, uri: &Uri) -> Option<Hop<'_>> {
        let intercept = self.matcher.intercept(uri)?;
        Some(Hop {
            proxy: self,
            intercept,
        })
    }

    /// Adds the credentials to a request that the proxy itself will read.
    pub(crate) fn authorize(&self, request: &mut Request<Body>) {
        if request.uri().scheme() != Some(&Scheme::HTTP) {
            return;
        }
        let Some(hop) = self.for_uri(request.uri()) else {
            return;
        };
        if !hop.is_socks() {
            if let Some(value) = hop.basic_auth() {
                request.headers_mut().insert(PROXY_AUTHORIZATION, value);
            }
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("rules", &self.matcher)
            .field(
                "credentials",
                &self.credentials.as_ref().map(|_| "[redacted]"),
            )
            .finish()
    }
}

/// The way through one proxy.
pub(crate) struct Hop<'a> {
    proxy: &'a Proxy,
    intercept: Intercept,
}

impl Hop<'_> {
    fn is_socks(&self) -> bool {
        let scheme = self.intercept.uri().scheme_str().unwrap_or_default();
        scheme.starts_with("socks")
    }

    fn basic_auth(&self) -> Option<HeaderValue> {
        let Some(Credentials { user, password }) = &self.proxy.credentials else {
            return self.intercept.basic_auth().cloned();
        };
        let plain = Zeroizing::new(format!("{user}:{}", password.expose()));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(plain.as_bytes())));
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn socks_auth(&self) -> Option<(String, String)> {
        match &self.proxy.credentials {
            Some(Credentials { user, password }) => Some((user.clone(), password.expose().clone())),
            None => self
                .intercept
                .raw_auth()
                .map(|(user, password)| (user.to_owned(), password.to_owned())),
        }
    }

    /// A stream to the host of `uri`, and whether the proxy will read the requests.
    pub(crate) async fn reach(self, route: &Route, uri: &Uri) -> Result<(Raw, bool), ConnectError> {
        let default = match self.intercept.uri().scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            Some("socks5" | "socks5h") => 1080,
            _ => {
                return Err(ConnectError::new(
                    TransportErrorKind::Request,
                    "only HTTP and SOCKS5 proxies are supported",
                ));
            }
        };
        let address = with_port(self.intercept.uri(), default)?;
        let raw = route.open(&address).await?;
        if self.is_socks() {
            let target = with_port(uri, port(uri))?;
            let mut socks = SocksV5::new(address.clone(), Given(Some(raw)));
            if let Some((user, password)) = self.socks_auth() {
                socks = socks.with_auth(user, password);
            }
            let io = socks
                .call(target)
                .await
                .map_err(|error| refused(&address, uri, error))?;
            return Ok((io.into_inner(), false));
        }
        let raw = self.secure(raw, &address).await?;
        if uri.scheme() == Some(&Scheme::HTTP) {
            return Ok((raw, true));
        }
        let mut tunnel = Tunnel::new(address.clone(), Given(Some(raw)));
        if let Some(value) = self.basic_auth() {
            tunnel = tunnel.with_auth(value);
        }
        let io = tunnel
            .call(uri.clone())
            .await
            .map_err(|error| refused(&address, uri, error))?;
        Ok((io.into_inner(), false))
    }

    /// TLS to the proxy itself, where its address asks for it.
    async fn secure(&self, raw: Raw, address: &Uri) -> Result<Raw, ConnectError> {
        if address.scheme() != Some(&Scheme::HTTPS) {
            return Ok(raw);
        }
        #[cfg(feature = "rustls-no-provider")]
        {
            let protocol = super::connect::Protocol::Http1;
            let tls = self.proxy.tls.handshake(raw, address, protocol).await?;
            Ok(Raw::Other(Box::new(tls)))
        }
        #[cfg(not(feature = "rustls-no-provider"))]
        Err(ConnectError::new(
            TransportErrorKind::Request,
            "an https proxy needs TLS: turn on the feature `rustls-ring` of sync-core",
        ))
    }
}

fn refused(
    proxy: &Uri,
    target: &Uri,
    error: impl std::error::Error + Send + Sync + 'static,
) -> ConnectError {
    let message = format!(
        "the proxy {} made no connection to {}: {error}",
        peer(proxy),
        peer(target)
    );
    ConnectError::new(TransportErrorKind::Connect, message).with_source(error)
}

/// The same URI with its port written out.
fn with_port(uri: &Uri, default: u16) -> Result<Uri, ConnectError> {
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(default);
    let mut parts = http::uri::Parts::default();
    parts.scheme = uri.scheme().cloned();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    parts.authority = format!("{host}:{port}").parse().ok();
    Uri::from_parts(parts).map_err(|error| ConnectError::failed(peer(uri), error))
}

/// Hands a stream that is already open to hyper-util's handshakes.
struct Given(Option<Raw>);

impl Service<Uri> for Given {
    type Response = TokioIo<Raw>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<TokioIo<Raw>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let stream = self.0.take().ok_or(io::ErrorKind::NotConnected);
        std::future::ready(stream.map(TokioIo::new).map_err(io::Error::from))
    }
}
