//! HTTPS before a server that speaks HTTP: Contentstack's own clients know
//! nothing else.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::Result;

/// A certificate authority of one's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn new() -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "an authority for tests");
        let pem = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, pem })
    }

    /// What clients are to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS for a server at 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the certificate cannot be made.
    pub fn acceptor(&self) -> Result<TlsAcceptor> {
        let (certificate, key) = self.issue(&["127.0.0.1", "localhost"])?;
        let private = PrivateKeyDer::try_from(key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// A certificate for a server with these names or addresses, and its key.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn issue(&self, names: &[&str]) -> Result<(Certificate, KeyPair)> {
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "a server for tests");
        // Python's verification wants to know whose key it is.
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate, key))
    }
}

/// A socket that ends TLS and hands all else to a server.
#[derive(Debug)]
pub struct Front {
    listener: TcpListener,
    address: SocketAddr,
}

impl Front {
    /// A socket, which serves nobody yet.
    ///
    /// # Errors
    ///
    /// When the system has none.
    pub async fn bind() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where the server seems to be.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Serves until the returned value is dropped.
    pub fn serve(self, acceptor: TlsAcceptor, server: SocketAddr) -> Serving {
        Serving(tokio::spawn(accept(self.listener, acceptor, server)))
    }
}

/// A [`Front`] that serves.
#[derive(Debug)]
pub struct Serving(JoinHandle<Infallible>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: SocketAddr) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        if let Ok((client, _)) = listener.accept().await {
            connections.spawn(forward(client, acceptor.clone(), server));
        }
        while connections.try_join_next().is_some() {}
    }
}

/// How a connection ends is told by its end.
async fn forward(client: TcpStream, acceptor: TlsAcceptor, server: SocketAddr) {
    let _ = client.set_nodelay(true);
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = server.set_nodelay(true);
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
