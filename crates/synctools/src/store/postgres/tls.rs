//! Encrypted connections.

use std::convert::Infallible;
use std::error::Error as _;
use std::future::Future;
use std::pin::Pin;

use sync_core::hyper::TlsConfig;
use sync_core::hyper::tls::reason;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::{StoreError, StoreErrorKind};

/// What PostgreSQL's protocol is called in the handshake.
const PROTOCOL: &[u8] = b"postgresql";

/// What the driver says of all that has to do with TLS.
const FAILED: &str = "error performing TLS handshake";
/// What it says of a server that is asked for TLS and has none.
const NO_TLS: &str = "server does not support TLS";

/// Encrypts connections. Roots are loaded when a server wants to: many have no
/// TLS, and some machines no roots.
pub(super) struct Connector(TlsConfig);

impl Connector {
    pub(super) fn new(config: &TlsConfig) -> Self {
        Self(config.clone())
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Infallible> {
        Ok(Handshake {
            config: self.0.clone(),
            host: host.to_owned(),
        })
    }
}

pub(super) struct Handshake {
    config: TlsConfig,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type Error = StoreError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, StoreError>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let config = self.config.client_config(PROTOCOL).await;
            let config = config.map_err(|error| {
                StoreError::new(StoreErrorKind::Tls, error.to_string()).with_source(error)
            })?;
            let Ok(tls) = MakeTlsConnect::<Socket>::make_tls_connect(
                &mut MakeRustlsConnect::new(config),
                &self.host,
            );
            let connected = tls.connect(socket).await;
            connected.map_err(|error| refused(&self.host, error))
        })
    }
}

fn refused(host: &str, error: std::io::Error) -> StoreError {
    let (kind, message) = match reason(&error) {
        Some(reason) => (
            StoreErrorKind::Tls,
            format!(
                "{host}: {reason}; `PostgresOptions::tls` says whom to trust, and \
                 `sslmode=disable` does without encryption"
            ),
        ),
        None if error.kind() == std::io::ErrorKind::InvalidInput => (
            StoreErrorKind::Tls,
            format!("{host} is no name that a certificate can be issued for"),
        ),
        // The connection was lost in the middle.
        None => (StoreErrorKind::Io, format!("{host}: {error}")),
    };
    StoreError::new(kind, message).with_source(error)
}

/// What went wrong, if it has to do with TLS.
pub(super) fn failure(error: Error) -> Result<StoreError, Error> {
    let Some(source) = error.source() else {
        return Err(error);
    };
    if source.is::<StoreError>() {
        // It was made above.
        let source = error
            .into_source()
            .and_then(|source| source.downcast().ok());
        return Ok(source.map_or_else(|| StoreError::new(StoreErrorKind::Tls, FAILED), |own| *own));
    }
    // A certificate of ours is refused only after the handshake.
    let reason = reason(&error);
    if reason.is_none() && error.to_string() != FAILED {
        return Err(error);
    }
    let mut message = reason.unwrap_or_else(|| source.to_string());
    if message == NO_TLS {
        message = "the server has no TLS, which is demanded: turn `ssl` on there, or connect in \
                   the clear, with `sslmode=disable`"
            .to_owned();
    }
    Ok(StoreError::new(StoreErrorKind::Tls, message).with_source(error))
}
