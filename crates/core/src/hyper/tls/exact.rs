//! Trust in one certificate, byte for byte.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// One certificate that is trusted as it is: a daemon's self-signed one.
///
/// Only the certificate itself counts; its name, issuer and dates do not.
/// That the server holds its private key is verified as always.
#[derive(Clone)]
pub struct ExactCertificate(Known);

#[derive(Clone)]
enum Known {
    Sha256([u8; 32]),
    File(Arc<File>),
}

struct File {
    path: PathBuf,
    /// The certificate as last read, in DER.
    read: Mutex<Option<CertificateDer<'static>>>,
}

impl ExactCertificate {
    /// The certificate whose DER encoding has this SHA-256: what
    /// `openssl x509 -noout -fingerprint -sha256` prints.
    pub const fn sha256(fingerprint: [u8; 32]) -> Self {
        Self(Known::Sha256(fingerprint))
    }

    /// The first certificate in this PEM file.
    ///
    /// The file is read when the first connection is made, and once again when
    /// a server presents another certificate than the one read before: a
    /// daemon that renewed its certificate is trusted without a restart.
    pub fn from_pem_file(path: impl Into<PathBuf>) -> Self {
        Self(Known::File(Arc::new(File {
            path: path.into(),
            read: Mutex::new(None),
        })))
    }

    /// Whether this is the certificate, of the given SHA-256.
    ///
    /// `Err` says why that could not be found out.
    pub(super) fn matches(
        &self,
        certificate: &CertificateDer<'_>,
        sha256: &[u8],
    ) -> Result<bool, String> {
        match &self.0 {
            Known::Sha256(known) => Ok(known == sha256),
            Known::File(file) => file.matches(certificate),
        }
    }
}

impl File {
    fn matches(&self, certificate: &CertificateDer<'_>) -> Result<bool, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.as_ref() == Some(certificate) {
            return Ok(true);
        }
        let now = CertificateDer::from_pem_file(&self.path)
            .map_err(|error| format!("{} could not be read: {error}", self.path.display()))?;
        Ok(*read.insert(now) == *certificate)
    }
}

impl fmt::Debug for ExactCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Known::Sha256(known) => {
                write!(f, "ExactCertificate({})", super::digest::Fingerprint(known))
            }
            Known::File(file) => write!(f, "ExactCertificate({})", file.path.display()),
        }
    }
}
