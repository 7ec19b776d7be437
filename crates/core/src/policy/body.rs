//! The body of an answer under guard: time, size, compression.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tokio::time::{Instant, Sleep};

use super::decode::Decoder;
use crate::transport::{
    Attempt, Body, Collected, Delivery, Phase, TransportError, TransportErrorKind,
};

/// A moment, and the limit that it stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until(pub(super) Instant, pub(super) Phase);

impl Until {
    /// The end of a limit that begins now; none if that is beyond all time.
    pub(super) fn after(now: Instant, limit: Duration, phase: Phase) -> Option<Self> {
        now.checked_add(limit).map(|at| Self(at, phase))
    }

    pub(super) fn earliest(limits: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        limits.into_iter().flatten().min_by_key(|until| until.0)
    }
}

/// A body that is watched while it is read.
pub(super) struct Guard {
    body: Body,
    decoder: Option<Box<Decoder>>,
    idle: Option<Duration>,
    until: Option<Until>,
    attempt: Arc<Attempt>,
    /// Runs only while the peer is waited for.
    timer: Option<(Pin<Box<Sleep>>, Phase)>,
    /// The first piece, when it was looked at and is still to be handed out.
    first: Option<Bytes>,
    given: bool,
    ended: bool,
}

impl Guard {
    pub(super) fn new(
        body: Body,
        decoder: Option<Box<Decoder>>,
        idle: Option<Duration>,
        attempt: Arc<Attempt>,
    ) -> Self {
        Self {
            body,
            decoder,
            idle,
            until: None,
            attempt,
            timer: None,
            first: None,
            given: false,
            ended: false,
        }
    }

    pub(super) fn set_until(&mut self, until: Option<Until>) {
        self.until = until;
    }

    pub(super) fn into_body(self) -> Body {
        Body::from_http_body(self)
    }

    /// Reads everything, `limit` bytes at the most.
    pub(super) async fn collect(&mut self, limit: u64) -> Result<Bytes, TransportError> {
        let mut collected = Collected::new(limit);
        std::future::poll_fn(|cx| {
            let expected = if self.decoder.is_some() {
                0
            } else {
                self.body.size_hint().lower()
            };
            collected.poll_fill(expected, || self.poll_chunk(cx))
        })
        .await
    }

    /// Reads `limit` bytes at the most, and what came before an error.
    pub(super) async fn collect_some(mut self, limit: u64) -> Bytes {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut text = Vec::new();
        while text.len() < limit {
            match std::future::poll_fn(|cx| self.poll_chunk(cx)).await {
                Some(Ok(chunk)) => {
                    text.extend_from_slice(&chunk[..chunk.len().min(limit - text.len())]);
                }
                Some(Err(_)) | None => break,
            }
        }
        text.into()
    }

    /// Waits for the first piece, which is nothing at the end of the body. It
    /// stays to be read.
    pub(super) async fn first(&mut self) -> Result<Bytes, TransportError> {
        let first = std::future::poll_fn(|cx| self.poll_next(cx)).await;
        self.first = first.transpose()?;
        Ok(self.first.clone().unwrap_or_default())
    }

    /// Whether any of the body was handed out.
    pub(super) fn has_given(&self) -> bool {
        self.given
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if let Some(first) = self.first.take() {
            self.given = true;
            return Poll::Ready(Some(Ok(first)));
        }
        let chunk = self.poll_next(cx);
        self.given |= matches!(chunk, Poll::Ready(Some(Ok(_))));
        chunk
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        loop {
            if let Some(decoder) = &mut self.decoder {
                match decoder.next_piece() {
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                    Ok(None) => {}
                    Err(error) => return self.fail(error),
                }
            }
            let chunk = match self.body.poll_chunk(cx) {
                Poll::Ready(chunk) => chunk,
                Poll::Pending => {
                    let phase = ready!(self.poll_timer(cx));
                    self.attempt.mark_timed_out();
                    return self.fail(TransportError::new(
                        TransportErrorKind::Timeout(phase),
                        Delivery::Answered,
                    ));
                }
            };
            self.timer = None;
            match (chunk, &mut self.decoder) {
                (Some(Err(error)), _) => return self.fail(error),
                (Some(Ok(chunk)), None) => {
                    // Most bodies come in one piece: spares the poll for the end.
                    self.ended = self.body.is_end_stream();
                    return Poll::Ready(Some(Ok(chunk)));
                }
                (Some(Ok(chunk)), Some(decoder)) => decoder.feed(chunk),
                (None, None) => {
                    self.ended = true;
                    return Poll::Ready(None);
                }
                (None, Some(decoder)) => match decoder.finish() {
                    Ok(last) => {
                        self.ended = true;
                        return Poll::Ready(last.map(Ok));
                    }
                    Err(error) => return self.fail(error),
                },
            }
        }
    }

    /// Waits for the earlier of the two limits; ready with its name.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        if self.timer.is_none() {
            let idle = self
                .idle
                .and_then(|limit| Until::after(Instant::now(), limit, Phase::Idle));
            let Some(Until(at, phase)) = Until::earliest([idle, self.until]) else {
                return Poll::Pending;
            };
            self.timer = Some((Box::pin(tokio::time::sleep_until(at)), phase));
        }
        match &mut self.timer {
            Some((sleep, phase)) => sleep.as_mut().poll(cx).map(|()| *phase),
            None => Poll::Pending,
        }
    }

    fn fail(&mut self, error: TransportError) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.ended = true;
        // The head was here, so the server has answered, whatever broke since.
        Poll::Ready(Some(Err(error.with_delivery(Delivery::Answered))))
    }
}

impl HttpBody for Guard {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let chunk = ready!(self.get_mut().poll_chunk(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        if self.first.is_some() {
            return false;
        }
        self.ended || (self.decoder.is_none() && self.body.is_end_stream())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        if self.decoder.is_some() || self.first.is_some() {
            http_body::SizeHint::default()
        } else {
            self.body.size_hint()
        }
    }
}
