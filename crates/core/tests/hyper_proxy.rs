//! Proxies: what goes through them, and what they get to see.

#![cfg(all(feature = "hyper", feature = "proxy", feature = "rustls-ring"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;
#[path = "hyper_support/tls.rs"]
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hyper_support::{Server, fetch, get, read_head, serve_http1, text};
use sync_core::hyper::{ExactCertificate, HyperTransport, Proxy, TlsConfig};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Body, Secret};
use tls::{Certificate, Presented, accept, self_signed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

/// A proxy that keeps the heads of what it was asked, and refuses what comes
/// without credentials when it wants some.
struct TinyProxy {
    server: Server,
    heads: Arc<Mutex<Vec<String>>>,
}

impl TinyProxy {
    async fn start(wanted: Option<&'static str>) -> Self {
        Self::over(wanted, None).await
    }

    /// A proxy that itself is reached over TLS, perhaps.
    async fn over(wanted: Option<&'static str>, certificate: Option<&Certificate>) -> Self {
        let acceptor = certificate.map(|certificate| Presented::new(certificate).acceptor());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heads);
        let server = Server::start(move |_, io| {
            let (heads, acceptor) = (Arc::clone(&kept), acceptor.clone());
            async move {
                match acceptor {
                    None => relay(io, &heads, wanted).await,
                    Some(acceptor) => {
                        let io = accept(&acceptor, io).await.unwrap();
                        relay(io, &heads, wanted).await;
                    }
                }
            }
        })
        .await;
        Self { server, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.server.addr)
    }
}

async fn relay(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    heads: &Mutex<Vec<String>>,
    wanted: Option<&str>,
) {
    let head = read_head(&mut io).await;
    heads.lock().unwrap().push(head.clone());
    if wanted.is_some_and(|wanted| !head.contains(wanted)) {
        io.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        return;
    }
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let authority = match method {
        "CONNECT" => target.to_owned(),
        _ => {
            let uri: http::Uri = target.parse().unwrap();
            uri.authority().unwrap().to_string()
        }
    };
    let mut upstream = TcpStream::connect(authority).await.unwrap();
    if method == "CONNECT" {
        io.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await
            .unwrap();
    } else {
        upstream.write_all(head.as_bytes()).await.unwrap();
    }
    let _ = copy_bidirectional(&mut io, &mut upstream).await;
}

/// A server over TLS that answers with the request's own headers.
async fn secure(certificate: &Certificate) -> Server {
    let acceptor = Presented::new(certificate).acceptor();
    Server::start(move |_, io| {
        let acceptor = acceptor.clone();
        async move {
            let io = accept(&acceptor, io).await.unwrap();
            serve_http1(io, echo_headers).await;
        }
    })
    .await
}

async fn echo_headers(
    request: http::Request<hyper::body::Incoming>,
) -> http::Response<http_body_util::Full<bytes::Bytes>> {
    http::Response::new(format!("{:?}", request.headers()).into())
}

fn trusting(certificate: &Certificate) -> TlsConfig {
    TlsConfig::builder()
        .exact_certificate(ExactCertificate::sha256(certificate.sha256()))
        .build()
        .unwrap()
}

fn through(proxy: Proxy) -> HyperTransport {
    HyperTransport::builder().proxy(proxy).build().unwrap()
}

fn get_with_key(url: &str) -> http::Request<Body> {
    let mut request = get(url);
    request
        .headers_mut()
        .insert("x-api-key", "for-the-server".parse().unwrap());
    request
}

const CREDENTIALS: &str = "proxy-authorization: Basic cmVhZGVyOnMzY3JldA==";

fn with_credentials(proxy: Proxy) -> Proxy {
    proxy.credentials("reader", Secret::from("s3cret"))
}

#[tokio::test]
async fn http_is_handed_to_the_proxy_with_its_whole_uri() {
    let proxy = TinyProxy::start(Some(CREDENTIALS)).await;
    let server = Server::http1(|_| async { text("hello") }).await;
    let transport = through(with_credentials(Proxy::new(&proxy.url("http")).unwrap()));
    let (_, body) = fetch(&transport, get(&server.url("/path?q=1")))
        .await
        .unwrap();
    assert_eq!(body, "hello");
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1);
    let line = format!("GET http://{}/path?q=1 HTTP/1.1\r\n", server.addr);
    assert!(heads[0].starts_with(&line), "{heads:?}");
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_shows_nothing() {
    let proxy = TinyProxy::start(Some("Proxy-Authorization: Basic")).await;
    let certificate = self_signed("127.0.0.1");
    let server = secure(&certificate).await;
    let transport = HyperTransport::builder()
        .proxy(with_credentials(Proxy::new(&proxy.url("http")).unwrap()))
        .tls(trusting(&certificate))
        .build()
        .unwrap();
    let url = format!("https://{}/path", server.addr);
    let (_, headers) = fetch(&transport, get_with_key(&url)).await.unwrap();
    let headers = String::from_utf8(headers.to_vec()).unwrap();
    assert!(headers.contains("for-the-server"), "{headers}");
    assert!(!headers.contains("proxy-authorization"), "{headers}");
    let heads = proxy.heads();
    assert!(
        heads[0].starts_with(&format!("CONNECT {} ", server.addr)),
        "{heads:?}"
    );
    assert!(!heads[0].contains("for-the-server"), "{heads:?}");
}

#[tokio::test]
async fn a_proxy_may_itself_be_reached_over_tls() {
    let (front, back) = (self_signed("proxy"), self_signed("server"));
    let proxy = TinyProxy::over(Some(CREDENTIALS), Some(&front)).await;
    let server = Server::http1(|_| async { text("hello") }).await;
    let address = proxy.url("https");
    let build = |tls| {
        let proxy = with_credentials(Proxy::new(&address).unwrap()).tls(tls);
        HyperTransport::builder()
            .proxy(proxy)
            .tls(trusting(&back))
            .build()
            .unwrap()
    };
    let trusted = build(trusting(&front));
    assert_eq!(
        fetch(&trusted, get(&server.url("/"))).await.unwrap().1,
        "hello"
    );

    // Trust in the servers behind is no trust in the proxy.
    let distrusted = build(trusting(&back));
    let error = fetch(&distrusted, get(&server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Tls);
    assert_eq!(proxy.heads().len(), 1);
}

#[tokio::test]
async fn hosts_of_the_no_proxy_list_are_reached_directly() {
    let proxy = TinyProxy::start(None).await;
    let server = Server::http1(echo_headers).await;
    let rules = with_credentials(Proxy::new(&proxy.url("http")).unwrap())
        .no_proxy("internal.example, 127.0.0.0/8");
    let transport = through(rules);
    let (_, headers) = fetch(&transport, get(&server.url("/"))).await.unwrap();
    let headers = String::from_utf8(headers.to_vec()).unwrap();
    assert!(!headers.contains("proxy-authorization"), "{headers}");
    assert_eq!(proxy.heads(), Vec::<String>::new());
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_is_named() {
    let proxy = TinyProxy::start(Some("never sent")).await;
    let transport = through(with_credentials(Proxy::new(&proxy.url("http")).unwrap()));
    let error = fetch(&transport, get("https://server.example/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.delivery(), Delivery::NotSent);
    let message = format!("{error} {error:?}");
    assert!(
        message.contains(&proxy.server.addr.to_string()),
        "{message}"
    );
    assert!(message.contains("authorization required"), "{message}");
    assert!(!message.contains("s3cret"), "{message}");
    assert!(!message.contains("cmVhZGVy"), "{message}");
}

#[tokio::test]
async fn socks5_carries_both_kinds_and_gets_the_name_to_look_up() {
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let certificate = self_signed("localhost");
    let plain = Server::http1(|_| async { text("plain") }).await;
    let secure = secure(&certificate).await;
    let proxy = Server::start(move |_, mut io| {
        let sender = sender.clone();
        async move {
            let (target, address) = socks(&mut io).await;
            sender.send(target).unwrap();
            let mut upstream = TcpStream::connect(address).await.unwrap();
            let _ = copy_bidirectional(&mut io, &mut upstream).await;
        }
    })
    .await;
    let transport = HyperTransport::builder()
        .proxy(with_credentials(
            Proxy::new(&format!("socks5://{}", proxy.addr)).unwrap(),
        ))
        .tls(trusting(&certificate))
        .build()
        .unwrap();
    let url = format!("http://localhost:{}/", plain.addr.port());
    assert_eq!(fetch(&transport, get(&url)).await.unwrap().1, "plain");
    let url = format!("https://localhost:{}/", secure.addr.port());
    let (_, headers) = fetch(&transport, get_with_key(&url)).await.unwrap();
    assert!(!headers.is_empty());
    for port in [plain.addr.port(), secure.addr.port()] {
        assert_eq!(asked.recv().await.unwrap(), format!("localhost:{port}"));
    }
}

/// The server's side of a SOCKS5 handshake (RFC 1928, RFC 1929).
async fn socks(io: &mut TcpStream) -> (String, SocketAddr) {
    let mut greeting = [0; 3];
    io.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, [5, 1, 2]);
    io.write_all(&[5, 2]).await.unwrap();
    let mut login = [0; 15];
    io.read_exact(&mut login).await.unwrap();
    assert_eq!(&login, b"\x01\x06reader\x06s3cret");
    io.write_all(&[1, 0]).await.unwrap();
    let mut head = [0; 5];
    io.read_exact(&mut head).await.unwrap();
    assert_eq!(head[..4], [5, 1, 0, 3]);
    let mut rest = vec![0; usize::from(head[4]) + 2];
    io.read_exact(&mut rest).await.unwrap();
    let (name, port) = rest.split_at(rest.len() - 2);
    let port = u16::from_be_bytes([port[0], port[1]]);
    io.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
        .await
        .unwrap();
    let name = format!("{}:{port}", std::str::from_utf8(name).unwrap());
    (name, SocketAddr::from(([127, 0, 0, 1], port)))
}

#[test]
fn addresses_that_are_no_proxies_are_refused_without_repeating_them() {
    for url in [
        "nonsense",
        "ftp://proxy:21",
        "http://reader:s3cret@proxy:3128",
    ] {
        let error = Proxy::new(url).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Request);
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_unix_socket_and_a_proxy_exclude_each_other() {
    let error = HyperTransport::builder()
        .unix_socket("daemon.sock")
        .proxy(Proxy::new("http://proxy:3128").unwrap())
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Request);
}

#[test]
fn credentials_are_never_shown() {
    let proxy = with_credentials(Proxy::new("http://proxy:3128").unwrap());
    let mut seen = format!("{proxy:?}");
    let builder = HyperTransport::builder().proxy(proxy);
    seen += &format!("{builder:?}");
    seen += &format!("{:?}", builder.build().unwrap());
    assert!(seen.contains("[redacted]"), "{seen}");
    assert!(!seen.contains("s3cret"), "{seen}");
    assert!(!seen.contains("reader"), "{seen}");
}
