//! Certificates made for one test, and servers that present them.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring as crypto;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::hyper_support::read_to_close;

pub struct Certificate {
    pub der: CertificateDer<'static>,
    pub key: KeyPair,
}

impl Certificate {
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    pub fn public_key_sha256(&self) -> [u8; 32] {
        sha256(&self.key.subject_public_key_info())
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let suite = crypto::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let hash = suite.tls13().unwrap().common.hash_provider.hash(bytes);
    hash.as_ref().try_into().unwrap()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(crypto::default_provider())
}

/// A certificate that vouches for itself, as daemons make them.
pub fn self_signed(name: &str) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let certificate = params(name).self_signed(&key).unwrap();
    Certificate {
        der: certificate.der().clone(),
        key,
    }
}

/// A self-signed certificate whose time is over.
pub fn expired_self_signed(name: &str) -> Certificate {
    let key = KeyPair::generate().unwrap();
    let certificate = expired(params(name)).self_signed(&key).unwrap();
    Certificate {
        der: certificate.der().clone(),
        key,
    }
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    params
}

/// An authority of its own.
pub struct Authority {
    pub root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "an authority for tests");
        let root = params.self_signed(&key).unwrap().der().clone();
        Self {
            root,
            issuer: Issuer::new(params, key),
        }
    }

    pub fn root_pem(&self) -> String {
        pem("CERTIFICATE", &self.root)
    }

    pub fn issue(&self, name: &str) -> Certificate {
        self.sign(params(name))
    }

    pub fn issue_expired(&self, name: &str) -> Certificate {
        self.sign(expired(params(name)))
    }

    fn sign(&self, params: CertificateParams) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certificate {
            der: certificate.der().clone(),
            key,
        }
    }
}

/// How a TLS server behaves.
pub struct Presented<'a> {
    certificate: &'a Certificate,
    versions: &'static [&'static rustls::SupportedProtocolVersion],
    alpn: &'static [&'static [u8]],
    clients: Option<&'a Authority>,
    wrong_key: bool,
}

impl<'a> Presented<'a> {
    pub fn new(certificate: &'a Certificate) -> Self {
        Self {
            certificate,
            versions: rustls::ALL_VERSIONS,
            alpn: &[],
            clients: None,
            wrong_key: false,
        }
    }

    pub fn version(
        mut self,
        version: &'static [&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        self.versions = version;
        self
    }

    pub fn alpn(mut self, alpn: &'static [&'static [u8]]) -> Self {
        self.alpn = alpn;
        self
    }

    /// Demands a certificate of this authority from clients.
    pub fn demanding(mut self, clients: &'a Authority) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Presents the certificate without having its private key.
    pub fn with_wrong_key(mut self) -> Self {
        self.wrong_key = true;
        self
    }

    pub fn acceptor(self) -> TlsAcceptor {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(clients.root.clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = if self.wrong_key {
            PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap()
        } else {
            self.certificate.private_key()
        };
        let key = crypto::sign::any_supported_type(&key).unwrap();
        let chain = vec![self.certificate.der.clone()];
        let presented = Fixed(Arc::new(CertifiedKey::new(chain, key)));
        let mut config = builder.with_cert_resolver(Arc::new(presented));
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Presents a key pair without checking that it is one.
#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Does the handshake; `None` when it fails, once the client has gone.
pub async fn accept(acceptor: &TlsAcceptor, io: TcpStream) -> Option<TlsStream<TcpStream>> {
    match acceptor.accept(io).into_fallible().await {
        Ok(io) => Some(io),
        Err((_, mut io)) => {
            // Closing at once could overtake the alert.
            read_to_close(&mut io).await;
            None
        }
    }
}
