//! HTTP/1.1 on one connection.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Method, Request, Response};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::io::Io;
use super::origin::Origin;
use super::relay::Relay;
use crate::transport::{Body, TransportError};

/// A connection that serves one exchange at a time.
///
/// It has no task of its own: whoever waits for an answer moves the connection
/// on, which saves two changes of task (and often of thread) in every exchange.
/// Where that would not do it is [given one](Self::spawn): where the reader
/// would wait for decryption, or where a request goes on while nobody reads.
pub(crate) struct Http1 {
    // Dropped before the driver, which tells it that this is the end.
    send: SendRequest<Body>,
    driver: Driver,
    host: HeaderValue,
    is_proxied: bool,
    is_tls: bool,
}

struct Driver {
    state: State,
    relay: Relay,
}

enum State {
    /// Moved on by [`Driver::drive`].
    Borrowed(Moved),
    /// Moved on by a task, which ends soon after this is dropped.
    Spawned(#[expect(dead_code, reason = "its drop is what counts")] oneshot::Sender<()>),
    /// Or somebody else's.
    Ended,
}

/// The connection itself, which has to be moved on.
type Moved = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// How long a connection may take to end that has a task of its own. It may be
/// stuck in a request that nobody reads.
const LINGER: Duration = Duration::from_secs(1);

/// Moves a connection on until it ends, or its owner has been gone for a while.
async fn move_on(mut connection: Moved, mut owner: oneshot::Receiver<()>) {
    // Whoever waits for the answer or reads its body is told of errors.
    let has_ended = poll_fn(|cx| {
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(true);
        }
        Pin::new(&mut owner).poll(cx).map(|_| false)
    });
    if !has_ended.await {
        let _ = tokio::time::timeout(LINGER, connection).await;
    }
}

impl Driver {
    /// What has to be moved on, for a task.
    fn take(&mut self) -> Option<(Handle, Moved)> {
        let runtime = Handle::try_current().ok()?;
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Borrowed(connection) => Some((runtime, connection)),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Moves the connection on, as far as it goes now. Nobody is told when it
    /// can go on.
    fn drive(&mut self) {
        self.relay.mute();
        if let State::Borrowed(driver) = &mut self.state {
            if driver.as_mut().poll(&mut self.relay.context()).is_ready() {
                self.state = State::Ended;
            }
        }
    }

    /// Moves the connection on, and asks what came of that.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        ask: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.drive();
        let answer = ask(&mut self.relay.context());
        if answer.is_pending() {
            self.relay.pass_to(cx);
        }
        answer
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // TLS demands a word of goodbye. A request's body that has just
        // panicked must not be asked again.
        if Handle::try_current().is_ok() && !std::thread::panicking() {
            self.drive();
        }
    }
}

impl Http1 {
    pub(crate) async fn over(io: Io, host: HeaderValue) -> hyper::Result<Self> {
        let (is_proxied, is_tls) = (io.is_proxied, io.is_tls());
        let (send, connection) = http1::handshake(io).await?;
        let mut driver: Moved = Box::pin(connection.with_upgrades());
        let relay = Relay::new();
        // A server that hangs up at once is found out before anything is sent.
        let state = match driver.as_mut().poll(&mut relay.context()) {
            Poll::Pending => State::Borrowed(driver),
            Poll::Ready(result) => result.map(|()| State::Ended)?,
        };
        Ok(Self {
            send,
            driver: Driver { state, relay },
            host,
            is_proxied,
            is_tls,
        })
    }

    /// Gives the connection a task of its own.
    pub(crate) fn spawn(&mut self) {
        if let Some((runtime, connection)) = self.driver.take() {
            let (sender, owner) = oneshot::channel();
            self.driver.state = State::Spawned(sender);
            runtime.spawn(move_on(connection, owner));
        }
    }

    /// Lets the connection go on by itself, for whoever has it from now on.
    pub(crate) fn detach(mut self) {
        if let Some((runtime, connection)) = self.driver.take() {
            runtime.spawn(connection);
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Sends a request, and waits for the head of its answer. The error holds
    /// the request if nothing of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Box<Request<Body>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        let driver = &mut self.driver;
        driver.relay.mute();
        let mut answer = pin!(self.send.try_send_request(*request));
        poll_fn(|cx| driver.poll(cx, |cx| answer.as_mut().poll(cx))).await
    }

    /// Waits for the next frame of the answer's body.
    pub(crate) fn poll_frame(
        &mut self,
        incoming: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let mut incoming = Pin::new(incoming);
        let relay = &self.driver.relay;
        relay.mute();
        // Being asked is what makes the connection read on.
        let frame = incoming.as_mut().poll_frame(&mut relay.context());
        if frame.is_ready() {
            return frame;
        }
        self.driver.poll(cx, |cx| incoming.poll_frame(cx))
    }

    /// Adds what only HTTP/1.1 needs to a request with the path as its URI.
    pub(crate) fn prepare(
        &self,
        request: &mut Request<Body>,
        origin: &Origin,
    ) -> Result<(), TransportError> {
        let host = request.headers_mut().entry(HOST);
        host.or_insert_with(|| self.host.clone());
        if request.method() == Method::CONNECT {
            *request.uri_mut() = origin.authority();
        } else if self.is_proxied {
            *request.uri_mut() = origin.uri(request.uri().path_and_query())?;
        }
        Ok(())
    }

    /// Whether the last exchange is over and another can begin.
    pub(crate) fn is_ready(&mut self) -> bool {
        if !self.send.is_ready() {
            self.driver.drive();
        }
        self.send.is_ready()
    }

    /// Waits until [`is_ready`](Self::is_ready); false if it will never be.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let ready = self.driver.poll(cx, |cx| self.send.poll_ready(cx));
        ready.map(|result| result.is_ok())
    }

    /// Whether it will never serve again.
    pub(crate) fn has_ended(&self) -> bool {
        self.send.is_closed()
    }

    /// Looks whether the server has closed an unused connection.
    pub(crate) fn is_open(&mut self) -> bool {
        self.driver.drive();
        self.send.is_ready()
    }
}
