//! HTTP/2 on one connection.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::TokioTimer;

use super::io::Io;
use crate::transport::{Attempt, Body};

/// How long a connection with open streams may be silent before it is asked
/// for a sign of life, and how long it has to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// What the peer may send ahead of the reader. The protocol's own default of
/// 64 KiB makes a download wait for a round trip every 64 KiB.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Limit of an answer's headers; HTTP/1.1 has hyper's limit of about 400 KiB.
const MAX_HEADERS: u32 = 256 << 10;

/// A share in a connection that serves many exchanges at a time. It is closed
/// when nobody holds a share and no stream is open.
#[derive(Clone)]
pub(crate) struct Http2 {
    send: SendRequest<Body>,
    common: Arc<Common>,
}

/// What all shares know of their connection.
#[derive(Default)]
struct Common {
    given_up: AtomicBool,
    /// Held once more by each exchange that is under way.
    exchanges: Arc<()>,
}

impl Http2 {
    pub(crate) async fn over(io: Io) -> hyper::Result<Self> {
        let tasks = Tasks::default();
        let (mut send, connection) = Builder::new(tasks.clone())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(false)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADERS)
            .handshake(io)
            .await?;
        // Whoever waits for an answer or reads its body is told of errors.
        tokio::spawn(tasks.in_turn_with(connection));
        send.ready().await?;
        Ok(Self {
            send,
            common: Arc::default(),
        })
    }

    /// Whether new exchanges may begin.
    pub(crate) fn is_open(&self) -> bool {
        self.send.is_ready() && !self.common.given_up.load(Ordering::Acquire)
    }

    /// Whether an exchange is under way.
    pub(crate) fn is_used(&self) -> bool {
        Arc::strong_count(&self.common.exchanges) > 1
    }

    /// Sends a request, and waits for the head of its answer. The error holds
    /// the request if nothing of it was sent.
    pub(crate) async fn send(
        self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        let mut send = self.send;
        let answer = send.try_send_request(request);
        // A request that is handed over in the very moment in which the
        // connection ends lies in a queue that nobody reads, until the last
        // share goes. This one must not wait for itself.
        drop(send);
        answer.await
    }

    /// Watches over an exchange that begins now.
    pub(crate) fn watch(&self, attempt: Option<Arc<Attempt>>) -> Watch {
        Watch(Some(Exchange {
            attempt,
            _under_way: Arc::clone(&self.common.exchanges),
            connection: Arc::clone(&self.common),
        }))
    }
}

/// Runs what hyper splits off, each in a task of its own, but for the first:
/// that is what moves the frames, and takes turns with what sends the requests.
///
/// hyper hands a request over to be sent, and then looks whether the connection
/// still takes new ones. Where the frames move on another thread meanwhile, the
/// request can be executed and answered in between, with a goodbye right behind.
/// hyper would say of it what it says of requests that a goodbye left out: that
/// the server did not look at it.
#[derive(Clone, Default)]
struct Tasks(Arc<First>);

#[derive(Default)]
struct First {
    has_come: AtomicBool,
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, future: F) {
        if self.0.has_come.swap(true, Ordering::AcqRel) {
            tokio::spawn(future);
        } else {
            let first = self.0.future.lock();
            *first.unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(future));
        }
    }
}

impl Tasks {
    /// Both in one task, until both have ended.
    async fn in_turn_with(self, sending: impl Future) {
        let first = self.0.future.lock();
        let mut moving = first.unwrap_or_else(PoisonError::into_inner).take();
        let mut sending = pin!(Some(sending));
        // What has ended is dropped at once: each waits for the end of the other.
        poll_fn(|cx| {
            let sends = sending.as_mut().as_pin_mut();
            if sends.is_some_and(|sending| sending.poll(cx).is_ready()) {
                sending.set(None);
            }
            let moves = moving.as_mut();
            if moves.is_some_and(|moving| moving.as_mut().poll(cx).is_ready()) {
                moving = None;
            }
            match sending.is_none() && moving.is_none() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

/// One exchange, from its start to the end of the answer's body.
///
/// Dropped before that, after its attempt was marked as timed out, it gives
/// the connection up. That would serve on, and swallow every later call when
/// its path is dead.
pub(crate) struct Watch(Option<Exchange>);

struct Exchange {
    attempt: Option<Arc<Attempt>>,
    _under_way: Arc<()>,
    connection: Arc<Common>,
}

impl Watch {
    /// The exchange came to its end: nothing is left to be done.
    pub(crate) fn finish(&mut self) {
        self.0 = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(exchange) = &self.0 else {
            return;
        };
        let attempt = exchange.attempt.as_ref();
        if attempt.is_some_and(|attempt| attempt.has_timed_out()) {
            exchange.connection.given_up.store(true, Ordering::Release);
        }
    }
}
