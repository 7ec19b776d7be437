//! Failures on demand.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use tokio::time::Sleep;

use super::mock::{self, lock};
use crate::transport::{Body, Delivery, Transport, TransportError, TransportErrorKind};

/// What happens to one call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: the call goes through.
    Pass,
    /// No connection. The other side never sees the request, and the error
    /// says so: `Connect`, [`Delivery::NotSent`].
    NotSent,
    /// The request is executed and its answer is lost: `Reset`,
    /// [`Delivery::MaybeSent`]. A client that repeats it executes it twice.
    LostAnswer,
    /// No answer ever comes; the other side never sees the request.
    Stall,
    /// The request is executed, and no answer ever comes.
    StallAfter,
    /// This status, made up before the other side sees the request, with
    /// `Retry-After` in whole seconds if given.
    Status(StatusCode, Option<Duration>),
    /// The answer's body breaks off after at most this many bytes.
    Truncate(u64),
    /// The answer's body comes in pieces of this many bytes, with this pause
    /// (in tokio's time) before each.
    Slow(usize, Duration),
    /// The first byte of the answer's body is changed: no gzip header, no
    /// JSON, no magic number survives that.
    Corrupt,
}

/// Lets calls through to another transport, or not.
///
/// Faults come from a [plan](Self::with_plan), one for each call in order, and
/// when it is used up from a [seeded generator](Self::with_random). The same
/// seed and the same order of calls give the same faults.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use sync_core::testing::mock::{self, ReplyTransport};
/// use sync_core::testing::{Fault, FaultTransport};
/// use sync_core::transport::Delivery;
/// use sync_core::{Body, Transport};
///
/// let inner = ReplyTransport::new(|_| Ok(mock::response(http::StatusCode::OK, "")));
/// let transport = FaultTransport::new(inner).with_plan([Fault::LostAnswer]);
/// let call = || transport.send(http::Request::new(Body::empty()));
///
/// assert_eq!(call().await.unwrap_err().delivery(), Delivery::MaybeSent);
/// assert_eq!(call().await.unwrap().status(), 200);
/// assert_eq!(transport.history(), [Fault::LostAnswer, Fault::Pass]);
/// assert_eq!(transport.inner().calls(), 2);
/// # }
/// ```
pub struct FaultTransport<T> {
    inner: T,
    source: Mutex<Source>,
    history: Mutex<Vec<Fault>>,
    forwarded: AtomicUsize,
}

struct Source {
    plan: VecDeque<Fault>,
    random: Option<Random>,
}

struct Random {
    generator: fastrand::Rng,
    probability: f64,
    faults: Vec<Fault>,
}

impl Source {
    fn next(&mut self) -> Fault {
        if let Some(fault) = self.plan.pop_front() {
            return fault;
        }
        let Some(random) = &mut self.random else {
            return Fault::Pass;
        };
        // Two draws for every call, so that one call's luck does not shift the next one's.
        let hit = random.generator.f64() < random.probability;
        let choice = random.generator.usize(..random.faults.len().max(1));
        match random.faults.get(choice) {
            Some(fault) if hit => fault.clone(),
            _ => Fault::Pass,
        }
    }
}

impl<T: Transport> FaultTransport<T> {
    /// A transport without faults yet.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            source: Mutex::new(Source {
                plan: VecDeque::new(),
                random: None,
            }),
            history: Mutex::default(),
            forwarded: AtomicUsize::new(0),
        }
    }

    /// The faults of the next calls, in order.
    #[must_use]
    pub fn with_plan(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        lock(&self.source).plan.extend(faults);
        self
    }

    /// After the plan: each call meets one of `faults` with this probability
    /// (0 to 1).
    #[must_use]
    pub fn with_random(
        self,
        seed: u64,
        probability: f64,
        faults: impl IntoIterator<Item = Fault>,
    ) -> Self {
        let random = Random {
            generator: fastrand::Rng::with_seed(seed),
            probability,
            faults: faults.into_iter().collect(),
        };
        lock(&self.source).random = Some(random);
        self
    }

    /// Adds faults for the next calls while the test runs.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.source).plan.extend(faults);
    }

    /// The transport below.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// What every call met, in order.
    pub fn history(&self) -> Vec<Fault> {
        lock(&self.history).clone()
    }

    /// How many calls met something other than [`Fault::Pass`].
    pub fn faults(&self) -> usize {
        lock(&self.history)
            .iter()
            .filter(|fault| **fault != Fault::Pass)
            .count()
    }

    /// How many calls reached the transport below.
    pub fn forwarded(&self) -> usize {
        self.forwarded.load(Ordering::SeqCst)
    }

    async fn forward(&self, request: Request<Body>) -> mock::Answer {
        self.forwarded.fetch_add(1, Ordering::SeqCst);
        self.inner.send(request).await
    }
}

#[async_trait]
impl<T: Transport> Transport for FaultTransport<T> {
    async fn send(&self, request: Request<Body>) -> mock::Answer {
        let fault = lock(&self.source).next();
        lock(&self.history).push(fault.clone());
        let change = match fault {
            Fault::Pass => return self.forward(request).await,
            Fault::NotSent => {
                let kind = TransportErrorKind::Connect;
                return Err(TransportError::new(kind, Delivery::NotSent).with_message(MADE_UP));
            }
            Fault::LostAnswer => {
                let answer = self.forward(request).await?;
                // The other side has done its work only when its body is through.
                let _ = answer.into_body().collect(u64::MAX).await;
                return Err(broken());
            }
            Fault::Stall => return std::future::pending().await,
            Fault::StallAfter => {
                let _answer = self.forward(request).await?;
                return std::future::pending().await;
            }
            Fault::Status(status, retry_after) => return Ok(made_up(status, retry_after)),
            Fault::Truncate(bytes) => Change::Truncate(bytes),
            Fault::Slow(piece, pause) => Change::Slow {
                piece: piece.max(1),
                pause,
                sleep: None,
            },
            Fault::Corrupt => Change::Corrupt,
        };
        let answer = self.forward(request).await?;
        Ok(answer.map(|body| {
            let rest = Bytes::new();
            Body::from_http_body(Changed {
                body,
                change,
                rest,
                ended: false,
            })
        }))
    }
}

impl<T: fmt::Debug> fmt::Debug for FaultTransport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultTransport")
            .field("inner", &self.inner)
            .field("calls", &lock(&self.history).len())
            .finish_non_exhaustive()
    }
}

const MADE_UP: &str = "made up by a FaultTransport";

fn broken() -> TransportError {
    TransportError::new(TransportErrorKind::Reset, Delivery::MaybeSent).with_message(MADE_UP)
}

fn made_up(status: StatusCode, retry_after: Option<Duration>) -> Response<Body> {
    let mut response = mock::response(status, MADE_UP);
    if let Some(pause) = retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(pause.as_secs()));
    }
    response
}

enum Change {
    Truncate(u64),
    Slow {
        piece: usize,
        pause: Duration,
        sleep: Option<Pin<Box<Sleep>>>,
    },
    Corrupt,
    Nothing,
}

/// A body with a fault in it.
struct Changed {
    body: Body,
    change: Change,
    rest: Bytes,
    ended: bool,
}

impl Changed {
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if self.rest.is_empty() {
            match ready!(self.body.poll_chunk(cx)).transpose()? {
                Some(chunk) => self.rest = chunk,
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))))
    }
}

impl http_body::Body for Changed {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        if let Change::Slow { pause, sleep, .. } = &mut this.change {
            let pause = *pause;
            let waiting = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            ready!(waiting.as_mut().poll(cx));
        }
        let chunk = ready!(this.poll_more(cx)).transpose()?;
        let Some(mut chunk) = chunk else {
            this.ended = true;
            // A body shorter than planned breaks off all the same.
            let broken = matches!(this.change, Change::Truncate(_)).then(|| Err(broken()));
            return Poll::Ready(broken);
        };
        match &mut this.change {
            Change::Truncate(0) => {
                this.ended = true;
                return Poll::Ready(Some(Err(broken())));
            }
            Change::Truncate(left) => {
                let keep = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(chunk.len());
                chunk.truncate(keep);
                *left -= keep as u64;
            }
            Change::Slow { piece, sleep, .. } => {
                this.rest = chunk.split_off((*piece).min(chunk.len()));
                *sleep = None;
            }
            Change::Corrupt => {
                let mut changed = BytesMut::from(&chunk[..]);
                if let Some(first) = changed.first_mut() {
                    *first ^= 0xff;
                }
                chunk = changed.freeze();
                this.change = Change::Nothing;
            }
            Change::Nothing => {}
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let mut hint = self.body.size_hint();
        // What is held back belongs to it.
        let held = self.rest.len() as u64;
        match hint.exact() {
            Some(exact) => hint.set_exact(exact + held),
            None => hint.set_lower(hint.lower() + held),
        }
        hint
    }
}
