//! HTTP/1.1 as it really comes over the wire.

#![cfg(feature = "hyper")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use hyper_support::{
    Server, fetch, get, piped, post, read_head, read_some, read_to_close, text, transport,
};
use sync_core::Transport;
use sync_core::hyper::HyperTransport;
use sync_core::transport::{Body, Delivery, OnUpgrade, TransportError, TransportErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server that answers every connection with these bytes, and closes it.
async fn answering(answer: &'static [u8]) -> Server {
    Server::start(move |_, mut io| async move {
        read_head(&mut io).await;
        io.write_all(answer).await.unwrap();
    })
    .await
}

async fn answer_to(
    request: http::Request<Body>,
) -> Result<(http::response::Parts, bytes::Bytes), TransportError> {
    fetch(&transport(), request).await
}

#[tokio::test]
async fn host_comes_from_the_uri_unless_the_request_has_one() {
    let server = Server::http1(|request| async move {
        let host = request.headers()["host"].as_bytes().to_vec();
        http::Response::new(bytes::Bytes::from(host).into())
    })
    .await;
    let (_, body) = answer_to(get(&server.url("/"))).await.unwrap();
    assert_eq!(body, server.addr.to_string());
    let mut request = get(&server.url("/"));
    request
        .headers_mut()
        .insert("host", "daemon.example".parse().unwrap());
    let (_, body) = answer_to(request).await.unwrap();
    assert_eq!(body, "daemon.example");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [204, 301, 404, 429, 500, 599] {
        let server = Server::http1(move |_| async move {
            let mut response = text("");
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            response
        })
        .await;
        let (parts, _) = answer_to(get(&server.url("/"))).await.unwrap();
        assert_eq!(parts.status.as_u16(), status);
    }
}

#[tokio::test]
async fn large_headers_arrive_whole() {
    let server = Server::http1(|request| async move {
        let mut response = text("");
        response
            .headers_mut()
            .insert("x-echo", request.headers()["x-big"].clone());
        response
    })
    .await;
    let big = "b".repeat(200 << 10);
    let mut request = get(&server.url("/"));
    request.headers_mut().insert("x-big", big.parse().unwrap());
    let (parts, _) = answer_to(request).await.unwrap();
    assert_eq!(parts.headers["x-echo"].as_bytes(), big.as_bytes());
}

#[tokio::test]
async fn the_answer_to_head_has_a_length_but_no_body() {
    let server = Server::start(|_, mut io| async move {
        while !read_head(&mut io).await.is_empty() {
            io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                .await
                .unwrap();
        }
    })
    .await;
    let transport = transport();
    for _ in 0..2 {
        let request = http::Request::head(server.url("/"))
            .body(Body::empty())
            .unwrap();
        let (parts, body) = fetch(&transport, request).await.unwrap();
        assert_eq!(parts.headers["content-length"], "1000");
        assert!(body.is_empty());
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn informational_answers_are_passed_over() {
    let server = answering(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
          HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
    )
    .await;
    let (parts, body) = answer_to(post(&server.url("/"), "body")).await.unwrap();
    assert_eq!(parts.status, 200);
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_an_error() {
    let server = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let error = answer_to(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::Answered);
}

#[tokio::test]
async fn a_cut_chunked_body_is_an_error() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let server = answering(answer).await;
        let error = answer_to(get(&server.url("/"))).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset, "{error:?}");
        assert_eq!(error.delivery(), Delivery::Answered);
    }
}

#[tokio::test]
async fn a_chunk_without_a_size_is_a_broken_protocol() {
    let server =
        answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n").await;
    let error = answer_to(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Protocol);
    assert_eq!(error.delivery(), Delivery::Answered);
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_broken_protocol() {
    let server = answering(b"220 mail.example ESMTP\r\n\r\n").await;
    let error = answer_to(get(&server.url("/"))).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Protocol);
    assert_eq!(error.delivery(), Delivery::MaybeSent);
}

#[tokio::test]
async fn a_head_broken_off_may_have_been_executed() {
    let server = answering(b"HTTP/1.1 200 OK\r\ncontent-le").await;
    let error = answer_to(post(&server.url("/"), "x")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Reset);
    assert_eq!(error.delivery(), Delivery::MaybeSent);
}

#[tokio::test]
async fn a_failing_request_body_is_reported_as_such() {
    let server = Server::start(|_, mut io| async move { read_to_close(&mut io).await }).await;
    let body = Body::from_stream(Failing);
    let error = answer_to(post(&server.url("/"), body)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Body);
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
async fn a_relative_uri_is_refused_before_anything_is_sent() {
    for uri in ["/path", "ftp://example.org/"] {
        let request = http::Request::get(uri).body(Body::empty()).unwrap();
        let error = answer_to(request).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Request);
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
}

#[cfg(not(feature = "rustls-no-provider"))]
#[tokio::test]
async fn https_without_tls_names_the_feature_to_turn_on() {
    let error = answer_to(get("https://127.0.0.1/")).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Request);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("rustls-ring"), "{error}");
}

#[tokio::test]
async fn a_body_streams_while_it_is_produced() {
    let (sender, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, io| {
        let sender = sender.clone();
        async move { sender.send(io).unwrap() }
    })
    .await;
    let transport = transport();
    let request = get(&server.url("/"));
    let answer = tokio::spawn(async move { transport.send(request).await });
    let mut io = answers.recv().await.unwrap();
    read_head(&mut io).await;
    io.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        .await
        .unwrap();
    let mut body = answer.await.unwrap().unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "a");
    io.write_all(b"1\r\nb\r\n").await.unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "b");
    io.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(body.chunk().await.is_none());
}

#[tokio::test]
async fn a_switch_of_protocols_hands_out_the_connection() {
    let server = Server::start(|_, mut io| async move {
        let head = read_head(&mut io).await;
        assert!(head.contains("upgrade: echo"), "{head}");
        io.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhi ",
        )
        .await
        .unwrap();
        let heard = read_some(&mut io).await;
        io.write_all(heard.as_bytes()).await.unwrap();
    })
    .await;
    let mut request = get(&server.url("/"));
    let headers = request.headers_mut();
    headers.insert("connection", "Upgrade".parse().unwrap());
    headers.insert("upgrade", "echo".parse().unwrap());
    let mut response = transport().send(request).await.unwrap();
    assert_eq!(response.status(), 101);
    let mut io = OnUpgrade::take(&mut response).unwrap().await.unwrap();
    drop(response);
    io.write_all(b"there").await.unwrap();
    let mut heard = String::new();
    io.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hi there");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_serves_whatever_host_the_uri_names() {
    let folder = std::env::temp_dir().join(format!("sync-core-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("daemon.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let serving = tokio::spawn(async move {
        let (io, _) = listener.accept().await.unwrap();
        hyper_support::serve_http1(io, |request| async move {
            let host = request.headers()["host"].as_bytes().to_vec();
            http::Response::new(bytes::Bytes::from(host).into())
        })
        .await;
    });
    let transport = HyperTransport::builder()
        .unix_socket(&path)
        .build()
        .unwrap();
    for _ in 0..2 {
        let (_, body) = fetch(&transport, get("http://daemon.local/x"))
            .await
            .unwrap();
        assert_eq!(body, "daemon.local");
    }
    drop(transport);
    serving.await.unwrap();
    std::fs::remove_file(&path).unwrap();

    let transport = HyperTransport::builder()
        .unix_socket(&path)
        .build()
        .unwrap();
    let error = fetch(&transport, get("http://daemon.local/x"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("daemon.sock"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_may_have_any_path_that_the_system_takes() {
    let folder = std::env::temp_dir().join(format!("sync-core odd-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let to = |path: &std::path::Path| {
        let builder = HyperTransport::builder().unix_socket(path);
        builder.build().unwrap()
    };
    for name in ["a b.sock", "ü #?%20.sock", "@at", "-"] {
        let path = folder.join(name);
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let serving = tokio::spawn(async move {
            let (io, _) = listener.accept().await.unwrap();
            hyper_support::serve_http1(io, |_| async { text("here") }).await;
        });
        let answer = fetch(&to(&path), get("http://daemon.local/")).await;
        assert_eq!(answer.unwrap().1, "here", "{name}");
        serving.await.unwrap();
    }
    // What it does not take is an error, before anything is sent.
    let long = folder.join("x".repeat(200));
    let zero = folder.join("a\0b");
    for path in [&long, &zero, &folder, &folder.join("none/there")] {
        let error = fetch(&to(path), get("http://daemon.local/")).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn settings_show_in_debug() {
    let transport = HyperTransport::builder()
        .idle_timeout(Duration::from_secs(4))
        .build()
        .unwrap();
    assert!(format!("{transport:?}").contains("idle_timeout: 4s"));
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn an_exchange_wakes_its_task_for_the_answer_and_for_nothing_else() {
    let (transport, mut pipes) = piped(1);
    let first = tokio::spawn({
        let transport = transport.clone();
        async move { fetch(&transport, get("http://pipe.test/")).await }
    });
    let mut pipe = pipes.recv().await.unwrap();
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    read_head(&mut pipe).await;
    pipe.write_all(ANSWER).await.unwrap();
    first.await.unwrap().unwrap();

    let woken = Arc::new(Woken::default());
    let times = || woken.0.load(Ordering::SeqCst);
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let mut sending = transport.send(get("http://pipe.test/"));
    assert!(sending.as_mut().poll(&mut cx).is_pending());
    assert_eq!(times(), 0, "by its own request");
    read_head(&mut pipe).await;
    pipe.write_all(ANSWER).await.unwrap();
    assert_eq!(times(), 1);
    let Poll::Ready(answer) = sending.as_mut().poll(&mut cx) else {
        panic!("the answer is there");
    };
    let mut body = answer.unwrap().into_body();
    let chunk = body.poll_chunk(&mut cx);
    assert!(matches!(chunk, Poll::Ready(Some(Ok(piece))) if piece == "ok"));
    assert_eq!(times(), 1, "by what it was given");
    // Nor when a connection that it has used before is closed.
    drop(pipe);
    tokio::task::yield_now().await;
    assert_eq!(times(), 1, "by an unused connection");
}
