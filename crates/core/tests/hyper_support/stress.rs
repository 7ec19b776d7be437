//! What the stress tests have in common: random numbers, contents that tell whose
//! they are, ways to read an answer, and a count of connections.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use sync_core::Transport;
use sync_core::hyper::{Connector, ConnectorIo, HyperTransport, HyperTransportBuilder};
use sync_core::transport::{Attempt, Body, TransportError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Barrier, watch};

use super::hyper_support::{Server, get};

/// After this a test that waits for something fails.
pub const LIMIT: Duration = Duration::from_secs(60);

/// SplitMix64: the same numbers for the same seed.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Mostly small, now and then large.
    pub fn size(&mut self) -> usize {
        let most = [1, 100, 5_000, 70_000, 300_000][self.below(5) as usize];
        self.below(most) as usize
    }
}

/// What the body of call `id` holds.
pub fn content(id: u64, size: usize) -> Vec<u8> {
    let mut random = Random(id);
    let piece: Vec<u8> = (0..64).flat_map(|_| random.next().to_le_bytes()).collect();
    piece.iter().copied().cycle().take(size).collect()
}

/// How often each request arrived, by id.
pub type Arrived = Arc<Mutex<HashMap<u64, usize>>>;

/// No request arrived more than once.
pub fn assert_none_twice(arrived: &Arrived) {
    for (id, times) in arrived.lock().unwrap().iter() {
        assert_eq!(*times, 1, "request {id}");
    }
}

/// A transport to `server` over at most `most` connections, and how many of them
/// are open.
pub fn counting(server: &Server, most: usize) -> (HyperTransportBuilder, watch::Receiver<usize>) {
    let (open, watched) = watch::channel(0);
    let server = server.addr;
    let builder = HyperTransport::builder()
        .connector(Counting { server, open, most })
        // Whatever hangs is not to be helped by these.
        .connect_timeout(10 * LIMIT)
        .idle_timeout(10 * LIMIT)
        .max_connections(most);
    (builder, watched)
}

/// Counts the connections that are open.
#[derive(Debug)]
struct Counting {
    server: std::net::SocketAddr,
    open: watch::Sender<usize>,
    most: usize,
}

#[async_trait::async_trait]
impl Connector for Counting {
    async fn connect(&self, _: &http::Uri) -> io::Result<Box<dyn ConnectorIo>> {
        let counted = Counted(self.open.clone());
        self.open.send_modify(|open| {
            *open += 1;
            assert!(*open <= self.most, "{open} connections are open");
        });
        let io = TcpStream::connect(self.server).await?;
        Ok(Box::new(CountedIo(io, counted)))
    }
}

struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

struct CountedIo(
    TcpStream,
    #[allow(dead_code, reason = "for its end")] Counted,
);

impl AsyncRead for CountedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Gives `future` up after it was polled so often.
pub async fn at_most<F: Future>(mut polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        polls -= 1;
        if polls == 0 {
            return Poll::Ready(None);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// What came of reading the answer to `call`, in one of many manners; `None` where
/// it was not read to its end.
pub async fn read(
    random: &mut Random,
    call: &str,
    mut body: Body,
    attempt: &Attempt,
    expected: &[u8],
) -> Option<Result<Bytes, TransportError>> {
    match random.below(8) {
        0 => drop(body),
        1 => {
            attempt.mark_timed_out();
            drop(body);
        }
        2 => {
            if let Some(Ok(piece)) = body.chunk().await {
                assert!(expected.starts_with(&piece), "{call}");
            }
        }
        3 => drop(at_most(1 + random.below(20), body.collect(1 << 20)).await),
        4 => {
            let reading = tokio::spawn(async move { body.collect(1 << 20).await });
            return Some(reading.await.unwrap());
        }
        _ => return Some(body.collect(1 << 20).await),
    }
    None
}

/// All of them in one task, which has to be shared fairly.
pub async fn all<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if futures.is_empty() {
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// A request's body in pieces, the next of which is never there at once.
pub struct Pieces {
    left: Bytes,
    is_due: bool,
}

impl Pieces {
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            left: body.into(),
            is_due: false,
        }
    }
}

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_due = !self.is_due;
        if self.is_due {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = self.left.len().min(9_000);
        Poll::Ready((size > 0).then(|| Ok(self.left.split_to(size))))
    }
}

/// Sends these requests, `/{id}/20000/plain`, so that all are answered before any of
/// the answers is read.
pub async fn use_all(transport: &HyperTransport, urls: Vec<String>) {
    let barrier = Arc::new(Barrier::new(urls.len()));
    let start = |(id, url): (u64, String)| {
        let (transport, barrier) = (transport.clone(), Arc::clone(&barrier));
        let call = tokio::spawn(async move {
            let answer = transport.send(get(&url)).await.unwrap();
            barrier.wait().await;
            answer.into_body().collect(20_000).await.unwrap()
        });
        (id, call)
    };
    let calls: Vec<_> = (0..).zip(urls).map(start).collect();
    for (id, call) in calls {
        let ended = tokio::time::timeout(LIMIT, call).await;
        let body = ended.expect("a place is missing").unwrap();
        assert!(body == content(id, 20_000));
    }
}

/// Drops the transport, after which no connection is open.
pub async fn assert_all_closed(transport: HyperTransport, mut open: watch::Receiver<usize>) {
    drop(transport);
    let closed = tokio::time::timeout(LIMIT, open.wait_for(|open| *open == 0)).await;
    closed.expect("a connection stays open").unwrap();
}

/// Even ones for calls in tasks of their own, odd ones for calls in one task.
pub fn seeds() -> impl Iterator<Item = u64> {
    (0..more()).flat_map(|round| [10_000 + 100_000 * round, 20_001 + 100_000 * round])
}

/// How much longer the tests are to run, with other seeds: `ROUNDS=20 cargo test ...`.
pub fn more() -> u64 {
    std::env::var("ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}
