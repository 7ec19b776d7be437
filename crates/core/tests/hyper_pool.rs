//! Connections: kept, used again and given up.

#![cfg(feature = "hyper")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper_support::{
    Server, fetch, get, halting, piped, post, read_head, read_some, read_to_close, text, transport,
    with_attempt,
};
use sync_core::Transport;
use sync_core::hyper::HyperTransport;
use sync_core::transport::{Body, Delivery, TransportErrorKind};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = Server::http1(|_| async { text("hello") }).await;
    let transport = transport();
    for _ in 0..5 {
        let (parts, body) = fetch(&transport, get(&server.url("/"))).await.unwrap();
        assert_eq!(parts.status, 200);
        assert_eq!(body, "hello");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn an_idle_connection_is_closed_by_this_side() {
    let mut server = Server::http1(|_| async { text("hello") }).await;
    let transport = HyperTransport::builder()
        .idle_timeout(Duration::from_millis(20))
        .build()
        .unwrap();
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    // Without a pool timer this would wait for ever.
    server.one_closed().await;
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_small_unread_body_is_drained_and_the_connection_kept() {
    let (rest, sent) = (Arc::default(), Arc::default());
    let server = halting(&rest, &sent).await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    drop(transport.send(get(&server.url("/"))).await.unwrap());
    rest.notify_one();
    sent.notified().await;
    // Only one connection may be open: this request has to get the first one,
    // or to wait until that is closed.
    let (parts, _) = fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(parts.status, 204);
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_large_unread_body_costs_its_connection() {
    let mut server = Server::start(|number, mut io| async move {
        read_head(&mut io).await;
        if number == 1 {
            io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nabc")
                .await
                .unwrap();
        } else {
            io.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
        }
        read_to_close(&mut io).await;
    })
    .await;
    let transport = transport();
    drop(transport.send(get(&server.url("/"))).await.unwrap());
    server.one_closed().await;
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_body_dropped_after_a_timeout_is_not_drained() {
    let (rest, sent) = (Arc::default(), Arc::default());
    let server = halting(&rest, &sent).await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    let (request, attempt) = with_attempt(get(&server.url("/")));
    let response = transport.send(request).await.unwrap();
    attempt.mark_timed_out();
    drop(response);
    rest.notify_one();
    sent.notified().await;
    let (parts, _) = fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(parts.status, 204);
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_dropped_exchange_closes_its_connection_and_spares_later_ones() {
    let arrived = Arc::new(Notify::new());
    let signal = Arc::clone(&arrived);
    let mut server = Server::start(move |number, mut io| {
        let arrived = Arc::clone(&signal);
        async move {
            read_head(&mut io).await;
            arrived.notify_one();
            if number > 1 {
                io.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .await
                    .unwrap();
            }
            read_to_close(&mut io).await;
        }
    })
    .await;
    let transport = transport();
    tokio::select! {
        _ = transport.send(get(&server.url("/"))) => panic!("nobody answers"),
        () = arrived.notified() => {}
    }
    server.one_closed().await;
    let (parts, _) = fetch(&transport, get(&server.url("/"))).await.unwrap();
    assert_eq!(parts.status, 204);
}

#[tokio::test]
async fn a_post_closed_without_an_answer_may_have_been_executed_and_is_sent_once() {
    let executed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&executed);
    let server = Server::start(move |_, mut io| {
        let executed = Arc::clone(&counter);
        async move {
            while !read_head(&mut io).await.is_empty() {
                if executed.fetch_add(1, Ordering::SeqCst) > 0 {
                    // The second request on the kept connection: no answer.
                    return;
                }
                io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    let transport = transport();
    fetch(&transport, post(&server.url("/"), "one"))
        .await
        .unwrap();
    let error = fetch(&transport, post(&server.url("/"), "two"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::MaybeSent);
    assert_eq!(executed.load(Ordering::SeqCst), 2);
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_one_shot_body_arrives_whole_or_not_at_all() {
    // Every connection is closed after one answer, without a word. A request
    // that meets the closed one is either sent anew with its body, or fails;
    // it never arrives with the body already used up.
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let mut server = Server::start(move |_, mut io| {
        let seen = Arc::clone(&seen);
        async move {
            let mut request = read_head(&mut io).await;
            while !request.is_empty() && !request.ends_with("0\r\n\r\n") {
                let more = read_some(&mut io).await;
                assert!(!more.is_empty(), "broken off after {request:?}");
                request.push_str(&more);
            }
            let body = request
                .split_once("\r\n\r\n")
                .map(|(_, body)| body.to_owned());
            seen.lock().unwrap().extend(body);
            io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
        }
    })
    .await;
    let transport = transport();
    let mut answered = 0;
    for _ in 0..20 {
        let body = Body::from_stream(Once(Some("piece")));
        match fetch(&transport, post(&server.url("/"), body)).await {
            Ok(_) => {
                answered += 1;
                server.one_closed().await;
            }
            Err(error) => assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}"),
        }
    }
    assert!(answered > 0);
    for body in bodies.lock().unwrap().iter() {
        assert_eq!(body, "5\r\npiece\r\n0\r\n\r\n");
    }
}

/// A stream of one piece.
struct Once(Option<&'static str>);

impl futures_core::Stream for Once {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(|piece| Ok(piece.into())))
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_given_up_without_a_call() {
    let closes = Arc::new(Notify::new());
    let gate = Arc::clone(&closes);
    let mut server = Server::start(move |_, mut io| {
        let closes = Arc::clone(&gate);
        async move {
            read_head(&mut io).await;
            io.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
            closes.notified().await;
            // Nothing more will come from this side. The other notices, and
            // closes too.
            io.shutdown().await.unwrap();
            read_to_close(&mut io).await;
        }
    })
    .await;
    let transport = HyperTransport::builder()
        // Longer than the test waits for the end of the connection.
        .idle_timeout(Duration::from_secs(300))
        .build()
        .unwrap();
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    closes.notify_one();
    server.one_closed().await;
}

#[tokio::test]
async fn a_dropped_transport_closes_what_it_kept() {
    let mut server = Server::http1(|_| async { text("hello") }).await;
    let transport = transport();
    fetch(&transport, get(&server.url("/"))).await.unwrap();
    drop(transport);
    server.one_closed().await;
}

#[tokio::test]
async fn the_rest_of_a_request_is_sent_after_an_early_answer() {
    let whole = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&whole);
    let server = Server::start(move |_, mut io| {
        let seen = Arc::clone(&seen);
        async move {
            let mut request = read_head(&mut io).await;
            io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
            // The next request may come right behind the end of this one.
            while !request.ends_with("/next HTTP/1.1\r\nhost: early.test\r\n\r\n") {
                let more = read_some(&mut io).await;
                assert!(!more.is_empty(), "broken off after {request:?}");
                request.push_str(&more);
            }
            *seen.lock().unwrap() = request;
            io.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
        }
    })
    .await;
    let transport = HyperTransport::builder()
        .max_connections(1)
        .build()
        .unwrap();
    let (pieces, receiver) = tokio::sync::mpsc::unbounded_channel();
    pieces.send("first").unwrap();
    let body = Body::from_stream(Pieces(receiver));
    let (parts, _) = fetch(&transport, post(&server.url("/"), body))
        .await
        .unwrap();
    assert_eq!(parts.status, 200);
    pieces.send("last").unwrap();
    drop(pieces);
    let mut next = get(&server.url("/next"));
    let headers = next.headers_mut();
    headers.insert("host", "early.test".parse().unwrap());
    let (parts, _) = fetch(&transport, next).await.unwrap();
    assert_eq!(parts.status, 204);
    assert_eq!(server.accepted(), 1);
    let request = whole.lock().unwrap().clone();
    let sent = "5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\nGET /next";
    assert!(request.contains(sent), "{request}");
}

/// A stream of whatever is sent to it.
struct Pieces(tokio::sync::mpsc::UnboundedReceiver<&'static str>);

impl futures_core::Stream for Pieces {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| Ok(piece.into())))
    }
}

#[test]
fn a_transport_outlives_the_runtime_that_it_was_used_in() {
    let servers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = servers.block_on(Server::http1(|_| async { text("hello") }));
    let transport = transport();
    for body in ["one", "two", "three"] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let request = post(&server.url("/"), body);
        let (_, answer) = runtime.block_on(fetch(&transport, request)).unwrap();
        assert_eq!(answer, "hello");
    }
    assert_eq!(server.accepted(), 3);
}

#[test]
fn a_runtime_can_end_while_a_connection_is_being_handed_over() {
    let (transport, mut pipes) = piped(1);
    let (end, ended) = std::sync::mpsc::channel();
    // In a thread of its own, so that the test fails where this hangs.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let pipe = runtime.block_on(async {
            let call = |transport: HyperTransport| {
                tokio::spawn(async move { transport.send(get("http://one.test/")).await })
            };
            let first = call(transport.clone());
            let mut pipe = pipes.recv().await.unwrap();
            let _waits = call(transport.clone());
            read_head(&mut pipe).await;
            pipe.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .unwrap();
            let answer = first.await.unwrap().unwrap();
            // The other call gets the connection, but never comes to use it.
            assert_eq!(answer.into_body().collect(2).await.unwrap(), "ok");
            pipe
        });
        drop(runtime);
        drop(pipe);
        end.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[tokio::test]
async fn a_request_is_written_on_while_nobody_reads_its_answer() {
    let arrived = Arc::new(Notify::new());
    let signal = Arc::clone(&arrived);
    let server = Server::start(move |_, mut io| {
        let arrived = Arc::clone(&signal);
        async move {
            let mut request = read_head(&mut io).await;
            io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
                .await
                .unwrap();
            while !request.ends_with("0\r\n\r\n") {
                let more = read_some(&mut io).await;
                assert!(!more.is_empty(), "broken off after {request:?}");
                request.push_str(&more);
                arrived.notify_one();
            }
            io.write_all(b"done").await.unwrap();
            read_to_close(&mut io).await;
        }
    })
    .await;
    let (pieces, receiver) = tokio::sync::mpsc::unbounded_channel();
    let body = Body::from_stream(Pieces(receiver));
    let answer = transport()
        .send(post(&server.url("/"), body))
        .await
        .unwrap();
    pieces.send("piece").unwrap();
    tokio::time::timeout(Duration::from_secs(20), arrived.notified())
        .await
        .expect("the request stands still");
    drop(pieces);
    assert_eq!(answer.into_body().collect(4).await.unwrap(), "done");
}

#[tokio::test]
async fn a_version_of_http_that_is_not_spoken_is_refused_before_anything_is_sent() {
    let server = Server::http1(|_| async { text("hello") }).await;
    for version in [
        http::Version::HTTP_09,
        http::Version::HTTP_2,
        http::Version::HTTP_3,
    ] {
        let mut request = get(&server.url("/"));
        *request.version_mut() = version;
        let error = fetch(&transport(), request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Request, "{version:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}
