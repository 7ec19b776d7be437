//! Bodies of requests and answers.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{BoxError, Delivery, TransportError, TransportErrorKind};

type BoxBody = Pin<Box<dyn HttpBody<Data = Bytes, Error = TransportError> + Send>>;

/// The body of a request or an answer.
///
/// Whether a request may be repeated depends on its body: bytes in memory and
/// [replayable](Body::replay) bodies can be sent again, a one-shot
/// [stream](Body::from_stream) cannot, and never is.
pub struct Body(Inner);

enum Inner {
    Full(Bytes),
    Replay {
        make: Arc<dyn Fn() -> Body + Send + Sync>,
        /// Made at the first poll.
        current: Option<Box<Body>>,
    },
    // The mutex is never locked: `get_mut` makes the body `Sync` without unsafe code.
    Stream(Mutex<BoxBody>),
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self(Inner::Full(Bytes::new()))
    }

    /// A body that is made anew by `make` for every attempt, for example by
    /// opening a file again.
    pub fn replay(make: impl Fn() -> Self + Send + Sync + 'static) -> Self {
        Self(Inner::Replay {
            make: Arc::new(make),
            current: None,
        })
    }

    /// A body that can be read once. A call with such a body is never repeated
    /// after it began.
    pub fn from_stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self::from_http_body(StreamBody {
            stream: Box::pin(stream),
        })
    }

    /// Any [`http_body::Body`], readable once.
    pub fn from_http_body<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Inner::Stream(Mutex::new(Box::pin(MapError { body }))))
    }

    /// The bytes, when they are in memory.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Inner::Full(bytes) => Some(bytes),
            Inner::Replay { .. } | Inner::Stream(_) => None,
        }
    }

    /// The bytes, when they are in memory.
    pub(crate) fn into_bytes(self) -> Option<Bytes> {
        match self.0 {
            Inner::Full(bytes) => Some(bytes),
            Inner::Replay { .. } | Inner::Stream(_) => None,
        }
    }

    /// Whether there is certainly nothing in it.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_some_and(Bytes::is_empty)
    }

    /// The same body for another attempt, or `None` when it can be read only once.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Inner::Full(bytes) => Some(Self(Inner::Full(bytes.clone()))),
            // Made right away, so that its length can be told without making another.
            Inner::Replay { make, .. } => Some(Self(Inner::Replay {
                make: Arc::clone(make),
                current: Some(Box::new(make())),
            })),
            Inner::Stream(_) => None,
        }
    }

    /// Whether [`try_clone`](Self::try_clone) gives another.
    pub fn is_replayable(&self) -> bool {
        !matches!(self.0, Inner::Stream(_))
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    ///
    /// When the body breaks off. What was read before is then not the whole.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Polls for the next piece of the body; see [`chunk`](Self::chunk).
    pub fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        loop {
            match ready!(Pin::new(&mut *self).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    // Trailers: nothing here uses them.
                    Err(_) => {}
                },
            }
        }
    }

    /// Reads the whole body, `limit` bytes at the most.
    ///
    /// # Errors
    ///
    /// [`TransportErrorKind::TooLarge`] past the limit, or whatever broke the body off.
    pub async fn collect(mut self, limit: u64) -> Result<Bytes, TransportError> {
        let mut collected = Collected::new(limit);
        std::future::poll_fn(|cx| {
            let expected = self.size_hint().lower();
            collected.poll_fill(expected, || self.poll_chunk(cx))
        })
        .await
    }

    /// The body as a stream of its pieces.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + Unpin {
        BodyStream(self)
    }
}

/// A body on its way into memory.
pub(crate) struct Collected {
    first: Option<Bytes>,
    rest: BytesMut,
    left: u64,
    limit: u64,
}

impl Collected {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            first: None,
            rest: BytesMut::new(),
            left: limit,
            limit,
        }
    }

    /// Reads on; ready at the end of the body. A body of one piece is not
    /// copied. `expected` is how much is surely still to come.
    pub(crate) fn poll_fill(
        &mut self,
        expected: u64,
        mut poll_chunk: impl FnMut() -> Poll<Option<Result<Bytes, TransportError>>>,
    ) -> Poll<Result<Bytes, TransportError>> {
        loop {
            let Some(chunk) = ready!(poll_chunk()).transpose()? else {
                let first = self.first.take().unwrap_or_default();
                return Poll::Ready(Ok(if self.rest.is_empty() {
                    first
                } else {
                    std::mem::take(&mut self.rest).freeze()
                }));
            };
            let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
                return Poll::Ready(Err(too_large(self.limit)));
            };
            self.left = left;
            if self.first.is_none() {
                self.first = Some(chunk);
                continue;
            }
            if self.rest.is_empty() {
                let expected = usize::try_from(expected.min(left)).unwrap_or(0);
                let first = self.first.clone().unwrap_or_default();
                self.rest.reserve(first.len() + chunk.len().max(expected));
                self.rest.extend_from_slice(&first);
            }
            self.rest.extend_from_slice(&chunk);
        }
    }
}

pub(crate) fn too_large(limit: u64) -> TransportError {
    TransportError::new(TransportErrorKind::TooLarge, Delivery::Answered).with_message(format!(
        "more than {limit} bytes; raise the limit of the call or read it as a stream"
    ))
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Full(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Inner::Replay { .. } => f.write_str("Body(replayable)"),
            Inner::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match &mut self.0 {
            Inner::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Inner::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Inner::Replay { make, current } => {
                let body = current.get_or_insert_with(|| Box::new(make()));
                Pin::new(&mut **body).poll_frame(cx)
            }
            Inner::Stream(body) => body
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .as_mut()
                .poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Full(bytes) => bytes.is_empty(),
            Inner::Replay { current, .. } => current.as_ref().is_some_and(|b| b.is_end_stream()),
            // Needs the lock; not polling further costs nothing but one poll.
            Inner::Stream(body) => body.try_lock().is_ok_and(|body| body.is_end_stream()),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Replay { make, current } => match current {
                Some(body) => body.size_hint(),
                None => make().size_hint(),
            },
            Inner::Stream(body) => body
                .try_lock()
                .map_or_else(|_| SizeHint::default(), |body| body.size_hint()),
        }
    }
}

struct StreamBody<S> {
    stream: Pin<Box<S>>,
}

impl<S, E> HttpBody for StreamBody<S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    type Data = Bytes;
    type Error = E;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        self.stream
            .as_mut()
            .poll_next(cx)
            .map(|item| item.map(|chunk| chunk.map(Frame::data)))
    }
}

pin_project_lite::pin_project! {
    struct MapError<B> {
        #[pin]
        body: B,
    }
}

impl<B> HttpBody for MapError<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        self.project()
            .body
            .poll_frame(cx)
            .map(|frame| frame.map(|frame| frame.map_err(|error| body_error(error.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Keeps a transport error as it is; anything else is an error of the body.
fn body_error(error: BoxError) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(error) => *error,
        Err(error) => body_source(error),
    }
}

fn body_source(error: Box<dyn StdError + Send + Sync>) -> TransportError {
    TransportError::new(TransportErrorKind::Body, Delivery::MaybeSent).with_source(error)
}

struct BodyStream(Body);

impl Stream for BodyStream {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(cx)
    }
}
