//! The body of an answer, which may end too early.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

#[derive(Debug)]
pub(super) struct Reply {
    data: Option<Bytes>,
    then: Then,
}

/// What comes after the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    /// A moment in which head and data are sent, then the failure.
    Pause,
    Failure,
}

impl Reply {
    pub(super) fn whole(body: Bytes) -> Self {
        Self {
            data: (!body.is_empty()).then_some(body),
            then: Then::Nothing,
        }
    }

    /// The first half, then a failure.
    pub(super) fn truncated(mut body: Bytes) -> Self {
        body.truncate(body.len() / 2);
        Self {
            then: Then::Pause,
            ..Self::whole(body)
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.then {
            Then::Nothing => Poll::Ready(None),
            Then::Pause => {
                self.then = Then::Failure;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Then::Failure => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.then == Then::Nothing
    }

    fn size_hint(&self) -> SizeHint {
        if self.then != Then::Nothing {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}
