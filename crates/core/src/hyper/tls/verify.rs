//! The verdict on a server's certificate.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::Hash;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::digest::{Fingerprint, sha256_of};
use super::{ExactCertificate, SetupError};

#[derive(Debug)]
pub(super) enum Trust {
    /// A chain to a trusted root, for the right name, within its dates; and
    /// one of the pins, if there are any.
    Chain {
        inner: Arc<dyn ServerCertVerifier>,
        pins: Vec<[u8; 32]>,
    },
    /// One of these certificates.
    Exact(Vec<ExactCertificate>),
}

pub(super) struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
    sha256: &'static dyn Hash,
}

impl Verifier {
    pub(super) fn new(trust: Trust, provider: Arc<CryptoProvider>) -> Result<Self, SetupError> {
        let sha256 = sha256_of(&provider)
            .ok_or_else(|| SetupError::new("the provider of cryptography has no SHA-256"))?;
        Ok(Self {
            trust,
            provider,
            sha256,
        })
    }

    fn check_exact(
        &self,
        exact: &[ExactCertificate],
        certificate: &CertificateDer<'_>,
    ) -> Result<(), Error> {
        let presented = self.sha256.hash(certificate);
        let mut unreadable = String::new();
        for trusted in exact {
            match trusted.matches(certificate, presented.as_ref()) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(message) => {
                    unreadable.push_str("; ");
                    unreadable.push_str(&message);
                }
            }
        }
        Err(untrusted(
            format!(
                "the server presents another certificate than the trusted one, with the SHA-256 \
                 fingerprint {}; if the server was set up anew and this is its certificate, trust \
                 it with `ExactCertificate`{unreadable}",
                Fingerprint(presented.as_ref())
            ),
            None,
        ))
    }

    fn check_pins(&self, pins: &[[u8; 32]], certificate: &CertificateDer<'_>) -> Result<(), Error> {
        if pins.is_empty() {
            return Ok(());
        }
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let presented = self.sha256.hash(&key);
        if pins.iter().any(|pin| pin == presented.as_ref()) {
            return Ok(());
        }
        Err(untrusted(
            format!(
                "the certificate is valid, but its public key is not one of those pinned; its \
                 SHA-256 is {}. If the server has a new key, pin it with \
                 `pin_public_key_sha256`",
                Fingerprint(presented.as_ref())
            ),
            None,
        ))
    }

    /// Adds to a refusal what a user needs to go on.
    fn explain(&self, error: Error, certificate: &CertificateDer<'_>) -> Error {
        let Error::InvalidCertificate(reason) = &error else {
            return error;
        };
        let presented = self.sha256.hash(certificate);
        let advice = match reason {
            CertificateError::UnknownIssuer => {
                "; if it is self-signed and this is the right one, trust it with \
                 `ExactCertificate`, or add the root that issued it"
            }
            CertificateError::Other(_) => {
                "; a self-signed certificate can be trusted with `ExactCertificate`"
            }
            _ => "",
        };
        let message = format!(
            "{error} (the certificate has the SHA-256 fingerprint {}){advice}",
            Fingerprint(presented.as_ref())
        );
        untrusted(message, Some(error))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trust {
            Trust::Exact(exact) => self.check_exact(exact, end_entity)?,
            Trust::Chain { inner, pins } => {
                inner
                    .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                    .map_err(|error| self.explain(error, end_entity))?;
                self.check_pins(pins, end_entity)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// Why a certificate is not trusted, and what to do.
#[derive(Debug)]
struct Untrusted {
    message: String,
    source: Option<Error>,
}

fn untrusted(message: String, source: Option<Error>) -> Error {
    let error = Untrusted { message, source };
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Untrusted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
