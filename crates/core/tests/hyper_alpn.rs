//! Connections over TLS, whose version of HTTP the server chooses.

#![cfg(all(feature = "hyper", feature = "http2", feature = "rustls-ring"))]
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
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Response, Version};
use http_body_util::Full;
use hyper_support::{Server, fetch, get, read_head, serve_http1, serve_http2};
use sync_core::Transport;
use sync_core::hyper::{
    Connector, ConnectorIo, ExactCertificate, HyperTransport, HyperTransportBuilder, TlsConfig,
};
use sync_core::transport::{Delivery, Phase, TransportErrorKind};
use tls::{Certificate, Presented, accept, self_signed};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];
const HTTP1: &[&[u8]] = &[b"http/1.1"];
const LARGE: usize = 8 << 20;

fn trusting(certificate: &Certificate) -> HyperTransportBuilder {
    let exact = ExactCertificate::sha256(certificate.sha256());
    let tls = TlsConfig::builder().exact_certificate(exact);
    HyperTransport::builder().tls(tls.build().unwrap())
}

/// Answers in the version that was chosen, with the number of the connection;
/// `/large` with [`LARGE`] bytes.
async fn serve(number: usize, acceptor: TlsAcceptor, io: tokio::net::TcpStream) {
    let Some(io) = accept(&acceptor, io).await else {
        return;
    };
    let answer = move |request: http::Request<hyper::body::Incoming>| async move {
        Response::new(Full::new(match request.uri().path() {
            "/large" => noise(),
            _ => Bytes::from(number.to_string()),
        }))
    };
    match io.get_ref().1.alpn_protocol() {
        Some(b"h2") => serve_http2(io, answer).await,
        _ => serve_http1(io, answer).await,
    }
}

async fn start(certificate: &Certificate, alpn: &'static [&'static [u8]]) -> Server {
    let acceptor = Presented::new(certificate).alpn(alpn).acceptor();
    Server::start(move |number, io| serve(number, acceptor.clone(), io)).await
}

/// Bytes without a pattern that a lost or doubled piece could hide in.
fn noise() -> Bytes {
    (0..LARGE as u32 / 4)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

fn url(server: &Server, path: &str) -> String {
    format!("https://{}{path}", server.addr)
}

type Called = JoinHandle<Result<(http::response::Parts, Bytes), sync_core::TransportError>>;

/// So many calls at a time.
fn burst(transport: &HyperTransport, url: &str, calls: usize) -> Vec<Called> {
    (0..calls)
        .map(|_| {
            let (transport, request) = (transport.clone(), get(url));
            tokio::spawn(async move { fetch(&transport, request).await })
        })
        .collect()
}

async fn a_cold_burst() {
    let certificate = self_signed("127.0.0.1");
    let server = start(&certificate, BOTH).await;
    let transport = trusting(&certificate).build().unwrap();
    for call in burst(&transport, &url(&server, "/"), 20) {
        let (parts, _) = call.await.unwrap().unwrap();
        assert_eq!(parts.version, Version::HTTP_2);
    }
    let (_, shared) = fetch(&transport, get(&url(&server, "/"))).await.unwrap();
    for call in burst(&transport, &url(&server, "/"), 20) {
        assert_eq!(call.await.unwrap().unwrap().1, shared);
    }
}

#[tokio::test]
async fn the_first_calls_find_out_the_version_and_later_ones_share_a_connection() {
    a_cold_burst().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_calls_find_out_the_version_on_several_threads() {
    a_cold_burst().await;
}

#[tokio::test]
async fn connections_to_a_host_that_chooses_http1_are_kept() {
    let certificate = self_signed("127.0.0.1");
    let server = start(&certificate, HTTP1).await;
    let transport = trusting(&certificate).build().unwrap();
    for _ in 0..5 {
        let (parts, body) = fetch(&transport, get(&url(&server, "/"))).await.unwrap();
        assert_eq!((parts.version, &body[..]), (Version::HTTP_11, &b"1"[..]));
    }
    for call in burst(&transport, &url(&server, "/"), 20) {
        call.await.unwrap().unwrap();
    }
    assert!(server.accepted() <= 20, "{} connections", server.accepted());
}

/// Answers one call over HTTP/2 and says goodbye; from then on other calls are
/// answered over HTTP/1.1.
async fn replaced(certificate: &Certificate) -> Server {
    let before = Presented::new(certificate).alpn(BOTH).acceptor();
    let after = Presented::new(certificate).alpn(HTTP1).acceptor();
    Server::start(move |number, io| {
        let (before, after) = (before.clone(), after.clone());
        async move {
            if number > 1 {
                return serve(number, after, io).await;
            }
            let io = accept(&before, io).await.unwrap();
            let mut connection = h2::server::handshake(io).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                respond.send_response(Response::new(()), true).unwrap();
                connection.graceful_shutdown();
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_host_that_speaks_http2_no_more_is_spoken_to_in_http1() {
    let certificate = self_signed("127.0.0.1");
    let mut server = replaced(&certificate).await;
    let transport = trusting(&certificate).build().unwrap();
    let (parts, _) = fetch(&transport, get(&url(&server, "/"))).await.unwrap();
    assert_eq!(parts.version, Version::HTTP_2);
    server.one_closed().await;
    for call in burst(&transport, &url(&server, "/"), 10) {
        let answer = match call.await.unwrap() {
            // It has met the goodbye half-way.
            Err(error) if error.delivery() == Delivery::NotSent => {
                fetch(&transport, get(&url(&server, "/"))).await
            }
            other => other,
        };
        assert_eq!(answer.unwrap().0.version, Version::HTTP_11);
    }
    let before = server.accepted();
    fetch(&transport, get(&url(&server, "/"))).await.unwrap();
    assert_eq!(server.accepted(), before);
}

#[tokio::test]
async fn a_burst_outlives_the_caller_that_was_to_connect() {
    let certificate = self_signed("127.0.0.1");
    let mut server = replaced(&certificate).await;
    let transport = trusting(&certificate).build().unwrap();
    fetch(&transport, get(&url(&server, "/"))).await.unwrap();
    server.one_closed().await;
    // On one thread: they queue up in this order.
    let mut calls = burst(&transport, &url(&server, "/"), 10);
    tokio::task::yield_now().await;
    let first = calls.remove(0);
    first.abort();
    for call in calls {
        match call.await.unwrap() {
            Ok((parts, _)) => assert_eq!(parts.version, Version::HTTP_11),
            Err(error) => assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}"),
        }
    }
    fetch(&transport, get(&url(&server, "/"))).await.unwrap();
}

async fn a_large_body() {
    let certificate = self_signed("127.0.0.1");
    let mut server = start(&certificate, HTTP1).await;
    let transport = trusting(&certificate).max_connections(1).build().unwrap();
    for _ in 0..2 {
        let (parts, body) = fetch(&transport, get(&url(&server, "/large")))
            .await
            .unwrap();
        assert_eq!(parts.version, Version::HTTP_11);
        assert_eq!(body.len(), LARGE);
        assert!(body == noise());
        // Only one connection may be open: it comes back.
        let (_, body) = fetch(&transport, get(&url(&server, "/"))).await.unwrap();
        assert_eq!(body, "1");
    }
    let response = transport.send(get(&url(&server, "/large"))).await.unwrap();
    let mut body = response.into_body();
    let mut read = 0;
    while read < LARGE / 2 {
        read += body.chunk().await.unwrap().unwrap().len();
    }
    drop(body);
    server.one_closed().await;
    let (_, body) = fetch(&transport, get(&url(&server, "/"))).await.unwrap();
    assert_eq!(body, "2");
}

#[tokio::test]
async fn a_large_body_arrives_whole_and_costs_its_connection_only_when_dropped() {
    a_large_body().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_body_arrives_whole_on_several_threads() {
    a_large_body().await;
}

#[tokio::test]
async fn a_dropped_call_closes_a_connection_that_has_a_task_of_its_own() {
    let certificate = self_signed("127.0.0.1");
    let acceptor = Presented::new(&certificate).alpn(HTTP1).acceptor();
    let (silent, mut silence) = mpsc::unbounded_channel();
    let mut server = Server::start(move |_, io| {
        let (acceptor, silent) = (acceptor.clone(), silent.clone());
        async move {
            let io = accept(&acceptor, io).await.unwrap();
            serve_http1(io, move |request| {
                let silent = silent.clone();
                async move {
                    if request.uri().path() == "/silent" {
                        silent.send(()).unwrap();
                        std::future::pending::<()>().await;
                    }
                    Response::new(Full::new(noise()))
                }
            })
            .await;
        }
    })
    .await;
    let transport = trusting(&certificate).max_connections(1).build().unwrap();
    fetch(&transport, get(&url(&server, "/large")))
        .await
        .unwrap();
    tokio::select! {
        _ = transport.send(get(&url(&server, "/silent"))) => panic!("nobody answers"),
        _ = silence.recv() => {}
    }
    server.one_closed().await;
    fetch(&transport, get(&url(&server, "/large")))
        .await
        .unwrap();
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_body_that_tls_does_not_end_is_not_whole() {
    let certificate = self_signed("127.0.0.1");
    let acceptor = Presented::new(&certificate).alpn(HTTP1).acceptor();
    let server = Server::start(move |_, io| {
        let acceptor = acceptor.clone();
        async move {
            let mut io = accept(&acceptor, io).await.unwrap();
            let head = read_head(&mut io).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf";
            io.write_all(answer).await.unwrap();
            io.flush().await.unwrap();
            match head.contains("/ended") {
                true => io.shutdown().await.unwrap(),
                // The end of TCP, which anybody on the way can forge.
                false => io.get_mut().0.shutdown().await.unwrap(),
            }
        }
    })
    .await;
    let transport = trusting(&certificate).build().unwrap();
    let ended = fetch(&transport, get(&url(&server, "/ended"))).await;
    assert_eq!(ended.unwrap().1, "half");
    let error = fetch(&transport, get(&url(&server, "/cut")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
    assert_eq!(error.delivery(), Delivery::Answered, "{error:?}");
}

/// Pipes to a server, for as long as there is one. Then nobody answers.
#[derive(Debug)]
struct Pipes {
    server: mpsc::UnboundedSender<DuplexStream>,
    is_gone: Arc<AtomicBool>,
}

#[async_trait::async_trait]
impl Connector for Pipes {
    async fn connect(&self, _: &http::Uri) -> std::io::Result<Box<dyn ConnectorIo>> {
        if self.is_gone.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let (here, there) = tokio::io::duplex(64 << 10);
        self.server.send(there).map_err(std::io::Error::other)?;
        Ok(Box::new(here))
    }
}

/// A transport whose host has spoken HTTP/2, whose connection to it was closed,
/// and where new connections end up.
async fn widowed() -> (
    HyperTransport,
    Arc<AtomicBool>,
    mpsc::UnboundedReceiver<DuplexStream>,
) {
    let certificate = self_signed("host.test");
    let acceptor = Presented::new(&certificate).alpn(BOTH).acceptor();
    let (server, mut pipes) = mpsc::unbounded_channel();
    let is_gone = Arc::new(AtomicBool::new(false));
    let connector = Pipes {
        server,
        is_gone: Arc::clone(&is_gone),
    };
    let transport = trusting(&certificate).connector(connector).build().unwrap();
    let first = tokio::spawn({
        let transport = transport.clone();
        async move { fetch(&transport, get("https://host.test/")).await }
    });
    let io = acceptor.accept(pipes.recv().await.unwrap()).await.unwrap();
    let mut connection = h2::server::handshake(io).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        respond.send_response(Response::new(()), true).unwrap();
        connection.graceful_shutdown();
    }
    let (parts, _) = first.await.unwrap().unwrap();
    assert_eq!(parts.version, Version::HTTP_2);
    drop(connection);
    (transport, is_gone, pipes)
}

#[tokio::test(start_paused = true)]
async fn calls_that_wait_for_one_connection_do_not_wait_one_after_another() {
    let (transport, is_gone, _pipes) = widowed().await;
    is_gone.store(true, Ordering::SeqCst);
    let start = Instant::now();
    for call in burst(&transport, "https://host.test/", 5) {
        let error = call.await.unwrap().unwrap_err();
        let connecting = TransportErrorKind::Timeout(Phase::Connect);
        assert_eq!(error.kind(), connecting, "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    // Virtual time: the limit for connecting, once.
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_fails_fails_each_call_at_once() {
    let (transport, _, mut pipes) = widowed().await;
    tokio::spawn(async move { while pipes.recv().await.is_some() {} });
    let start = Instant::now();
    for call in burst(&transport, "https://host.test/", 5) {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    assert_eq!(start.elapsed().as_secs(), 0);
}
