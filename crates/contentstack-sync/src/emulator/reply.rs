//! The body of an answer, which may end too early.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::fault::Disturbance;

#[derive(Debug)]
pub(super) struct Reply {
    data: Option<Bytes>,
    end: End,
}

/// What comes after the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    /// A moment in which head and data are sent, then the failure.
    Cut,
    Failed,
}

impl Reply {
    pub(super) fn new(mut body: Bytes, disturbance: Disturbance) -> Self {
        let end = if disturbance.truncated {
            body.truncate(body.len() / 2);
            End::Cut
        } else {
            End::Whole
        };
        Self {
            data: (!body.is_empty()).then_some(body),
            end,
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
        match self.end {
            End::Whole => Poll::Ready(None),
            End::Cut => {
                self.end = End::Failed;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            End::Failed => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.end == End::Whole
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::Whole => {
                SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
            }
            _ => SizeHint::default(),
        }
    }
}
