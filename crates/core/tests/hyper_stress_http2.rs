//! Many calls at a time over HTTP/2 to hosts that misbehave, in an order that
//! depends on a seed. Whatever becomes of a call, an answer belongs to its
//! request, a request is handled at most once, no more connections are open than
//! allowed, no call hangs, and in the end no place for a connection is lost.

#![cfg(all(feature = "hyper", feature = "http2"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod hyper_support;
#[path = "hyper_support/stress.rs"]
mod stress;

use std::future::pending;
use std::io;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_support::{Server, with_attempt};
use hyper_util::rt::{TokioExecutor, TokioIo};
use stress::{
    Arrived, LIMIT, Pieces, Random, all, assert_all_closed, assert_none_twice, at_most, content,
    counting, read, seeds, use_all,
};
use sync_core::Transport;
use sync_core::hyper::HyperTransport;
use sync_core::transport::{Body, Delivery, TransportErrorKind};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

/// What a request tells its whole connection.
enum Order {
    /// To answer what has arrived, and nothing more.
    SayGoodbye,
    /// To close at once.
    Die,
}

/// Serves one connection: `/{id}/{size}/{manner}`.
async fn serve(io: TcpStream, arrived: Arrived) {
    let (order, mut orders) = mpsc::unbounded_channel();
    let service = service_fn(move |request| answer(request, arrived.clone(), order.clone()));
    let connection = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(7)
        .serve_connection(TokioIo::new(io), service);
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            _ = &mut connection => return,
            Some(order) = orders.recv() => match order {
                Order::SayGoodbye => connection.as_mut().graceful_shutdown(),
                Order::Die => return,
            },
        }
    }
}

/// The body of an answer, which may end in an error.
struct Answer {
    left: Bytes,
    cut: bool,
    is_due: bool,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.is_due = !self.is_due;
        if self.is_due {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = self.left.len().min(9_000);
        if size > 0 {
            return Poll::Ready(Some(Ok(Frame::data(self.left.split_to(size)))));
        }
        let cut = std::mem::take(&mut self.cut);
        Poll::Ready(cut.then(|| Err(io::Error::other("cut"))))
    }
}

async fn answer(
    mut request: Request<Incoming>,
    arrived: Arrived,
    order: mpsc::UnboundedSender<Order>,
) -> io::Result<Response<Answer>> {
    let path = request.uri().path().to_owned();
    let mut words = path.split('/').skip(1);
    let mut word = || words.next().unwrap();
    let (id, size, manner) = (word(), word(), word());
    let (id, size): (u64, usize) = (id.parse().unwrap(), size.parse().unwrap());
    *arrived.lock().unwrap().entry(id).or_default() += 1;
    if manner != "early" {
        let mut body = Vec::new();
        while let Some(frame) = request.frame().await {
            // The caller has gone.
            let data = frame.map_err(io::Error::other)?.into_data();
            body.extend_from_slice(&data.unwrap_or_default());
        }
        assert!(body == content(id, body.len()), "the body of {id}");
    }
    let mut left = content(id, size);
    match manner {
        "silent" => pending().await,
        "reset" => return Err(io::Error::other("reset")),
        "cut" => left.truncate(size / 2),
        "leaves" => drop(order.send(Order::SayGoodbye)),
        "dies" => {
            let _ = order.send(Order::Die);
            pending().await
        }
        "late" => tokio::time::sleep(Duration::from_millis(id % 5)).await,
        _ => {}
    }
    let mut response = Response::new(Answer {
        left: left.into(),
        cut: manner == "cut",
        is_due: false,
    });
    if manner == "empty" {
        *response.status_mut() = StatusCode::NO_CONTENT;
        response.body_mut().left.clear();
    }
    response.headers_mut().insert("id", id.into());
    Ok(response)
}

/// Those at the end are rare: they concern every call of their connection.
fn manner(random: &mut Random) -> &'static str {
    const MANNERS: [&str; 13] = [
        "plain", "plain", "plain", "plain", "late", "late", "empty", "early", "silent", "reset",
        "cut", "leaves", "dies",
    ];
    let rare = if random.below(5) == 0 { 0 } else { 2 };
    MANNERS[random.below((MANNERS.len() - rare) as u64) as usize]
}

/// One call in one of many manners.
async fn call(transport: HyperTransport, id: u64, hosts: u64) {
    let mut random = Random(id.wrapping_mul(31));
    let size = random.size();
    let manner = manner(&mut random);
    let host = random.below(hosts);
    let url = format!("http://host{host}.test/{id}/{size}/{manner}");
    let sent = Bytes::from(content(id, random.size()));
    let request = match random.below(3) {
        0 => Request::get(url).body(Body::empty()),
        1 => Request::post(url).body(Body::from(sent)),
        _ => Request::post(url).body(Body::from_stream(Pieces::new(sent))),
    };
    let (request, attempt) = with_attempt(request.unwrap());
    let sending = transport.send(request);
    let is_given_up = manner == "silent" || random.below(5) == 0;
    let answer = if is_given_up {
        let polls = 1 + random.below(60);
        let mut sending = Box::pin(sending);
        match at_most(polls, &mut sending).await {
            Some(answer) => answer,
            None => {
                // One that timed out takes its connection with it.
                if random.below(9) == 0 {
                    attempt.mark_timed_out();
                }
                return;
            }
        }
    } else {
        sending.await
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            // Another call may have ended the connection of this one.
            assert!(
                matches!(
                    error.kind(),
                    TransportErrorKind::Reset | TransportErrorKind::Protocol
                ),
                "{id} {manner}: {error:?}"
            );
            assert_ne!(error.delivery(), Delivery::Answered, "{id} {manner}");
            return;
        }
    };
    assert_eq!(answer.headers()["id"], *id.to_string(), "{manner}");
    let expected = match manner {
        "empty" => Vec::new(),
        "cut" => content(id, size / 2),
        _ => content(id, size),
    };
    let call = format!("{id} {manner}");
    match read(&mut random, &call, answer.into_body(), &attempt, &expected).await {
        Some(Ok(body)) => {
            assert_ne!(manner, "cut", "{id}");
            assert!(body == expected, "{call}: {} bytes", body.len());
        }
        Some(Err(error)) => assert_eq!(error.delivery(), Delivery::Answered, "{id}: {error:?}"),
        None => {}
    }
}

/// A transport with at most `most` connections, the server that it talks to,
/// and how many connections are open.
async fn set_up(
    most: usize,
    arrived: &Arrived,
) -> (HyperTransport, Server, watch::Receiver<usize>) {
    let arrived = arrived.clone();
    let server = Server::start(move |_, io| serve(io, arrived.clone())).await;
    let (builder, open) = counting(&server, most);
    let transport = builder.http2_prior_knowledge().build().unwrap();
    (transport, server, open)
}

/// Calls one after the other.
async fn some_calls(transport: HyperTransport, ids: Range<u64>, hosts: u64) {
    for id in ids {
        let call = call(transport.clone(), id, hosts);
        let ended = tokio::time::timeout(LIMIT, call).await;
        ended.unwrap_or_else(|_| panic!("call {id} hangs"));
    }
}

/// Many calls to so many hosts over at most `most` connections.
async fn run(seed: u64, hosts: u64, most: usize) {
    let arrived = Arrived::default();
    let (transport, _server, open) = set_up(most, &arrived).await;
    let ids = (0..20).map(|caller| seed + 6 * caller..seed + 6 * caller + 6);
    let calling = ids.map(|ids| some_calls(transport.clone(), ids, hosts));
    if seed % 2 == 0 {
        for calling in calling.map(tokio::spawn).collect::<Vec<_>>() {
            calling.await.unwrap();
        }
    } else {
        all(calling).await;
    }
    assert_none_twice(&arrived);
    let last = |id| format!("http://last{id}.test/{id}/20000/plain");
    use_all(&transport, (0..most).map(last).collect()).await;
    assert_all_closed(transport, open).await;
}

/// In tasks of their own and in one, with few places and many.
async fn rounds() {
    for seed in seeds() {
        for (hosts, most) in [(1, 1), (3, 1), (3, 2), (2, 9)] {
            run(seed, hosts, most).await;
        }
    }
}

#[tokio::test]
async fn answers_belong_to_their_requests_on_one_thread() {
    rounds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn answers_belong_to_their_requests_on_many_threads() {
    rounds().await;
}
