//! How many connections are open: limits, waiting, and making room.

#![cfg(feature = "hyper")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper_support::{Server, burst, fetch, get, halting, piped, read_head, text, transport};
use sync_core::hyper::{Connector, ConnectorIo, HyperTransport};
use sync_core::transport::{Delivery, Phase, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let server = Server::http1(|_| async { text("") }).await;
    let url = server.url("/");
    drop(server);
    // The port is free now, or about to be.
    let error = loop {
        match fetch(&transport(), get(&url)).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) if error.kind() == TransportErrorKind::Reset => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
}

/// Never connects.
#[derive(Debug)]
struct BlackHole;

#[async_trait::async_trait]
impl Connector for BlackHole {
    async fn connect(&self, _: &http::Uri) -> std::io::Result<Box<dyn ConnectorIo>> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn connecting_has_its_own_time_limit() {
    let transport = HyperTransport::builder()
        .connector(BlackHole)
        .build()
        .unwrap();
    let error = fetch(&transport, get("http://192.0.2.1/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Connect));
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("192.0.2.1:80"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn more_connections_than_allowed_have_to_wait() {
    let (transport, mut pipes) = piped(1);
    let first = tokio::spawn({
        let transport = transport.clone();
        async move { fetch(&transport, get("http://one.test/")).await }
    });
    let mut pipe = pipes.recv().await.unwrap();
    let error = fetch(&transport, get("http://two.test/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Connect));
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("as many connections"), "{error}");
    assert!(pipes.try_recv().is_err());

    read_head(&mut pipe).await;
    pipe.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")
        .await
        .unwrap();
    assert_eq!(first.await.unwrap().unwrap().1, "ok");
    drop(pipe);
    // The place is free again.
    let second = tokio::spawn(async move { fetch(&transport, get("http://two.test/")).await });
    let mut pipe = pipes.recv().await.unwrap();
    assert!(read_head(&mut pipe).await.contains("host: two.test"));
    pipe.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .await
        .unwrap();
    assert_eq!(second.await.unwrap().unwrap().1, "ok");
}

#[tokio::test]
async fn calls_that_wait_share_the_one_connection_that_may_be_open() {
    let server = Server::http1(|_| async { text("hello") }).await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    for body in burst(&transport, &server.url("/")).await {
        assert_eq!(body.unwrap(), "hello");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_call_that_gives_up_waiting_loses_no_connection() {
    let arrived = Arc::new(Notify::new());
    let goes_on = Arc::new(Notify::new());
    let (signal, gate) = (Arc::clone(&arrived), Arc::clone(&goes_on));
    let server = Server::http1(move |_| {
        let (arrived, goes_on) = (Arc::clone(&signal), Arc::clone(&gate));
        async move {
            arrived.notify_one();
            goes_on.notified().await;
            text("hello")
        }
    })
    .await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    let first = tokio::spawn({
        let (transport, request) = (transport.clone(), get(&server.url("/")));
        async move { fetch(&transport, request).await }
    });
    arrived.notified().await;
    let mut second = transport.send(get(&server.url("/")));
    let polled = std::future::poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx))).await;
    assert!(polled.is_pending());
    goes_on.notify_one();
    first.await.unwrap().unwrap();
    // It has been handed the connection, and never looks.
    drop(second);
    goes_on.notify_one();
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn an_unused_connection_makes_room_for_another_host() {
    let mut one = Server::http1(|_| async { text("one") }).await;
    let two = Server::http1(|_| async { text("two") }).await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    fetch(&transport, get(&one.url("/"))).await.unwrap();
    let (_, body) = fetch(&transport, get(&two.url("/"))).await.unwrap();
    assert_eq!(body, "two");
    one.one_closed().await;
}

#[tokio::test]
async fn a_connection_that_gets_free_makes_room_for_another_host() {
    let (rest, sent) = (Arc::default(), Arc::default());
    let one = halting(&rest, &sent).await;
    let two = Server::http1(|_| async { text("two") }).await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    let answer = transport.send(get(&one.url("/"))).await.unwrap();
    let waiting = tokio::spawn({
        let (transport, request) = (transport.clone(), get(&two.url("/")));
        async move { fetch(&transport, request).await }
    });
    tokio::task::yield_now().await;
    assert_eq!(two.accepted(), 0);
    rest.notify_one();
    assert_eq!(answer.into_body().collect(6).await.unwrap(), "abcdef");
    assert_eq!(waiting.await.unwrap().unwrap().1, "two");
}

#[tokio::test(start_paused = true)]
async fn a_busy_host_leaves_its_place_to_who_has_waited_for_longer() {
    const PAUSE: Duration = Duration::from_millis(10);
    let (transport, mut pipes) = piped(1);
    tokio::spawn(async move {
        while let Some(mut pipe) = pipes.recv().await {
            while !read_head(&mut pipe).await.is_empty() {
                tokio::time::sleep(PAUSE).await;
                pipe.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await
                    .unwrap();
            }
        }
    });
    for _ in 0..3 {
        let transport = transport.clone();
        tokio::spawn(async move {
            loop {
                fetch(&transport, get("http://busy.test/")).await.unwrap();
            }
        });
    }
    tokio::time::sleep(10 * PAUSE + PAUSE / 2).await;
    for _ in 0..3 {
        let begun = tokio::time::Instant::now();
        fetch(&transport, get("http://other.test/")).await.unwrap();
        // After the three that came first.
        let turns = begun.elapsed().as_millis() / PAUSE.as_millis();
        assert!(turns <= 4, "{turns} turns");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_server_has_closed_is_no_room() {
    let (transport, mut pipes) = piped(2);
    let call = |request: http::Request<Body>| {
        let transport = transport.clone();
        tokio::spawn(async move { fetch(&transport, request).await })
    };
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    let piece = futures_util::stream::iter([Ok::<_, TransportError>(Bytes::from("piece"))]);
    let upload = http::Request::post("http://one.test/").body(Body::from_stream(piece));
    let one = call(upload.unwrap());
    let mut pipe = pipes.recv().await.unwrap();
    read_head(&mut pipe).await;
    pipe.write_all(ANSWER).await.unwrap();
    one.await.unwrap().unwrap();
    drop(pipe);
    // Time to see that, and none to clean up.
    tokio::time::sleep(Duration::from_millis(1)).await;

    let two = call(get("http://two.test/"));
    let mut unused = pipes.recv().await.unwrap();
    read_head(&mut unused).await;
    unused.write_all(ANSWER).await.unwrap();
    two.await.unwrap().unwrap();

    let begun = tokio::time::Instant::now();
    let _three = call(get("http://three.test/"));
    let mut three = pipes.recv().await.unwrap();
    read_head(&mut three).await;
    let _four = call(get("http://four.test/"));
    let mut four = pipes.recv().await.unwrap();
    assert!(read_head(&mut four).await.contains("host: four.test"));
    assert!(begun.elapsed() < Duration::from_millis(1), "it had to wait");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_nobody_wants_any_more_gives_its_place_back() {
    let (transport, mut pipes) = piped(1);
    let pieces =
        futures_util::stream::repeat_with(|| Ok::<_, TransportError>(Bytes::from("piece")));
    let upload = http::Request::post("http://one.test/").body(Body::from_stream(pieces));
    let upload = transport.send(upload.unwrap());
    let answer = async {
        let mut pipe = pipes.recv().await.unwrap();
        read_head(&mut pipe).await;
        // It answers, and reads no further.
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
        pipe.write_all(head).await.unwrap();
        pipe
    };
    let (answer, _stuck) = tokio::join!(upload, answer);
    drop(answer.unwrap());

    let other = transport.clone();
    let _other = tokio::spawn(async move { fetch(&other, get("http://other.test/")).await });
    let pipe = tokio::time::timeout(Duration::from_secs(20), pipes.recv()).await;
    let mut pipe = pipe.expect("no place for another connection").unwrap();
    assert!(read_head(&mut pipe).await.contains("host: other.test"));
}
