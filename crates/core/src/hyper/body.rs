//! Bodies of answers.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::classify;
#[cfg(feature = "http2")]
use super::http2::Watch;
use super::pool::Lease;
use crate::transport::{Attempt, Body, TransportError};

/// How much of an unread body is read only to keep its connection, and for how long.
const DRAIN_BYTES: u64 = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Larger bodies, and those of unknown size, are decrypted by a task of their
/// connection's own while their reader is busy with what it has.
const SMALL: u64 = 64 << 10;

/// The body of an answer on its way from the connection.
pub(crate) struct Received {
    incoming: Option<Incoming>,
    way: Way,
}

enum Way {
    Http1 {
        lease: Option<Lease>,
        attempt: Option<Arc<Attempt>>,
    },
    /// Comes by itself.
    #[cfg(feature = "http2")]
    Http2(Watch),
}

impl Received {
    pub(crate) fn over_http1(
        incoming: Incoming,
        mut lease: Lease,
        attempt: Option<Arc<Attempt>>,
    ) -> Body {
        if incoming.is_end_stream() {
            lease.release();
            return Body::empty();
        }
        let is_small = incoming
            .size_hint()
            .upper()
            .is_some_and(|size| size <= SMALL);
        if lease.connection.is_tls() && !is_small {
            lease.connection.spawn();
        }
        Body::from_http_body(Self {
            incoming: Some(incoming),
            way: Way::Http1 {
                lease: Some(lease),
                attempt,
            },
        })
    }

    #[cfg(feature = "http2")]
    pub(crate) fn over_http2(incoming: Incoming, mut watch: Watch) -> Body {
        if incoming.is_end_stream() {
            watch.finish();
            return Body::empty();
        }
        Body::from_http_body(Self {
            incoming: Some(incoming),
            way: Way::Http2(watch),
        })
    }

    /// Nothing more will come.
    fn end(&mut self) {
        self.incoming = None;
        match &mut self.way {
            Way::Http1 { lease, .. } => {
                if let Some(lease) = lease.take() {
                    lease.release();
                }
            }
            #[cfg(feature = "http2")]
            Way::Http2(watch) => watch.finish(),
        }
    }
}

/// The next frame of a body.
fn poll_incoming(
    incoming: &mut Incoming,
    way: &mut Way,
    cx: &mut Context<'_>,
) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
    match way {
        Way::Http1 {
            lease: Some(lease), ..
        } => lease.connection.poll_frame(incoming, cx),
        _ => Pin::new(incoming).poll_frame(cx),
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        match ready!(poll_incoming(incoming, &mut this.way, cx)) {
            Some(Ok(frame)) => {
                // Many readers know from the length that this was all, and
                // never ask again.
                if incoming.is_end_stream() {
                    self.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.end();
                Poll::Ready(Some(Err(classify::body_error(error))))
            }
            None => {
                let missing = incoming.size_hint().lower();
                self.end();
                // hyper reports this itself, unless its task was taken away.
                Poll::Ready((missing > 0).then(|| Err(classify::truncated(missing))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let Some(mut incoming) = self.incoming.take() else {
            return;
        };
        let (lease, attempt) = match &mut self.way {
            Way::Http1 { lease, attempt } => (lease.take(), attempt),
            // Resets the stream and keeps the connection without any help.
            #[cfg(feature = "http2")]
            Way::Http2(_) => return,
        };
        let left = incoming.size_hint().upper();
        let has_timed_out = attempt
            .as_ref()
            .is_some_and(|attempt| attempt.has_timed_out());
        if has_timed_out || left.is_none_or(|left| left > DRAIN_BYTES) {
            // Before its connection, which sees by that that it can end.
            drop(incoming);
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let mut way = Way::Http1 {
            lease,
            attempt: None,
        };
        runtime.spawn(async move {
            let drained = poll_fn(|cx| {
                while let Some(frame) = ready!(poll_incoming(&mut incoming, &mut way, cx)) {
                    if frame.is_err() {
                        return Poll::Ready(false);
                    }
                }
                Poll::Ready(true)
            });
            if matches!(tokio::time::timeout(DRAIN_TIME, drained).await, Ok(true)) {
                if let Way::Http1 {
                    lease: Some(lease), ..
                } = way
                {
                    lease.release();
                }
            }
        });
    }
}
