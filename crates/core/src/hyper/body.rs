//! Bodies of answers.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::classify;
use super::exchange::Exchange;
use crate::transport::{Body, TransportError};

/// How much of an unread body is read only to keep its connection, and for how long.
const DRAIN_BYTES: u64 = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// The body of an answer on its way from the connection.
pub(crate) struct Received {
    incoming: Option<Incoming>,
    exchange: Exchange,
    version: Version,
}

impl Received {
    pub(crate) fn body(incoming: Incoming, mut exchange: Exchange, version: Version) -> Body {
        if incoming.is_end_stream() {
            exchange.finish();
            return Body::empty();
        }
        Body::from_http_body(Self {
            incoming: Some(incoming),
            exchange,
            version,
        })
    }

    fn end(&mut self) {
        self.exchange.finish();
        self.incoming = None;
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let Some(incoming) = self.incoming.as_mut() else {
            return Poll::Ready(None);
        };
        match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
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
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        // HTTP/2 resets the stream and keeps the connection without any help.
        if self.version == Version::HTTP_2
            || incoming.is_end_stream()
            || incoming
                .size_hint()
                .upper()
                .is_none_or(|left| left > DRAIN_BYTES)
            || self.exchange.has_timed_out()
        {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAIN_TIME, drain(incoming)));
        }
    }
}

/// Reads to the end of a body whose length is known to be small.
async fn drain(mut incoming: Incoming) {
    while let Some(Ok(_)) = std::future::poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await
    {
    }
}
