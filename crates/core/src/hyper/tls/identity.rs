//! The client's own certificate.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::SetupError;
use crate::hyper::classify::settings;
use crate::secret::Secret;
use crate::transport::TransportError;

pub(super) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn from_pem(chain: &[u8], key: &Secret<String>) -> Result<Self, TransportError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| {
                settings("the client certificate is not valid PEM").with_source(error)
            })?;
        if chain.is_empty() {
            return Err(settings("there is no client certificate in the PEM text"));
        }
        // The error is left out: it might quote the key.
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|_| settings("there is no usable private key in the PEM text"))?;
        Ok(Self { chain, key })
    }

    /// Whether key and certificate fit together.
    pub(super) fn check(&self, provider: &Arc<CryptoProvider>) -> Result<(), TransportError> {
        CertifiedKey::from_der(self.chain.clone(), self.key.clone_key(), provider)
            .map(drop)
            .map_err(|error| {
                settings("the client certificate and its private key do not fit together")
                    .with_source(error)
            })
    }

    pub(super) fn apply(
        &self,
        builder: rustls::ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, SetupError> {
        builder
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| SetupError::caused("the client certificate cannot be used", error))
    }
}
