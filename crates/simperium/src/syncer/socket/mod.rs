//! One websocket, over the transport that all calls go through.

mod counted;
mod frame;
mod open;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink as _, Stream as _};
use sync_core::transport::Upgraded;
use tokio::io::AsyncWrite as _;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};

use self::counted::Counted;
pub(super) use self::open::open;

/// A socket that is open. It is closed when this is dropped.
///
/// Frames to be sent wait here without a limit of their own: who sends has one,
/// of changes that are not acknowledged.
pub(super) struct Socket {
    stream: WebSocketStream<Counted<Upgraded>>,
    waiting: VecDeque<Outgoing>,
    /// Whether something may not have left the buffers yet.
    unflushed: bool,
    /// Whether the end has come.
    ended: bool,
    /// Why, until that is said.
    closed: Option<Closed>,
    received: u64,
    sent: u64,
}

/// A frame to be sent.
enum Outgoing {
    Text(String),
    /// One that holds a secret, as bytes of which so many were written: it goes
    /// past the library, which logs what it writes.
    Secret(Vec<u8>, usize),
}

/// Why a socket is no more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Closed {
    /// The other end closed it.
    #[error("the service closed the socket")]
    ByPeer,
    /// It broke, or what came was no websocket.
    #[error("the socket broke")]
    Broken(#[source] tungstenite::Error),
}

impl Closed {
    /// Whether a frame was larger than it may be.
    pub(super) fn is_overwhelmed(&self) -> bool {
        matches!(self, Self::Broken(tungstenite::Error::Capacity(_)))
    }
}

impl Socket {
    async fn new(io: Upgraded, largest: usize) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest));
        Self {
            stream: WebSocketStream::from_raw_socket(Counted::new(io), Role::Client, Some(config))
                .await,
            waiting: VecDeque::new(),
            unflushed: false,
            ended: false,
            closed: None,
            received: 0,
            sent: 0,
        }
    }

    /// Takes a frame to be sent. It is written while [`next`](Self::next) or
    /// [`flush`](Self::flush) is waited for.
    pub(super) fn send(&mut self, frame: String) {
        self.sent += 1;
        self.waiting.push_back(Outgoing::Text(frame));
    }

    /// The same for a frame that holds a secret.
    pub(super) fn send_secret(&mut self, frame: &str) {
        self.sent += 1;
        let bytes = frame::masked_text(frame);
        self.waiting.push_back(Outgoing::Secret(bytes, 0));
    }

    /// The next frame, while what waits is written. Nothing is lost when the
    /// future is dropped.
    pub(super) async fn next(&mut self) -> Result<Utf8Bytes, Closed> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// A frame that is here already. Whether the socket has ended is said by
    /// [`next`](Self::next).
    pub(super) fn try_next(&mut self) -> Option<Utf8Bytes> {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match self.poll_read(&mut cx) {
            Poll::Ready(Ok(frame)) => Some(frame),
            Poll::Ready(Err(closed)) => {
                self.closed = Some(closed);
                None
            }
            Poll::Pending => None,
        }
    }

    /// How many bytes came.
    pub(super) fn bytes(&self) -> u64 {
        self.stream.get_ref().read
    }

    /// Waits until everything is written.
    pub(super) async fn flush(&mut self) -> Result<(), Closed> {
        poll_fn(|cx| self.poll_write(cx)).await
    }

    /// Says good-bye, once everything is written.
    pub(super) async fn close(mut self) -> Result<(), Closed> {
        self.flush().await?;
        let mut stream = Pin::new(&mut self.stream);
        poll_fn(|cx| stream.as_mut().poll_close(cx))
            .await
            .map_err(Closed::Broken)
    }

    /// How many frames came, and how many were sent.
    pub(super) fn traffic(&self) -> (u64, u64) {
        (self.received, self.sent)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Utf8Bytes, Closed>> {
        if let Poll::Ready(Err(error)) = self.poll_write(cx) {
            return Poll::Ready(Err(error));
        }
        self.poll_read(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Utf8Bytes, Closed>> {
        loop {
            if self.ended {
                return Poll::Ready(Err(self.closed.take().unwrap_or(Closed::ByPeer)));
            }
            let closed = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(Message::Text(text))) => {
                    self.received += 1;
                    return Poll::Ready(Ok(text));
                }
                // Pings are answered by the library; the protocol has no bytes.
                Some(Ok(Message::Ping(_))) => {
                    self.unflushed = true;
                    continue;
                }
                Some(Ok(Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) | None => Closed::ByPeer,
                Some(Err(error)) => Closed::Broken(error),
            };
            self.ended = true;
            return Poll::Ready(Err(closed));
        }
    }

    /// Writes what waits, as far as the connection takes it.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        while let Some(next) = self.waiting.front_mut() {
            match next {
                Outgoing::Text(text) => {
                    ready!(Pin::new(&mut self.stream).poll_ready(cx)).map_err(Closed::Broken)?;
                    let message = Message::text(std::mem::take(text));
                    self.waiting.pop_front();
                    self.unflushed = true;
                    Pin::new(&mut self.stream)
                        .start_send(message)
                        .map_err(Closed::Broken)?;
                }
                Outgoing::Secret(bytes, written) => {
                    // Between two frames, nothing of which may wait in a buffer.
                    if *written == 0 {
                        ready!(Pin::new(&mut self.stream).poll_flush(cx))
                            .map_err(Closed::Broken)?;
                    }
                    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
                        let io = Pin::new(self.stream.get_mut());
                        let count = ready!(io.poll_write(cx, rest))
                            .map_err(|error| Closed::Broken(error.into()))?;
                        if count == 0 {
                            return Poll::Ready(Err(Closed::ByPeer));
                        }
                        *written += count;
                    }
                    self.waiting.pop_front();
                    self.unflushed = true;
                }
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx)).map_err(Closed::Broken)?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}
