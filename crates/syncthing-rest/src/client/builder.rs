//! How to reach a daemon.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, USER_AGENT};
use sync_core::hyper::{HyperTransport, HyperTransportBuilder};
use sync_core::policy::RetryPolicy;
use sync_core::{CallOptions, Error, Pipeline, Secret, Transport};

use super::Client;
use super::auth::{Key, Scheme};
use super::daemon::SyncthingService;

/// The daemon closes a connection that was idle for 15 s, measured; one that
/// is closed before cannot fail a call.
const IDLE: Duration = Duration::from_secs(10);

/// Makes a [`Client`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    url: String,
    key: Option<(Scheme, Secret<String>)>,
    #[cfg(feature = "discover")]
    home: Option<PathBuf>,
    host: Option<String>,
    options: CallOptions,
    hyper: HyperTransportBuilder,
    transport: Option<Arc<dyn Transport>>,
    #[cfg(feature = "tls")]
    tls: Option<sync_core::hyper::TlsConfig>,
    #[cfg(feature = "tls")]
    trusted: Option<sync_core::hyper::ExactCertificate>,
}

impl ClientBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            key: None,
            #[cfg(feature = "discover")]
            home: None,
            host: None,
            options: CallOptions::default(),
            hyper: HyperTransport::builder().idle_timeout(IDLE),
            transport: None,
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "tls")]
            trusted: None,
        }
    }

    /// A client set up as the daemon's own configuration says: address or
    /// socket, API key (read again when it is refused), and its certificate
    /// (read again when it was renewed).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config) when this build or
    /// platform cannot do what the configuration asks for.
    #[cfg(feature = "discover")]
    pub fn from_home(home: &crate::discover::Home) -> Result<Self, Error> {
        let mut builder = Self::new(home.url());
        builder.key = Some((Scheme::ApiKey, home.api_key().clone()));
        builder.home = Some(home.directory().to_owned());
        if let crate::discover::Address::Unix(path) = home.address() {
            #[cfg(unix)]
            {
                builder = builder.unix_socket(path);
            }
            #[cfg(not(unix))]
            return Err(Error::config(format!(
                "the daemon listens on {}, and this platform has no such sockets",
                path.display()
            )));
        }
        if home.tls() {
            #[cfg(feature = "tls")]
            {
                builder = builder.trust_certificate_file(home.certificate());
            }
            #[cfg(not(feature = "tls"))]
            return Err(Error::config(
                "the daemon speaks TLS; switch the feature `tls` on",
            ));
        }
        Ok(builder)
    }

    /// The API key (`gui.apiKey` of the daemon's configuration), sent as
    /// `X-API-Key`.
    pub fn api_key(mut self, key: impl Into<Secret<String>>) -> Self {
        self.key = Some((Scheme::ApiKey, key.into()));
        self
    }

    /// The API key, sent as `Authorization: Bearer`, which daemons take from
    /// 1.23.7 on. Prefer [`api_key`](Self::api_key) unless a proxy needs this.
    pub fn bearer(mut self, key: impl Into<Secret<String>>) -> Self {
        self.key = Some((Scheme::Bearer, key.into()));
        self
    }

    /// Sends this `Host` header instead of the URL's host. A daemon that
    /// listens on loopback only answers to `localhost` and loopback addresses,
    /// so a tunnel or proxy under another name needs `localhost` here.
    pub fn host_header(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Connects to the daemon's unix socket (`gui.address` with a path). The
    /// URL then only gives the scheme and the `Host` header.
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.hyper = self.hyper.unix_socket(path.into());
        self
    }

    /// Trusts exactly the certificate with this SHA-256 over its DER form,
    /// whatever name and dates are in it. The daemon's certificate is
    /// self-signed and names no address, so this is the way to verify it;
    /// the device ID belongs to another certificate and cannot.
    #[cfg(feature = "tls")]
    pub fn trust_certificate(mut self, sha256: [u8; 32]) -> Self {
        self.trusted = Some(sync_core::hyper::ExactCertificate::sha256(sha256));
        self
    }

    /// Trusts exactly the certificate in this PEM file, the daemon's
    /// `https-cert.pem`. It is read when first needed, and once more when the
    /// daemon shows another: it renews its certificate about every two years.
    #[cfg(feature = "tls")]
    pub fn trust_certificate_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.trusted = Some(sync_core::hyper::ExactCertificate::from_pem_file(
            path.into(),
        ));
        self
    }

    /// How the daemon's certificate is verified otherwise: by default by the
    /// system's roots, for a certificate of one's own.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: sync_core::hyper::TlsConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// How often failed calls are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options = self.options.retry(policy);
        self
    }

    /// Limits each call, with all its attempts; 60 s by default, `None` for no
    /// limit. Calls that are known to take long have their own limits
    /// nevertheless.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options = self.options.total_timeout(limit);
        self
    }

    /// Changes the limits of time and size, and the repetition, of all calls.
    /// What `change` leaves alone stays as it was; whatever is set last counts.
    pub fn with_options(mut self, change: impl FnOnce(CallOptions) -> CallOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// Another transport, for example a double in a test. What was said about
    /// sockets and certificates is then not used.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Checks everything and makes the client. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): the URL is not
    /// absolute, the key cannot be sent in a header, or the parts do not go
    /// together.
    pub fn build(self) -> Result<Client, Error> {
        let service = Arc::new(SyncthingService::default());
        let transport: Arc<dyn Transport> = match self.transport {
            Some(transport) => transport,
            None => {
                let hyper = self.hyper;
                #[cfg(feature = "tls")]
                let hyper = match (self.tls, self.trusted) {
                    (Some(_), Some(_)) => {
                        return Err(Error::config(
                            "trust either one exact certificate or a TLS configuration, not both",
                        ));
                    }
                    (Some(tls), None) => hyper.tls(tls),
                    (None, Some(exact)) => {
                        let tls = sync_core::hyper::TlsConfig::builder()
                            .exact_certificate(exact)
                            .build()
                            .map_err(Error::transport)?;
                        hyper.tls(tls)
                    }
                    (None, None) => hyper,
                };
                Arc::new(hyper.build().map_err(Error::transport)?)
            }
        };
        let mut pipeline = Pipeline::builder(&self.url)
            .transport(transport)
            .service(Arc::clone(&service))
            .options(self.options)
            .header(
                USER_AGENT,
                concat!("syncthing-rest/", env!("CARGO_PKG_VERSION")),
            );
        if let Some((scheme, key)) = self.key {
            let key = Key::new(scheme, key)?;
            #[cfg(feature = "discover")]
            let key = key.renewed_from(self.home);
            pipeline = pipeline.auth(key);
        }
        if let Some(host) = self.host {
            pipeline = pipeline.header(HOST, host);
        }
        Ok(Client {
            pipeline: pipeline.build()?,
            service,
        })
    }
}
