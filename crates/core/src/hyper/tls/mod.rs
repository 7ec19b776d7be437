//! TLS: whom to trust, and who we are.
//!
//! The cryptography is always named explicitly and never taken from, or made,
//! the process-wide default of rustls. There is no switch to accept any
//! certificate; for a self-signed one there is [`ExactCertificate`].

mod digest;
mod exact;
mod identity;
mod roots;
mod verify;

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::Uri;
/// The version of rustls in use, for [`TlsConfigBuilder::crypto_provider`] and
/// [`TlsConfig::client_config`].
pub use rustls;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use self::exact::ExactCertificate;
use self::identity::Identity;
use self::roots::Roots;
use self::verify::{Trust, Verifier};
use super::classify::{Unconnected, settings};
use super::connect::{ConnectError, Protocol, peer};
use super::io::Raw;
use crate::secret::Secret;
use crate::transport::{TransportError, TransportErrorKind};

/// Whom to trust, and who we are. Cloning it is cheap.
///
/// By default the roots of the operating system are trusted (feature
/// `platform-verifier`), else Mozilla's (feature `webpki-roots`). Roots are
/// loaded when the first connection needs them.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig(Arc<Settings>);

#[derive(Default)]
struct Settings {
    roots: Roots,
    pins: Vec<[u8; 32]>,
    exact: Vec<ExactCertificate>,
    identity: Option<Identity>,
    provider: Option<Arc<CryptoProvider>>,
    ready: OnceLock<Ready>,
}

/// One configuration for each list of protocols to be offered.
struct Ready {
    http1: Arc<ClientConfig>,
    #[cfg(feature = "http2")]
    both: Arc<ClientConfig>,
    #[cfg(feature = "http2")]
    http2: Arc<ClientConfig>,
}

impl TlsConfig {
    /// A configuration to be filled in.
    pub fn builder() -> TlsConfigBuilder {
        TlsConfigBuilder::default()
    }

    /// The same for rustls itself, where something else than HTTP is spoken.
    /// `protocol` is offered to the server (ALPN).
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Request`]: there are no roots, or none that can be
    /// read.
    pub async fn client_config(&self, protocol: &[u8]) -> Result<ClientConfig, TransportError> {
        let ready = self.ready().await;
        let ready = ready.map_err(|error| Unconnected::Connect(error).explain())?;
        let mut config = ClientConfig::clone(&ready.http1);
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(config)
    }

    pub(crate) async fn handshake(
        &self,
        raw: Raw,
        uri: &Uri,
        protocol: Protocol,
    ) -> Result<TlsStream<Raw>, ConnectError> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|error| {
            ConnectError::new(
                TransportErrorKind::Request,
                format!("{host} is no name that a certificate can be issued for"),
            )
            .with_source(error)
        })?;
        let config = self.ready().await?.offering(protocol);
        TlsConnector::from(config)
            .connect(name, raw)
            .await
            .map_err(|error| handshake_error(uri, error))
    }

    async fn ready(&self) -> Result<&Ready, ConnectError> {
        if self.0.ready.get().is_none() {
            // The system's roots are files, many of them on some systems.
            let settings = Arc::clone(&self.0);
            let made = tokio::task::spawn_blocking(move || settings.make())
                .await
                .map_err(|error| {
                    ConnectError::new(TransportErrorKind::Canceled, "the runtime shut down")
                        .with_source(error)
                })?
                .map_err(|error| {
                    ConnectError::new(TransportErrorKind::Request, error.message.clone())
                        .with_source(error)
                })?;
            // Somebody may have been quicker; both are alike.
            let _ = self.0.ready.set(made);
        }
        self.0
            .ready
            .get()
            .ok_or_else(|| ConnectError::new(TransportErrorKind::Request, "TLS is not ready"))
    }
}

impl Ready {
    fn offering(&self, protocol: Protocol) -> Arc<ClientConfig> {
        Arc::clone(match protocol {
            Protocol::Http1 => &self.http1,
            #[cfg(feature = "http2")]
            Protocol::Negotiated => &self.both,
            #[cfg(feature = "http2")]
            Protocol::Http2 => &self.http2,
        })
    }
}

impl Settings {
    fn provider(&self) -> Result<Arc<CryptoProvider>, SetupError> {
        self.provider
            .clone()
            .or_else(default_provider)
            .ok_or_else(|| {
                SetupError::new(
                    "TLS needs a provider of cryptography: turn on the feature `rustls-ring` or \
                     `rustls-aws-lc-rs` of sync-core, or pass one with \
                     `TlsConfigBuilder::crypto_provider`",
                )
            })
    }

    fn make(&self) -> Result<Ready, SetupError> {
        let provider = self.provider()?;
        let trust = if self.exact.is_empty() {
            Trust::Chain {
                inner: self.roots.verifier(&provider)?,
                pins: self.pins.clone(),
            }
        } else {
            Trust::Exact(self.exact.clone())
        };
        let verifier = Verifier::new(trust, Arc::clone(&provider))?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SetupError::caused("the provider supports no TLS version", error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => identity.apply(builder)?,
        };
        if !self.exact.is_empty() {
            // A resumed session shows no certificate, and the file that holds
            // the trusted one may have changed since.
            config.resumption = Resumption::disabled();
        }
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Ok(Ready {
            http1: offering(&[b"http/1.1"]),
            #[cfg(feature = "http2")]
            both: offering(&[b"h2", b"http/1.1"]),
            #[cfg(feature = "http2")]
            http2: offering(&[b"h2"]),
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("roots", &self.roots)
            .field("pins", &self.pins.len())
            .field("exact", &self.exact)
            .field("client_certificate", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

fn default_provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "rustls-ring")]
    return Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "rustls-aws-lc-rs", not(feature = "rustls-ring")))]
    return Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "rustls-ring", feature = "rustls-aws-lc-rs")))]
    None
}

/// Makes a [`TlsConfig`].
///
/// ```no_run
/// use sync_core::hyper::{ExactCertificate, TlsConfig};
///
/// # fn main() -> Result<(), sync_core::TransportError> {
/// // A daemon with a self-signed certificate, whose file can be read.
/// let config = TlsConfig::builder()
///     .exact_certificate(ExactCertificate::from_pem_file("https-cert.pem"))
///     .build()?;
/// # drop(config);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "call `build` to get a configuration"]
pub struct TlsConfigBuilder {
    settings: Settings,
    error: Option<TransportError>,
}

impl TlsConfigBuilder {
    /// Trusts the certificates in this PEM text as roots, beside the others.
    pub fn add_root_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.settings.roots.add_pem(pem.as_ref()) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Trusts this DER-encoded certificate as a root, beside the others.
    pub fn add_root_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        if let Err(error) = self.settings.roots.add_der(der.into()) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Trusts the added roots only, not the system's or Mozilla's.
    pub fn only_added_roots(mut self) -> Self {
        self.settings.roots.only_added();
        self
    }

    /// Trusts Mozilla's roots even where the system's could be asked.
    #[cfg(feature = "webpki-roots")]
    pub fn webpki_roots(mut self) -> Self {
        self.settings.roots.webpki();
        self
    }

    /// Demands, beside all other checks, that the server's own certificate
    /// holds a public key with this SHA-256 (of its `SubjectPublicKeyInfo` in
    /// DER). Of several pins one has to match: pin the next key too.
    pub fn pin_public_key_sha256(mut self, pin: [u8; 32]) -> Self {
        self.settings.pins.push(pin);
        self
    }

    /// Trusts exactly this certificate, whatever name, issuer or dates it has,
    /// and nothing else than it and other exact certificates.
    pub fn exact_certificate(mut self, certificate: ExactCertificate) -> Self {
        self.settings.exact.push(certificate);
        self
    }

    /// The certificate (with its chain) and the private key to show to servers
    /// that ask for one, both as PEM.
    pub fn client_certificate_pem(mut self, chain: impl AsRef<[u8]>, key: &Secret<String>) -> Self {
        match Identity::from_pem(chain.as_ref(), key) {
            Ok(identity) => self.settings.identity = Some(identity),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
        self
    }

    /// The implementation of cryptography, in place of the one chosen by a
    /// feature (ring, where both are on). This is the one place where a type
    /// of rustls shows.
    pub fn crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.settings.provider = Some(provider);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::Request`]: a certificate or key cannot be read,
    /// or exact certificates are combined with roots or pins.
    pub fn build(self) -> Result<TlsConfig, TransportError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let Self { settings: made, .. } = self;
        if !made.exact.is_empty() && (made.roots.is_changed() || !made.pins.is_empty()) {
            return Err(settings(
                "exact certificates exclude roots and pins: with them nothing else is trusted",
            ));
        }
        if let Some(identity) = &made.identity {
            let provider = made.provider().map_err(|error| settings(error.message))?;
            identity.check(&provider)?;
        }
        Ok(TlsConfig(Arc::new(made)))
    }
}

/// TLS could not be set up.
#[derive(Debug)]
struct SetupError {
    message: String,
    source: Option<rustls::Error>,
}

impl SetupError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    fn caused(message: &str, source: rustls::Error) -> Self {
        Self {
            message: format!("{message}: {source}"),
            source: Some(source),
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

#[cold]
fn handshake_error(uri: &Uri, error: std::io::Error) -> ConnectError {
    let Some(tls) = find_error(&error) else {
        return ConnectError::failed(peer(uri), error);
    };
    let (kind, message) = match tls {
        // Nobody was distrusted, and it may pass: some services answer without
        // TLS while they start.
        rustls::Error::InvalidMessage(_) => (
            TransportErrorKind::Protocol,
            format!("{}: {tls}; does this port speak TLS?", peer(uri)),
        ),
        _ => (
            TransportErrorKind::Tls,
            format!("{}: {}", peer(uri), said(tls)),
        ),
    };
    ConnectError::new(kind, message).with_source(error)
}

/// Why a handshake failed, and mostly what to do, if TLS is the reason in this
/// chain of causes: what a [`TransportError`] says, for who uses
/// [`TlsConfig::client_config`].
pub fn reason(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    find_error(error).map(said)
}

fn said(error: &rustls::Error) -> String {
    match error {
        // What is not trusted says so by itself.
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => {
            other.0.to_string()
        }
        _ => error.to_string(),
    }
}

/// The error of rustls in a chain of causes, also when hidden in an I/O error.
pub(crate) fn find_error<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error is no link of the chain between itself and its content.
        next = match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as _),
            None => error.source(),
        };
    }
    None
}

/// Whether the server ended the handshake because of our certificate.
pub(crate) fn is_refused_certificate(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        error,
        rustls::Error::AlertReceived(
            Alert::CertificateRequired
                | Alert::NoCertificate
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
        )
    )
}
