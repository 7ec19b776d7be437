//! The authorities whose certificates are trusted.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::SetupError;
use crate::hyper::classify::settings;
use crate::transport::TransportError;

#[derive(Default)]
pub(super) struct Roots {
    base: Base,
    added: Vec<CertificateDer<'static>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Base {
    /// The system's if it can be asked, else Mozilla's if compiled in.
    #[default]
    Default,
    #[cfg(feature = "webpki-roots")]
    Webpki,
    Nothing,
}

impl Roots {
    pub(super) fn add_pem(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| settings("a root is not valid PEM").with_source(error))?;
            self.add(certificate)?;
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(settings(
                "there is no certificate in the PEM text of the roots",
            ))
        }
    }

    pub(super) fn add_der(&mut self, der: Vec<u8>) -> Result<(), TransportError> {
        self.add(CertificateDer::from(der))
    }

    fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), TransportError> {
        RootCertStore::empty()
            .add(certificate.clone())
            .map_err(|error| settings("a root is not a certificate").with_source(error))?;
        self.added.push(certificate);
        Ok(())
    }

    pub(super) fn only_added(&mut self) {
        self.base = Base::Nothing;
    }

    #[cfg(feature = "webpki-roots")]
    pub(super) fn webpki(&mut self) {
        self.base = Base::Webpki;
    }

    pub(super) fn is_changed(&self) -> bool {
        self.base != Base::Default || !self.added.is_empty()
    }

    pub(super) fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, SetupError> {
        let mut store = RootCertStore::empty();
        match self.base {
            #[cfg(feature = "platform-verifier")]
            Base::Default => return self.platform(provider),
            #[cfg(feature = "webpki-roots")]
            #[allow(unreachable_patterns, reason = "without a platform verifier only")]
            Base::Default | Base::Webpki => {
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
            #[allow(unreachable_patterns, reason = "with neither feature only")]
            Base::Default | Base::Nothing => {}
        }
        store.add_parsable_certificates(self.added.iter().cloned());
        if store.is_empty() {
            return Err(SetupError::new(
                "no roots to trust: turn on the feature `platform-verifier` or `webpki-roots` of \
                 sync-core, or add a root or an exact certificate to the `TlsConfig`",
            ));
        }
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
                .build()
                .map_err(|error| SetupError::new(format!("the roots cannot be used: {error}")))?;
        Ok(verifier)
    }

    #[cfg(feature = "platform-verifier")]
    fn platform(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, SetupError> {
        use rustls_platform_verifier::Verifier;
        let provider = Arc::clone(provider);
        #[cfg(target_os = "android")]
        let verifier = if self.added.is_empty() {
            Verifier::new(provider)
        } else {
            return Err(SetupError::new(
                "on Android roots cannot be added to the system's: use `only_added_roots`",
            ));
        };
        #[cfg(not(target_os = "android"))]
        let verifier = Verifier::new_with_extra_roots(self.added.iter().cloned(), provider);
        match verifier {
            Ok(verifier) => Ok(Arc::new(verifier)),
            Err(error) => Err(SetupError::caused(
                "the system's roots cannot be used",
                error,
            )),
        }
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} + {} added", self.base, self.added.len())
    }
}
