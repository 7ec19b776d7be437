//! Transports without a socket.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::Serialize;
use tokio::sync::watch;

use crate::transport::{Attempt, Body, Delivery, Transport, TransportError, TransportErrorKind};

/// What a double answers.
pub type Answer = Result<Response<Body>, TransportError>;

/// An answer with this status and body.
pub fn response(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
}

/// An answer with a JSON body. A value that cannot be written as JSON becomes
/// a `500` that says so.
pub fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(body) => with_header(response(status, body), "content-type", "application/json"),
        Err(error) => response(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// The same answer with one more header.
pub fn with_header(
    mut response: Response<Body>,
    name: &'static str,
    value: &'static str,
) -> Response<Body> {
    let name = HeaderName::from_static(name);
    response
        .headers_mut()
        .append(name, HeaderValue::from_static(value));
    response
}

/// The error of a connection that ended too early, with this delivery.
pub fn reset(delivery: Delivery) -> TransportError {
    TransportError::new(TransportErrorKind::Reset, delivery)
        .with_message("made up by a test double")
}

/// Answers from a list or a closure, and keeps every request.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sync_core::TransportError> {
/// use http::StatusCode;
/// use sync_core::testing::mock::{self, ReplyTransport};
/// use sync_core::{Body, Transport};
///
/// let transport = ReplyTransport::queue([
///     Ok(mock::response(StatusCode::SERVICE_UNAVAILABLE, "later")),
///     Ok(mock::response(StatusCode::OK, "now")),
/// ]);
/// let request = http::Request::post("http://host/rest/db/scan").body(Body::from("x")).unwrap();
/// assert_eq!(transport.send(request).await?.status(), 503);
/// assert_eq!(transport.requests()[0].uri().path(), "/rest/db/scan");
/// assert_eq!(transport.requests()[0].body(), "x");
/// assert_eq!(transport.left(), 1);
/// # Ok(())
/// # }
/// ```
pub struct ReplyTransport {
    answers: Answers,
    requests: Mutex<Vec<Request<Bytes>>>,
}

type AnswerFn = dyn Fn(&Request<Bytes>) -> Answer + Send + Sync;

enum Answers {
    Queue(Mutex<VecDeque<Answer>>),
    Fn(Box<AnswerFn>),
}

impl ReplyTransport {
    /// Answers with what `answer` makes of each request.
    pub fn new(answer: impl Fn(&Request<Bytes>) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            answers: Answers::Fn(Box::new(answer)),
            requests: Mutex::default(),
        }
    }

    /// Gives these answers, one after the other. A request too many fails as
    /// [`TransportErrorKind::Request`].
    pub fn queue(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = answers.into_iter().collect();
        Self {
            answers: Answers::Queue(Mutex::new(answers)),
            requests: Mutex::default(),
        }
    }

    /// The requests so far, each with its whole body.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        lock(&self.requests).clone()
    }

    /// How many requests there were.
    pub fn calls(&self) -> usize {
        lock(&self.requests).len()
    }

    /// How many queued answers nobody has asked for.
    pub fn left(&self) -> usize {
        match &self.answers {
            Answers::Queue(queue) => lock(queue).len(),
            Answers::Fn(_) => 0,
        }
    }
}

#[async_trait]
impl Transport for ReplyTransport {
    async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.collect(u64::MAX).await?);
        lock(&self.requests).push(request.clone());
        match &self.answers {
            Answers::Fn(answer) => answer(&request),
            Answers::Queue(queue) => lock(queue).pop_front().unwrap_or_else(|| {
                let kind = TransportErrorKind::Request;
                let message = "the queue of answers is used up";
                Err(TransportError::new(kind, Delivery::NotSent).with_message(message))
            }),
        }
    }
}

impl fmt::Debug for ReplyTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTransport")
            .field("calls", &self.calls())
            .field("left", &self.left())
            .finish()
    }
}

/// Never answers: for timeouts and cancellation.
#[derive(Debug, Default)]
pub struct NeverTransport {
    calls: watch::Sender<usize>,
    dropped: Arc<AtomicUsize>,
    timed_out: Arc<AtomicUsize>,
}

impl NeverTransport {
    /// A transport that never answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        *self.calls.borrow()
    }

    /// Waits until there were this many calls.
    pub async fn called(&self, calls: usize) {
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = self.calls.subscribe().wait_for(|n| *n >= calls).await;
    }

    /// How many calls were given up by their caller.
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    /// How many of those were [marked as timed out](Attempt::mark_timed_out).
    pub fn timed_out(&self) -> usize {
        self.timed_out.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for NeverTransport {
    async fn send(&self, request: Request<Body>) -> Answer {
        let _count = CountDrop {
            attempt: Attempt::of(request.extensions()).cloned(),
            dropped: Arc::clone(&self.dropped),
            timed_out: Arc::clone(&self.timed_out),
        };
        self.calls.send_modify(|calls| *calls += 1);
        std::future::pending().await
    }
}

struct CountDrop {
    attempt: Option<Arc<Attempt>>,
    dropped: Arc<AtomicUsize>,
    timed_out: Arc<AtomicUsize>,
}

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        if self
            .attempt
            .as_ref()
            .is_some_and(|attempt| attempt.has_timed_out())
        {
            self.timed_out.fetch_add(1, Ordering::SeqCst);
        }
    }
}

type Handling = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Hands every request to a function in the same process, bodies streaming
/// both ways: a client and a server in one test, without a socket.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sync_core::TransportError> {
/// use sync_core::testing::mock::LoopbackTransport;
/// use sync_core::{Body, Transport};
///
/// let transport = LoopbackTransport::new(|request: http::Request<Body>| async move {
///     http::Response::new(request.into_body())
/// });
/// let request = http::Request::put("http://host/echo").body(Body::from("x")).unwrap();
/// assert_eq!(transport.send(request).await?.into_body().collect(10).await?, "x");
/// # Ok(())
/// # }
/// ```
pub struct LoopbackTransport {
    handler: Box<dyn Fn(Request<Body>) -> Handling + Send + Sync>,
    calls: AtomicUsize,
}

impl LoopbackTransport {
    /// A transport that ends in `handler`.
    pub fn new<F>(handler: impl Fn(Request<Body>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        Self {
            handler: Box::new(move |request| Box::pin(handler(request))),
            calls: AtomicUsize::new(0),
        }
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for LoopbackTransport {
    async fn send(&self, request: Request<Body>) -> Answer {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok((self.handler)(request).await)
    }
}

impl fmt::Debug for LoopbackTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackTransport")
            .field("calls", &self.calls())
            .finish()
    }
}

/// Locks, also after a panic elsewhere: what is inside is only counted up.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
