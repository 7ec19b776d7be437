//! Many calls at a time against a server that misbehaves, in an order that
//! depends on a seed. Whatever becomes of a call, an answer belongs to its
//! request, a request arrives at most once, no more connections are open than
//! allowed, and in the end none of their places is lost.

#![cfg(all(feature = "hyper", feature = "rustls-ring"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;
#[path = "hyper_support/stress.rs"]
mod stress;
#[path = "hyper_support/tls.rs"]
mod tls;

use std::sync::Arc;

use bytes::Bytes;
use hyper_support::{Server, with_attempt};
use stress::{
    Arrived, LIMIT, Pieces, Random, all, assert_all_closed, assert_none_twice, at_most, content,
    counting, more, read, seeds, use_all,
};
use sync_core::Transport;
use sync_core::hyper::{ExactCertificate, HyperTransport, TlsConfig};
use sync_core::transport::{Body, TransportErrorKind};
use tls::{Presented, accept, self_signed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// Serves one connection: `/{id}/{size}/{manner}`.
async fn serve(mut io: impl AsyncRead + AsyncWrite + Unpin, arrived: Arrived) {
    while let Some(goes_on) = answer(&mut io, &arrived).await {
        if !goes_on {
            return;
        }
    }
}

/// `None` at the end of the connection; false where this side has to close.
async fn answer(io: &mut (impl AsyncRead + AsyncWrite + Unpin), arrived: &Arrived) -> Option<bool> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut words = head.split([' ', '/']).filter(|word| !word.is_empty());
    let mut word = || words.next().unwrap();
    let (method, id, size, manner) = (word(), word(), word(), word());
    let (id, size): (u64, usize) = (id.parse().unwrap(), size.parse().unwrap());
    *arrived.lock().unwrap().entry(id).or_default() += 1;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().unwrap());
    let is_chunked = head.contains("transfer-encoding: chunked");
    if manner != "early" {
        read_body(io, id, length, is_chunked).await?;
    }
    let body = content(id, size);
    let whole = format!("HTTP/1.1 200 OK\r\nid: {id}\r\ncontent-length: {size}\r\n");
    let end: &[u8] = b"\r\n";
    match manner {
        "silent" => return Some(false),
        "empty" => {
            let head = format!("HTTP/1.1 204 No Content\r\nid: {id}\r\n\r\n");
            io.write_all(head.as_bytes()).await.ok()?;
        }
        "cut" => {
            io.write_all(&[whole.as_bytes(), end, &body[..size / 2]].concat())
                .await
                .ok()?;
            return Some(false);
        }
        "last" => {
            let head = format!("{whole}connection: close\r\n\r\n");
            io.write_all(&[head.as_bytes(), &body].concat())
                .await
                .ok()?;
            return Some(false);
        }
        "endless" => {
            let head = format!("HTTP/1.0 200 OK\r\nid: {id}\r\n\r\n");
            io.write_all(&[head.as_bytes(), &body].concat())
                .await
                .ok()?;
            return Some(false);
        }
        "chunked" => {
            let head = format!("HTTP/1.1 200 OK\r\nid: {id}\r\ntransfer-encoding: chunked\r\n\r\n");
            io.write_all(head.as_bytes()).await.ok()?;
            for piece in body.chunks(7_000) {
                let size = format!("{:x}\r\n", piece.len());
                io.write_all(&[size.as_bytes(), piece, end].concat())
                    .await
                    .ok()?;
            }
            io.write_all(b"0\r\nlast: 1\r\n\r\n").await.ok()?;
        }
        "hints" => {
            io.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
                .await
                .ok()?;
            tokio::task::yield_now().await;
            io.write_all(&[whole.as_bytes(), end, &body].concat())
                .await
                .ok()?;
        }
        // What follows must not be taken for the next answer. In one piece with
        // this one, so that it cannot come after the next request.
        "unasked" if size < 2_000 => {
            let more = b"HTTP/1.1 200 OK\r\nid: 0\r\ncontent-length: 0\r\n\r\n";
            io.write_all(&[whole.as_bytes(), end, &body, more].concat())
                .await
                .ok()?;
        }
        _ => {
            io.write_all(&[whole.as_bytes(), end].concat()).await.ok()?;
            if method != "HEAD" {
                tokio::task::yield_now().await;
                io.write_all(&body).await.ok()?;
            }
        }
    }
    if manner == "early" {
        read_body(io, id, length, is_chunked).await?;
    }
    Some(manner != "leaves")
}

/// Reads the body of a request, which has to be that of `id`.
async fn read_body(
    io: &mut (impl AsyncRead + Unpin),
    id: u64,
    length: usize,
    is_chunked: bool,
) -> Option<()> {
    let mut body = vec![0; length];
    io.read_exact(&mut body).await.ok()?;
    loop {
        if !is_chunked {
            break;
        }
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(io.read_u8().await.ok()?);
        }
        let size = std::str::from_utf8(line.trim_ascii()).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let mut piece = vec![0; size + 2];
        io.read_exact(&mut piece).await.ok()?;
        if size == 0 {
            break;
        }
        body.extend_from_slice(&piece[..size]);
    }
    assert!(
        body == content(id, body.len()),
        "the body of {id} is another's"
    );
    Some(())
}

const MANNERS: [&str; 14] = [
    "plain", "plain", "plain", "chunked", "chunked", "silent", "empty", "cut", "last", "endless",
    "hints", "unasked", "early", "leaves",
];

/// One call in one of many manners.
async fn call(transport: HyperTransport, scheme: &'static str, id: u64) {
    let mut random = Random(id.wrapping_mul(31));
    let size = random.size();
    let manner = MANNERS[random.below(MANNERS.len() as u64) as usize];
    let host = random.below(3);
    let url = format!("{scheme}://host{host}.test/{id}/{size}/{manner}");
    let sent = Bytes::from(content(id, random.size()));
    let request = match random.below(4) {
        0 => http::Request::get(url).body(Body::empty()),
        1 => http::Request::post(url).body(Body::from(sent)),
        2 => http::Request::post(url).body(Body::from_stream(Pieces::new(sent))),
        _ if manner == "plain" => http::Request::head(url).body(Body::empty()),
        _ => http::Request::put(url).body(Body::from(sent)),
    };
    let (request, attempt) = with_attempt(request.unwrap());
    let is_head = request.method() == http::Method::HEAD;
    let sending = transport.send(request);
    let answer = if random.below(5) == 0 {
        let polls = 1 + random.below(60);
        match at_most(polls, sending).await {
            Some(answer) => answer,
            None => return,
        }
    } else {
        sending.await
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            // The server did not answer, or left while the request was on its way.
            assert_eq!(
                error.kind(),
                TransportErrorKind::Reset,
                "{id} {manner}: {error:?}"
            );
            return;
        }
    };
    assert_eq!(answer.headers()["id"], *id.to_string(), "{manner}");
    let expected = match manner {
        "empty" => Vec::new(),
        _ if is_head => Vec::new(),
        _ => content(id, size),
    };
    let call = format!("{id} {manner}");
    match read(&mut random, &call, answer.into_body(), &attempt, &expected).await {
        Some(Ok(body)) => assert!(body == expected, "{call}: {} bytes", body.len()),
        Some(Err(error)) => assert_eq!(manner, "cut", "{id}: {error:?}"),
        None => {}
    }
}

/// A transport with at most `most` connections, the server that it talks to,
/// and how many connections are open.
async fn set_up(
    scheme: &'static str,
    most: usize,
    arrived: &Arrived,
) -> (HyperTransport, Server, watch::Receiver<usize>) {
    let certificate = self_signed("stress");
    let acceptor = (scheme == "https").then(|| Presented::new(&certificate).acceptor());
    let arrived = Arc::clone(arrived);
    let server = Server::start(move |_, io| {
        let (acceptor, arrived) = (acceptor.clone(), Arc::clone(&arrived));
        async move {
            match acceptor {
                None => serve(io, arrived).await,
                Some(acceptor) => {
                    if let Some(mut io) = accept(&acceptor, io).await {
                        serve(&mut io, arrived).await;
                        let _ = io.shutdown().await;
                    }
                }
            }
        }
    })
    .await;
    let (builder, open) = counting(&server, most);
    let exact = ExactCertificate::sha256(certificate.sha256());
    let tls = TlsConfig::builder().exact_certificate(exact);
    let transport = builder.tls(tls.build().unwrap()).build().unwrap();
    (transport, server, open)
}

/// URLs of one host.
fn urls(host: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|id| format!("{host}/{id}/20000/plain"))
        .collect()
}

/// No place was lost, and no connection is open after the end of the transport.
async fn assert_nothing_lost(
    transport: HyperTransport,
    scheme: &'static str,
    most: usize,
    open: watch::Receiver<usize>,
) {
    use_all(&transport, urls(&format!("{scheme}://last.test"), most)).await;
    assert_all_closed(transport, open).await;
}

/// `calls` calls over at most `most` connections.
async fn run(scheme: &'static str, seed: u64, calls: u64, most: usize) {
    let arrived = Arrived::default();
    let (transport, _server, open) = set_up(scheme, most, &arrived).await;
    let calling = (seed..seed + calls).map(|id| (id, call(transport.clone(), scheme, id)));
    if seed % 2 == 0 {
        let calling = calling.map(|(id, call)| (id, tokio::spawn(call)));
        for (id, call) in calling.collect::<Vec<_>>() {
            let ended = tokio::time::timeout(LIMIT, call).await;
            ended.unwrap_or_else(|_| panic!("call {id} hangs")).unwrap();
        }
    } else {
        let together = all(calling.map(|(_, call)| call));
        let ended = tokio::time::timeout(LIMIT, together).await;
        ended.expect("a call hangs");
    }
    assert_none_twice(&arrived);
    assert_nothing_lost(transport, scheme, most, open).await;
}

/// `calls` calls for each of these limits, in tasks of their own and in one.
async fn rounds(scheme: &'static str, calls: u64, limits: [usize; 3]) {
    for seed in seeds() {
        for most in limits {
            run(scheme, seed, calls, most).await;
        }
    }
}

#[tokio::test]
async fn answers_belong_to_their_requests_on_one_thread() {
    rounds("http", 100, [1, 2, 9]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answers_belong_to_their_requests_on_many_threads() {
    rounds("http", 100, [1, 3, 20]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answers_belong_to_their_requests_over_tls() {
    rounds("https", 40, [1, 2, 9]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unused_connections_make_room_for_all_who_wait() {
    let (transport, _server, open) = set_up("http", 8, &Arrived::default()).await;
    for round in 0..50 * more() {
        let host = format!("http://host{}.test", round % 3);
        use_all(&transport, urls(&host, 8)).await;
    }
    assert_nothing_lost(transport, "http", 8, open).await;
}

#[test]
fn runtimes_may_end_at_any_time() {
    let servers = runtime(1);
    let arrived = Arrived::default();
    let (transport, _server, open) = servers.block_on(set_up("http", 4, &arrived));
    let (end, ended) = std::sync::mpsc::channel();
    // In a thread of its own, so that the test fails where this hangs.
    std::thread::spawn(move || {
        for round in 0..30 * more() {
            let mut random = Random(round);
            let runtime = runtime(random.below(3) as usize);
            runtime.block_on(async {
                for id in 0..30 {
                    tokio::spawn(call(transport.clone(), "http", 100 + round * 30 + id));
                }
                for _ in 0..random.below(300) {
                    tokio::task::yield_now().await;
                }
            });
        }
        let last = runtime(0);
        last.block_on(assert_nothing_lost(transport, "http", 4, open));
        end.send(()).unwrap();
    });
    ended.recv_timeout(LIMIT).unwrap();
    assert_none_twice(&arrived);
}

/// With so many threads beside this one; the one of the test alone for 0.
fn runtime(threads: usize) -> tokio::runtime::Runtime {
    let mut builder = match threads {
        0 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder
        .worker_threads(threads.max(1))
        .enable_all()
        .build()
        .unwrap()
}
