//! TLS: whom the transport trusts, and what it says when it does not.

#![cfg(all(feature = "hyper", feature = "rustls-ring"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;
#[path = "hyper_support/tls.rs"]
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper_support::{Server, fetch, get, post, read_head, serve_http1, text, with_attempt};
use sync_core::Transport;
use sync_core::hyper::{ExactCertificate, HyperTransport, TlsConfig, TlsConfigBuilder};
use sync_core::transport::{Delivery, TransportError, TransportErrorKind};
use sync_core::{Secret, TransportError as Error};
use tls::{Authority, Certificate, Presented, accept, expired_self_signed, self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

static TLS12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
static TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// A server over TLS that counts the requests it gets.
struct Secure {
    server: Server,
    requests: Arc<AtomicUsize>,
}

impl Secure {
    async fn start(presented: Presented<'_>) -> Self {
        let acceptor = presented.acceptor();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let server = Server::start(move |_, io| {
            let (acceptor, counter) = (acceptor.clone(), Arc::clone(&counter));
            async move {
                if let Some(io) = accept(&acceptor, io).await {
                    serve_http1(io, move |_| {
                        counter.fetch_add(1, Ordering::SeqCst);
                        async { text("secret") }
                    })
                    .await;
                }
            }
        })
        .await;
        Self { server, requests }
    }

    async fn presenting(certificate: &Certificate) -> Self {
        Self::start(Presented::new(certificate)).await
    }

    /// What a transport with this configuration gets from `https://{host}`.
    async fn ask(&self, host: &str, transport: &HyperTransport) -> Result<(), Error> {
        let url = format!("https://{host}:{}/", self.server.addr.port());
        let before = self.requests.load(Ordering::SeqCst);
        let result = fetch(transport, get(&url)).await;
        let arrived = self.requests.load(Ordering::SeqCst) - before;
        assert_eq!(arrived, usize::from(result.is_ok()));
        assert!(result.iter().all(|(_, body)| body == "secret"));
        result.map(drop)
    }
}

fn transport(config: TlsConfigBuilder) -> HyperTransport {
    HyperTransport::builder()
        .tls(config.build().unwrap())
        .build()
        .unwrap()
}

fn exact(certificate: &Certificate) -> HyperTransport {
    let certificate = ExactCertificate::sha256(certificate.sha256());
    transport(TlsConfig::builder().exact_certificate(certificate))
}

fn own_roots(authority: &Authority) -> TlsConfigBuilder {
    TlsConfig::builder()
        .only_added_roots()
        .add_root_pem(authority.root_pem())
}

fn assert_untrusted(error: &TransportError) {
    assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent);
}

fn shown(fingerprint: [u8; 32]) -> String {
    fingerprint.map(|byte| format!("{byte:02X}")).join(":")
}

#[tokio::test]
async fn an_exact_certificate_counts_whatever_its_name_and_dates() {
    let certificate = expired_self_signed("syncthing");
    for version in [TLS12, TLS13] {
        let server = Secure::start(Presented::new(&certificate).version(version)).await;
        server.ask("127.0.0.1", &exact(&certificate)).await.unwrap();
        server.ask("localhost", &exact(&certificate)).await.unwrap();
    }
}

#[tokio::test]
async fn another_certificate_than_the_exact_one_is_refused_and_shown() {
    let (trusted, presented) = (self_signed("127.0.0.1"), self_signed("127.0.0.1"));
    let server = Secure::presenting(&presented).await;
    let error = server.ask("127.0.0.1", &exact(&trusted)).await.unwrap_err();
    assert_untrusted(&error);
    let message = error.to_string();
    assert!(message.contains(&shown(presented.sha256())), "{message}");
    assert!(message.contains("ExactCertificate"), "{message}");
}

#[tokio::test]
async fn one_of_several_exact_certificates_is_enough() {
    let (one, other) = (self_signed("one"), self_signed("other"));
    let transport = transport(
        TlsConfig::builder()
            .exact_certificate(ExactCertificate::sha256(one.sha256()))
            .exact_certificate(ExactCertificate::sha256(other.sha256())),
    );
    for certificate in [&one, &other] {
        let server = Secure::presenting(certificate).await;
        server.ask("127.0.0.1", &transport).await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_without_its_private_key_is_refused() {
    let certificate = self_signed("127.0.0.1");
    for version in [TLS12, TLS13] {
        let presented = Presented::new(&certificate).version(version);
        let server = Secure::start(presented.with_wrong_key()).await;
        let error = server
            .ask("127.0.0.1", &exact(&certificate))
            .await
            .unwrap_err();
        assert_untrusted(&error);
        assert!(error.to_string().contains("BadSignature"), "{error}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_file_is_read_again() {
    let folder = std::env::temp_dir().join(format!("sync-core-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("https-cert.pem");
    let file = ExactCertificate::from_pem_file(&path);
    let config = TlsConfig::builder()
        .exact_certificate(file)
        .build()
        .unwrap();
    let transport = HyperTransport::builder()
        .tls(config)
        // A new connection for every request.
        .max_idle_per_host(0)
        .build()
        .unwrap();

    let first = self_signed("daemon");
    let server = Secure::presenting(&first).await;
    let error = server.ask("127.0.0.1", &transport).await.unwrap_err();
    assert_untrusted(&error);
    assert!(error.to_string().contains("https-cert.pem"), "{error}");

    std::fs::write(&path, first.pem()).unwrap();
    server.ask("127.0.0.1", &transport).await.unwrap();

    let second = self_signed("daemon");
    let renewed = Secure::presenting(&second).await;
    let refused = renewed.ask("localhost", &transport).await.unwrap_err();
    assert_untrusted(&refused);
    std::fs::write(&path, second.pem()).unwrap();
    renewed.ask("localhost", &transport).await.unwrap();
    // What was replaced is not trusted any more, not even by resuming a session.
    let refused = server.ask("127.0.0.1", &transport).await.unwrap_err();
    assert_untrusted(&refused);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn own_roots_vouch_for_the_right_name_only() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let certificate = authority.issue("127.0.0.1");
    let server = Secure::presenting(&certificate).await;
    let trusting = transport(own_roots(&authority));
    server.ask("127.0.0.1", &trusting).await.unwrap();

    let error = server.ask("localhost", &trusting).await.unwrap_err();
    assert_untrusted(&error);
    assert!(error.to_string().contains("not valid for name"), "{error}");

    let distrusting = transport(own_roots(&stranger));
    let error = server.ask("127.0.0.1", &distrusting).await.unwrap_err();
    assert_untrusted(&error);
    assert!(
        error.to_string().contains(&shown(certificate.sha256())),
        "{error}"
    );

    let der = TlsConfig::builder()
        .only_added_roots()
        .add_root_der(authority.root.to_vec());
    server.ask("127.0.0.1", &transport(der)).await.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_refused_unless_exactly_trusted() {
    let authority = Authority::new();
    let certificate = authority.issue_expired("127.0.0.1");
    let server = Secure::presenting(&certificate).await;
    let error = server
        .ask("127.0.0.1", &transport(own_roots(&authority)))
        .await
        .unwrap_err();
    assert_untrusted(&error);
    assert!(error.to_string().contains("expired"), "{error}");
    server.ask("127.0.0.1", &exact(&certificate)).await.unwrap();
}

#[tokio::test]
async fn a_pinned_key_is_demanded_beside_a_valid_chain() {
    let authority = Authority::new();
    let certificate = authority.issue("127.0.0.1");
    let server = Secure::presenting(&certificate).await;
    let pin = certificate.public_key_sha256();

    let pinned = own_roots(&authority)
        .pin_public_key_sha256([0; 32])
        .pin_public_key_sha256(pin);
    server.ask("127.0.0.1", &transport(pinned)).await.unwrap();

    let other = own_roots(&authority).pin_public_key_sha256([0; 32]);
    let error = server
        .ask("127.0.0.1", &transport(other))
        .await
        .unwrap_err();
    assert_untrusted(&error);
    let message = error.to_string();
    assert!(message.contains(&shown(pin)), "{message}");
    assert!(message.contains("pin_public_key_sha256"), "{message}");

    // The right key does not make up for a wrong chain.
    let stranger = Authority::new();
    let unrooted = own_roots(&stranger).pin_public_key_sha256(pin);
    let error = server
        .ask("127.0.0.1", &transport(unrooted))
        .await
        .unwrap_err();
    assert_untrusted(&error);
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_those_who_ask() {
    let authority = Authority::new();
    let certificate = authority.issue("127.0.0.1");
    let client = authority.issue("client");
    for version in [TLS12, TLS13] {
        let presented = Presented::new(&certificate).version(version);
        let server = Secure::start(presented.demanding(&authority)).await;
        let key = Secret::new(client.key.serialize_pem());
        let known = own_roots(&authority).client_certificate_pem(client.pem(), &key);
        server.ask("127.0.0.1", &transport(known)).await.unwrap();

        let unknown = transport(own_roots(&authority));
        let error = server.ask("127.0.0.1", &unknown).await.unwrap_err();
        assert_untrusted(&error);
    }
}

#[tokio::test]
async fn a_port_without_tls_is_told_apart() {
    let server = Server::http1(|_| async { text("plain") }).await;
    let url = format!("https://{}/", server.addr);
    let certificate = self_signed("127.0.0.1");
    let error = fetch(&exact(&certificate), get(&url)).await.unwrap_err();
    // Unlike a certificate that is not trusted, it may pass.
    assert_eq!(error.kind(), TransportErrorKind::Protocol, "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
    assert!(error.to_string().contains("speak TLS"), "{error}");
    assert!(sync_core::Error::transport(error).is_retryable());
}

#[test]
fn settings_that_cannot_work_are_refused_early() {
    let certificate = self_signed("a");
    let other = self_signed("b");
    let exact = || ExactCertificate::sha256(certificate.sha256());
    let key = Secret::new(other.key.serialize_pem());
    let no_key = Secret::from("not a key");
    let builders = [
        TlsConfig::builder().add_root_pem("no certificate in here"),
        TlsConfig::builder().add_root_der(b"not DER".to_vec()),
        TlsConfig::builder().client_certificate_pem("", &key),
        TlsConfig::builder().client_certificate_pem(certificate.pem(), &key),
        TlsConfig::builder().client_certificate_pem(certificate.pem(), &no_key),
        TlsConfig::builder()
            .exact_certificate(exact())
            .pin_public_key_sha256([0; 32]),
        TlsConfig::builder()
            .exact_certificate(exact())
            .add_root_pem(other.pem()),
    ];
    for builder in builders {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Request, "{error:?}");
    }
}

#[tokio::test]
async fn other_protocols_than_http_are_protected_alike() {
    let authority = Authority::new();
    let acceptor = Presented::new(&authority.issue("localhost"))
        .alpn(&[b"other"])
        .acceptor();
    let server = Server::start(move |_, io| {
        let acceptor = acceptor.clone();
        async move {
            if let Some(mut io) = accept(&acceptor, io).await {
                io.write_all(b"hello").await.unwrap();
                io.shutdown().await.unwrap();
            }
        }
    })
    .await;
    let config = own_roots(&authority).build().unwrap();
    let config = Arc::new(config.client_config(b"other").await.unwrap());
    let connect = async |name: &'static str| {
        let io = tokio::net::TcpStream::connect(server.addr).await.unwrap();
        tokio_rustls::TlsConnector::from(Arc::clone(&config))
            .connect(name.try_into().unwrap(), io)
            .await
    };
    let mut io = connect("localhost").await.unwrap();
    assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"other"[..]));
    let mut said = String::new();
    io.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "hello");
    let error = connect("example.org").await.unwrap_err();
    let reason = sync_core::hyper::tls::reason(&error).unwrap();
    assert!(reason.contains("example.org"), "{reason}");

    let nobody = TlsConfig::builder().only_added_roots().build().unwrap();
    let error = nobody.client_config(b"other").await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Request, "{error:?}");
}

#[test]
fn the_private_key_is_never_shown() {
    let client = self_signed("client");
    let pem = client.key.serialize_pem();
    let builder =
        TlsConfig::builder().client_certificate_pem(client.pem(), &Secret::new(pem.clone()));
    let mut seen = format!("{builder:?}");
    let config = builder.build().unwrap();
    seen += &format!("{config:?}");
    let transport = HyperTransport::builder().tls(config);
    seen += &format!("{transport:?}");
    seen += &format!("{:?}", transport.build().unwrap());
    assert!(seen.contains("client_certificate: true"), "{seen}");
    for line in pem.lines() {
        assert!(!seen.contains(line));
    }
}

#[cfg(feature = "http2")]
mod alpn {
    use super::*;
    use hyper_support::{read_head, serve_http2};
    use sync_core::Transport;
    use sync_core::transport::OnUpgrade;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Serves HTTP/2 where it was chosen, else an upgrade or a plain answer.
    async fn start(certificate: &Certificate) -> Server {
        let acceptor = Presented::new(certificate)
            .alpn(&[b"h2", b"http/1.1"])
            .acceptor();
        Server::start(move |_, io| {
            let acceptor = acceptor.clone();
            async move {
                let mut io = accept(&acceptor, io).await.unwrap();
                if io.get_ref().1.alpn_protocol() == Some(b"h2") {
                    return serve_http2(io, |_| async { text("h2") }).await;
                }
                let head = read_head(&mut io).await;
                let answer = if head.contains("upgrade: echo") {
                    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                     upgrade: echo\r\n\r\nhello"
                } else {
                    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nh1"
                };
                io.write_all(answer.as_bytes()).await.unwrap();
                io.shutdown().await.unwrap();
            }
        })
        .await
    }

    #[tokio::test]
    async fn http2_is_used_where_offered_and_upgrades_go_beside_it() {
        let certificate = self_signed("127.0.0.1");
        let server = start(&certificate).await;
        let url = format!("https://{}/", server.addr);
        let transport = exact(&certificate);
        for _ in 0..3 {
            let (parts, body) = fetch(&transport, get(&url)).await.unwrap();
            assert_eq!(
                (parts.version, &body[..]),
                (http::Version::HTTP_2, &b"h2"[..])
            );
        }
        assert_eq!(server.accepted(), 1);

        let mut request = get(&url);
        let headers = request.headers_mut();
        headers.insert("connection", "Upgrade".parse().unwrap());
        headers.insert("upgrade", "echo".parse().unwrap());
        let mut response = transport.send(request).await.unwrap();
        assert_eq!(response.status(), 101);
        let mut io = OnUpgrade::take(&mut response).unwrap().await.unwrap();
        let mut heard = String::new();
        io.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "hello");
        assert_eq!(server.accepted(), 2);
        assert_eq!(fetch(&transport, get(&url)).await.unwrap().1, "h2");
        assert_eq!(server.accepted(), 2);
    }

    #[tokio::test]
    async fn http1_can_be_insisted_on() {
        let certificate = self_signed("127.0.0.1");
        let server = start(&certificate).await;
        let trusted = ExactCertificate::sha256(certificate.sha256());
        let transport = HyperTransport::builder()
            .http1_only()
            .tls(
                TlsConfig::builder()
                    .exact_certificate(trusted)
                    .build()
                    .unwrap(),
            )
            .build()
            .unwrap();
        let url = format!("https://{}/", server.addr);
        assert_eq!(fetch(&transport, get(&url)).await.unwrap().1, "h1");
    }
}

#[tokio::test]
async fn the_end_of_a_connection_is_announced() {
    let certificate = self_signed("localhost");
    let acceptor = Presented::new(&certificate).acceptor();
    let (arrive, mut arrived) = mpsc::unbounded_channel();
    let (end, mut ended) = mpsc::unbounded_channel();
    let server = Server::start(move |_, io| {
        let (acceptor, arrive, end) = (acceptor.clone(), arrive.clone(), end.clone());
        async move {
            let mut io = accept(&acceptor, io).await.unwrap();
            let head = read_head(&mut io).await;
            if let Some(length) = head
                .strip_prefix("GET /")
                .and_then(|path| path.chars().next())
            {
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nab");
                io.write_all(answer.as_bytes()).await.unwrap();
            }
            arrive.send(()).unwrap();
            // An end without an alert is an error here.
            let last = io.read(&mut [0]).await;
            end.send(last.map_err(|error| error.kind())).unwrap();
        }
    })
    .await;
    let transport = exact(&certificate);
    let url = |path| format!("https://localhost:{}{path}", server.addr.port());

    // Cut off before the answer.
    tokio::select! {
        _ = transport.send(post(&url("/"), "")) => panic!("nobody answers"),
        _ = arrived.recv() => {}
    }
    assert_eq!(ended.recv().await.unwrap(), Ok(0));

    // Cut off within the answer.
    let (request, attempt) = with_attempt(get(&url("/9")));
    let answer = transport.send(request).await.unwrap();
    attempt.mark_timed_out();
    drop(answer);
    assert_eq!(ended.recv().await.unwrap(), Ok(0));

    // Unused.
    fetch(&transport, get(&url("/2"))).await.unwrap();
    drop(transport);
    assert_eq!(ended.recv().await.unwrap(), Ok(0));
}
