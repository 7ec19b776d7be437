//! The body of an answer: bytes that are at hand, or that are being made.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

use super::BoxError;

/// The body of an answer of a [`Route`](super::Route).
///
/// It ends with an error when the objects can't be had to the end. A server
/// then cuts the connection, so that the client sees that something is missing.
pub struct Body(State);

enum State {
    /// All of it, or nothing if it was taken.
    Whole(Bytes),
    Streamed(Streamed),
}

/// What is being made, piece by piece, by a task that ends with this.
struct Streamed {
    first: Option<Bytes>,
    rest: Receiver<Piece>,
    producer: Producer,
}

/// What the task hands over.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes, and there are more.
    More(Bytes),
    /// The last bytes. Without them, the answer isn't complete.
    Last(Bytes),
    /// Why there are no more.
    Failed(BoxError),
}

/// A task that is ended when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Producer(pub(super) JoinHandle<()>);

impl Drop for Producer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Body {
    pub(super) const fn empty() -> Self {
        Self(State::Whole(Bytes::new()))
    }

    pub(super) const fn whole(bytes: Bytes) -> Self {
        Self(State::Whole(bytes))
    }

    pub(super) const fn streamed(first: Bytes, rest: Receiver<Piece>, producer: Producer) -> Self {
        Self(State::Streamed(Streamed {
            first: Some(first),
            rest,
            producer,
        }))
    }
}

impl Streamed {
    /// The next piece, never an empty one that isn't the last.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, BodyError>> {
        loop {
            let piece = match self.first.take() {
                Some(first) => Piece::More(first),
                // Without a last piece, the task gave up, or was ended with its
                // runtime.
                None => match ready!(self.rest.poll_recv(context)) {
                    Some(piece) => piece,
                    None => return Poll::Ready(Err(BodyError(None))),
                },
            };
            if !matches!(&piece, Piece::More(bytes) if bytes.is_empty()) {
                return Poll::Ready(Ok(piece));
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let piece = match &mut self.0 {
            State::Whole(bytes) => Ok(Piece::Last(std::mem::take(bytes))),
            State::Streamed(streamed) => ready!(streamed.poll(context)),
        };
        let bytes = match piece {
            Ok(Piece::More(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Ok(Piece::Last(bytes)) => Ok(bytes),
            Ok(Piece::Failed(cause)) => Err(BodyError(Some(cause))),
            Err(error) => Err(error),
        };
        // There is nothing more, however it ended.
        self.0 = State::Whole(Bytes::new());
        Poll::Ready(match bytes {
            Ok(bytes) => (!bytes.is_empty()).then(|| Ok(Frame::data(bytes))),
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, State::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            State::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            State::Streamed(_) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Body");
        match &self.0 {
            State::Whole(bytes) => shown.field("bytes", &bytes.len()),
            State::Streamed(streamed) => shown.field("producer", &streamed.producer),
        };
        shown.finish()
    }
}

/// An answer that can't be had to its end.
#[derive(Debug)]
pub struct BodyError(Option<BoxError>);

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer was cut short")
    }
}

impl StdError for BodyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause: &(dyn StdError + 'static) = &**self.0.as_ref()?;
        Some(cause)
    }
}
