//! HTTP/2: shared connections, and when they are given up.

#![cfg(all(feature = "hyper", feature = "http2"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_support::{
    Server, burst, fetch, get, post, read_head, read_to_close, serve_http2, text, with_attempt,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sync_core::Transport;
use sync_core::hyper::{Connector, ConnectorIo, HyperTransport};
use sync_core::transport::{Body, Delivery, OnUpgrade, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};

fn h2() -> HyperTransport {
    HyperTransport::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap()
}

#[tokio::test]
async fn many_calls_share_one_connection() {
    let server = Server::start(|_, io| serve_http2(io, |_| async { text("hello") })).await;
    let transport = h2();
    let (parts, _) = fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(parts.version, http::Version::HTTP_2);
    for body in burst(&transport, &server.url("/")).await {
        assert_eq!(body.unwrap(), "hello");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn an_unused_shared_connection_is_closed_by_this_side() {
    let mut server = Server::start(|_, io| serve_http2(io, |_| async { text("hello") })).await;
    let transport = HyperTransport::builder()
        .http2_prior_knowledge()
        .idle_timeout(Duration::from_millis(20))
        .build()
        .unwrap();
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    server.one_closed().await;
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(server.accepted(), 2);
}

/// A server whose first connection swallows everything; later ones answer.
async fn black_hole() -> (Server, mpsc::UnboundedReceiver<()>) {
    let (swallowed, requests) = mpsc::unbounded_channel();
    let server = Server::start(move |number, mut io| {
        let swallowed = swallowed.clone();
        async move {
            if number > 1 {
                return serve_http2(io, |_| async { text("alive") }).await;
            }
            let mut frames = Frames::accept(&mut io).await;
            while frames.next_headers().await {
                swallowed.send(()).unwrap();
            }
        }
    })
    .await;
    (server, requests)
}

#[tokio::test]
async fn a_timed_out_connection_is_not_used_again() {
    let (server, mut swallowed) = black_hole().await;
    let transport = h2();
    let (request, attempt) = with_attempt(get(&server.url("/")));
    let mut call = transport.send(request);
    tokio::select! {
        _ = &mut call => panic!("nobody answers"),
        _ = swallowed.recv() => {}
    }
    attempt.mark_timed_out();
    drop(call);
    let (_, body) = fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(body, "alive");
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_canceled_call_keeps_the_shared_connection() {
    let arrived = Arc::new(Notify::new());
    let signal = Arc::clone(&arrived);
    let server = Server::start(move |_, io| {
        let arrived = Arc::clone(&signal);
        serve_http2(io, move |request| {
            let arrived = Arc::clone(&arrived);
            async move {
                if request.uri().path() == "/silent" {
                    arrived.notify_one();
                    std::future::pending::<()>().await;
                }
                text("alive")
            }
        })
    })
    .await;
    let transport = h2();
    for _ in 0..3 {
        let (request, _attempt) = with_attempt(get(&server.url("/silent")));
        tokio::select! {
            _ = transport.send(request) => panic!("nobody answers"),
            () = arrived.notified() => {}
        }
        fetch(&transport, get(&server.url("/"))).await.unwrap();
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_body_that_timed_out_gives_its_connection_up() {
    let server = Server::start(|_, io| async move {
        let mut connection = h2::server::handshake(io).await.unwrap();
        let mut open = Vec::new();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut body = respond
                .send_response(http::Response::new(()), false)
                .unwrap();
            body.send_data(bytes::Bytes::from_static(b"half"), false)
                .unwrap();
            open.push(body);
        }
    })
    .await;
    let transport = h2();
    for (connections, timed_out) in [(1, false), (1, true), (2, false)] {
        let (request, attempt) = with_attempt(get(&server.url("/")));
        let mut body = transport.send(request).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "half");
        if timed_out {
            attempt.mark_timed_out();
        }
        drop(body);
        assert_eq!(server.accepted(), connections);
    }
}

#[tokio::test]
async fn a_request_that_waits_for_its_turn_is_told_of_the_end_of_the_connection() {
    let (arrived, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (here, ends) = (Arc::clone(&arrived), Arc::clone(&end));
    let server = Server::start(move |number, io| {
        let (arrived, end) = (Arc::clone(&here), Arc::clone(&ends));
        async move {
            if number > 1 {
                return serve_http2(io, |_| async { text("alive") }).await;
            }
            let service = service_fn(move |_| {
                arrived.notify_one();
                pending::<Result<http::Response<Body>, Infallible>>()
            });
            let connection = http2::Builder::new(TokioExecutor::new())
                .max_concurrent_streams(1)
                .serve_connection(TokioIo::new(io), service);
            tokio::select! {
                _ = connection => {}
                () = end.notified() => {}
            }
        }
    })
    .await;
    let transport = h2();
    let call = || {
        let (transport, request) = (transport.clone(), get(&server.url("/")));
        tokio::spawn(async move { transport.send(request).await.map(drop) })
    };
    let first = call();
    arrived.notified().await;
    let others = [call(), call(), call()];
    // Nothing tells when they wait.
    tokio::time::sleep(Duration::from_millis(50)).await;
    end.notify_one();
    first.await.unwrap().unwrap_err();
    let mut ended = 0;
    for other in others {
        // Those behind the next one were not handed over, and go elsewhere.
        if let Err(error) = other.await.unwrap() {
            assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
            ended += 1;
        }
    }
    assert_eq!((ended, server.accepted()), (1, 2));
}

#[tokio::test]
async fn a_refused_stream_was_not_sent() {
    let server = Server::start(|_, io| async move {
        let mut connection = h2::server::handshake(io).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        }
    })
    .await;
    let error = fetch(&h2(), post(&server.url("/"), "x")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn any_other_reset_may_have_been_executed() {
    let server = Server::start(|_, io| async move {
        let mut connection = h2::server::handshake(io).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(h2::Reason::INTERNAL_ERROR);
        }
    })
    .await;
    let error = fetch(&h2(), post(&server.url("/"), "x")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::MaybeSent);
}

#[tokio::test]
async fn goodbye_tells_which_streams_were_not_looked_at() {
    // GOAWAY: the last stream looked at is 0 (none), or 1 (ours).
    for (last, delivery) in [(0, Delivery::NotSent), (1, Delivery::MaybeSent)] {
        let server = Server::start(move |_, mut io| async move {
            let mut frames = Frames::accept(&mut io).await;
            assert!(frames.next_headers().await);
            io.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0])
                .await
                .unwrap();
        })
        .await;
        let error = fetch(&h2(), post(&server.url("/"), "x")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
        assert_eq!(error.delivery(), delivery, "{error:?}");
    }
}

/// Answers every request of a connection, each with a goodbye behind it.
async fn answer_with_goodbye(io: TcpStream, executed: &AtomicUsize) {
    let mut connection = h2::server::handshake(io).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        executed.fetch_add(1, Ordering::SeqCst);
        respond
            .send_response(http::Response::new(()), true)
            .unwrap();
        connection.graceful_shutdown();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_executed_before_a_goodbye_is_never_said_to_be_unsent() {
    let executed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&executed);
    let server = Server::start(move |_, io| {
        let executed = Arc::clone(&count);
        async move { answer_with_goodbye(io, &executed).await }
    })
    .await;
    let transport = h2();
    let mut sent = 0;
    // Whether threads meet in the wrong moment is a matter of luck: often enough.
    for _ in 0..2000 {
        let call = fetch(&transport, post(&server.url("/"), "x"));
        match tokio::time::timeout(Duration::from_secs(20), call).await {
            Err(_) => panic!("a call hangs after {sent} others"),
            Ok(Ok(_)) => sent += 1,
            Ok(Err(error)) => {
                assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}");
                assert_eq!(executed.load(Ordering::SeqCst), sent, "{error:?}");
            }
        }
    }
    assert_eq!(executed.load(Ordering::SeqCst), sent);
}

#[tokio::test]
async fn a_reset_body_is_an_error_after_an_answer() {
    let answered = Arc::new(Notify::new());
    let signal = Arc::clone(&answered);
    let server = Server::start(move |_, io| {
        let answered = Arc::clone(&signal);
        async move {
            let mut connection = h2::server::handshake(io).await.unwrap();
            let (_, mut respond) = connection.accept().await.unwrap().unwrap();
            let mut body = respond
                .send_response(http::Response::new(()), false)
                .unwrap();
            tokio::spawn(async move {
                answered.notified().await;
                body.send_reset(h2::Reason::INTERNAL_ERROR);
            });
            assert!(connection.accept().await.is_none());
        }
    })
    .await;
    let response = h2().send(get(&server.url("/"))).await.unwrap();
    answered.notify_one();
    let error = response.into_body().collect(1000).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::Answered);
}

#[tokio::test]
async fn a_failing_request_body_resets_the_stream_and_is_reported() {
    let server = Server::start(|_, io| {
        serve_http2(io, |request| async move {
            let _ = http_body_util::BodyExt::collect(request.into_body()).await;
            std::future::pending().await
        })
    })
    .await;
    let body = Body::from_stream(Failing);
    let error = fetch(&h2(), post(&server.url("/"), body))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Body, "{error:?}");
    assert_eq!(error.delivery(), Delivery::MaybeSent);
}

struct Failing;

impl futures_core::Stream for Failing {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Err(std::io::Error::other("disk on fire"))))
    }
}

#[tokio::test]
async fn an_upgrade_goes_over_http1_beside_http2() {
    let server = Server::start(|_, mut io| async move {
        let mut first = [0; 3];
        io.peek(&mut first).await.unwrap();
        if &first == b"PRI" {
            return serve_http2(io, |_| async { text("shared") }).await;
        }
        read_head(&mut io).await;
        io.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhi",
        )
        .await
        .unwrap();
    })
    .await;
    let transport = h2();
    assert_eq!(
        fetch(&transport, get(&server.url("/"))).await.unwrap().1,
        "shared"
    );
    let mut request = get(&server.url("/"));
    let headers = request.headers_mut();
    headers.insert("connection", "upgrade".parse().unwrap());
    headers.insert("upgrade", "echo".parse().unwrap());
    let mut response = transport.send(request).await.unwrap();
    assert_eq!(response.status(), 101);
    let mut heard = String::new();
    let mut io = OnUpgrade::take(&mut response).unwrap().await.unwrap();
    io.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hi");
    assert_eq!(
        fetch(&transport, get(&server.url("/"))).await.unwrap().1,
        "shared"
    );
    assert_eq!(server.accepted(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_with_open_streams_is_asked_for_a_sign_of_life() {
    // In memory, as virtual time does not wait for sockets.
    #[derive(Debug)]
    struct Silent(mpsc::UnboundedSender<tokio::io::DuplexStream>);
    #[async_trait::async_trait]
    impl sync_core::hyper::Connector for Silent {
        async fn connect(
            &self,
            _: &http::Uri,
        ) -> std::io::Result<Box<dyn sync_core::hyper::ConnectorIo>> {
            let (here, there) = tokio::io::duplex(64 << 10);
            self.0.send(there).map_err(std::io::Error::other)?;
            Ok(Box::new(here))
        }
    }
    let (sender, mut pipes) = mpsc::unbounded_channel();
    let transport = HyperTransport::builder()
        .http2_prior_knowledge()
        .connector(Silent(sender))
        .build()
        .unwrap();
    let call = tokio::spawn(async move { fetch(&transport, get("http://silent.test/")).await });
    let mut pipe = pipes.recv().await.unwrap();
    pipe.write_all(SETTINGS).await.unwrap();
    let listening = tokio::spawn(async move { read_to_close(&mut pipe).await });
    let start = tokio::time::Instant::now();
    let call = tokio::time::timeout(Duration::from_secs(300), call);
    let error = call.await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::MaybeSent);
    // Virtual time: 20 s of silence, then 10 s for the answer to the ping.
    assert_eq!(start.elapsed().as_secs(), Duration::from_secs(30).as_secs());
    listening.await.unwrap();
}

/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// The frames that a client sends.
struct Frames<'a>(&'a mut TcpStream);

impl<'a> Frames<'a> {
    async fn accept(io: &'a mut TcpStream) -> Self {
        let mut preface = [0; 24];
        io.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        io.write_all(SETTINGS).await.unwrap();
        Self(io)
    }

    /// Waits for the next HEADERS frame; false at the end.
    async fn next_headers(&mut self) -> bool {
        loop {
            let mut head = [0; 9];
            if self.0.read_exact(&mut head).await.is_err() {
                return false;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            if self.0.read_exact(&mut payload).await.is_err() {
                return false;
            }
            if head[3] == 1 {
                return true;
            }
        }
    }
}

fn one_at_a_time() -> HyperTransport {
    HyperTransport::builder()
        .http2_prior_knowledge()
        .max_connections(1)
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_unused_connection_makes_room_for_another_host() {
    let mut one = Server::start(|_, io| serve_http2(io, |_| async { text("one") })).await;
    let two = Server::start(|_, io| serve_http2(io, |_| async { text("two") })).await;
    let transport = one_at_a_time();
    fetch(&transport, get(&one.url("/"))).await.unwrap();
    let (_, body) = fetch(&transport, get(&two.url("/"))).await.unwrap();
    assert_eq!(body, "two");
    one.one_closed().await;
}

#[tokio::test]
async fn a_connection_makes_room_when_its_last_exchange_ends() {
    let one = Server::start(|_, io| serve_http2(io, |_| async { text("one") })).await;
    let two = Server::start(|_, io| serve_http2(io, |_| async { text("two") })).await;
    let transport = one_at_a_time();
    let answer = transport.send(get(&one.url("/"))).await.unwrap();
    let waiting = tokio::spawn({
        let (transport, request) = (transport.clone(), get(&two.url("/")));
        async move { fetch(&transport, request).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(two.accepted(), 0);
    assert_eq!(answer.into_body().collect(3).await.unwrap(), "one");
    assert_eq!(waiting.await.unwrap().unwrap().1, "two");
}

#[tokio::test]
async fn a_host_that_is_called_over_and_over_leaves_its_place_to_another() {
    let one = Server::start(|_, io| serve_http2(io, |_| async { text("one") })).await;
    let two = Server::start(|_, io| serve_http2(io, |_| async { text("two") })).await;
    let transport = one_at_a_time();
    let calling = {
        let (transport, url) = (transport.clone(), one.url("/"));
        async move {
            loop {
                fetch(&transport, get(&url)).await.unwrap();
            }
        }
    };
    let other = fetch(&transport, get(&two.url("/")));
    tokio::select! {
        biased;
        () = calling => {}
        answer = other => assert_eq!(answer.unwrap().1, "two"),
    }
    assert_eq!(one.accepted(), 1);
}

/// Its first connection is never made.
#[derive(Debug)]
struct SlowAtFirst {
    server: std::net::SocketAddr,
    connects: Arc<AtomicUsize>,
    begun: Arc<Notify>,
}

#[async_trait::async_trait]
impl Connector for SlowAtFirst {
    async fn connect(&self, _: &http::Uri) -> std::io::Result<Box<dyn ConnectorIo>> {
        if self.connects.fetch_add(1, Ordering::SeqCst) == 0 {
            self.begun.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(Box::new(TcpStream::connect(self.server).await?))
    }
}

#[tokio::test]
async fn one_other_call_connects_for_all_when_the_first_is_given_up() {
    let server = Server::start(|_, io| serve_http2(io, |_| async { text("hello") })).await;
    let (connects, begun): (Arc<AtomicUsize>, Arc<Notify>) = Default::default();
    let transport = HyperTransport::builder()
        .http2_prior_knowledge()
        .connector(SlowAtFirst {
            server: server.addr,
            connects: Arc::clone(&connects),
            begun: Arc::clone(&begun),
        })
        .build()
        .unwrap();
    let call = || {
        let (transport, request) = (transport.clone(), get(&server.url("/")));
        tokio::spawn(async move { fetch(&transport, request).await })
    };
    let first = call();
    begun.notified().await;
    let others = [call(), call(), call()];
    tokio::task::yield_now().await;
    first.abort();
    for call in others {
        assert_eq!(call.await.unwrap().unwrap().1, "hello");
    }
    assert_eq!(connects.load(Ordering::SeqCst), 2);
}
