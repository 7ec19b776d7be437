//! A request's body whose failure is remembered: over HTTP/2, hyper resets the
//! stream and forgets why.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::transport::{Body, TransportError, TransportErrorKind};

/// Why a request's body failed, if it did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<TransportError>>>);

impl Failure {
    /// Remembers what happens to the body of this request. One in memory cannot
    /// fail.
    pub(crate) fn of(request: &mut Request<Body>) -> Option<Self> {
        if request.body().as_bytes().is_some() {
            return None;
        }
        let failure = Self::default();
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::from_http_body(Sending {
            body,
            failure: failure.clone(),
        });
        Some(failure)
    }

    /// Gives the cause to an error that is about the body.
    #[cold]
    pub(crate) fn explain(&self, error: TransportError) -> TransportError {
        let failure = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failure {
            Some(cause) if error.kind() == TransportErrorKind::Body => error.with_source(cause),
            _ => error,
        }
    }
}

struct Sending {
    body: Body,
    failure: Failure,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = Gone;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Gone>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| {
                let failure = &self.failure.0;
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Gone
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What hyper is told; the cause is in the [`Failure`].
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the body of the request failed")
    }
}

impl std::error::Error for Gone {}
