//! HTTP/2 on one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioTimer};

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
    given_up: Arc<AtomicBool>,
}

impl Http2 {
    pub(crate) async fn over(io: Io) -> hyper::Result<Self> {
        let (mut send, connection) = Builder::new(TokioExecutor::new())
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
        tokio::spawn(connection);
        send.ready().await?;
        Ok(Self {
            send,
            given_up: Arc::default(),
        })
    }

    /// Whether new exchanges may begin.
    pub(crate) fn is_open(&self) -> bool {
        self.send.is_ready() && !self.given_up.load(Ordering::Acquire)
    }

    /// Whether no exchange is going on. The pool alone holds a share then.
    pub(crate) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.given_up) == 1
    }

    /// Sends a request, and waits for the head of its answer. The error holds
    /// the request if nothing of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Box<Request<Body>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        self.send.try_send_request(*request).await
    }

    /// Watches over an exchange that begins now.
    pub(crate) fn watch(&self, attempt: Option<Arc<Attempt>>) -> Watch {
        Watch(Some((attempt, Arc::clone(&self.given_up))))
    }
}

/// One exchange, from its start to the end of the answer's body.
///
/// Dropped before that, after its attempt was marked as timed out, it gives
/// the connection up. That would serve on, and swallow every later call when
/// its path is dead.
pub(crate) struct Watch(Option<(Option<Arc<Attempt>>, Arc<AtomicBool>)>);

impl Watch {
    /// The exchange came to its end: nothing is left to be done.
    pub(crate) fn finish(&mut self) {
        self.0 = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((Some(attempt), given_up)) = &self.0 {
            if attempt.has_timed_out() {
                given_up.store(true, Ordering::Release);
            }
        }
    }
}
