//! Connections that stop speaking HTTP.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Delivery, TransportError, TransportErrorKind};

/// What an upgraded connection can do.
pub trait UpgradeIo: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> UpgradeIo for T {}

type UpgradeFuture = Pin<Box<dyn Future<Output = Result<Upgraded, TransportError>> + Send>>;

/// The right to take over the connection of a `101 Switching Protocols` answer.
///
/// It lies in the answer's extensions. Awaiting it yields the raw connection.
/// A test double can hand out one end of a [`tokio::io::duplex`].
#[derive(Clone)]
pub struct OnUpgrade(Arc<Mutex<Option<UpgradeFuture>>>);

impl OnUpgrade {
    /// An upgrade that resolves to what `future` yields.
    pub fn new(
        future: impl Future<Output = Result<Upgraded, TransportError>> + Send + 'static,
    ) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::pin(future)))))
    }

    /// An upgrade that is already there.
    pub fn ready(io: impl UpgradeIo) -> Self {
        let upgraded = Upgraded::new(io);
        Self::new(async move { Ok(upgraded) })
    }

    /// Takes the upgrade out of an answer, if it carries one.
    pub fn take<B>(response: &mut http::Response<B>) -> Option<Self> {
        response.extensions_mut().remove()
    }
}

impl Future for OnUpgrade {
    type Output = Result<Upgraded, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(future) = slot.as_mut() else {
            return Poll::Ready(Err(TransportError::new(
                TransportErrorKind::Canceled,
                Delivery::Answered,
            )
            .with_message("the upgraded connection was taken already")));
        };
        let result = std::task::ready!(future.as_mut().poll(cx));
        *slot = None;
        Poll::Ready(result)
    }
}

impl fmt::Debug for OnUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnUpgrade")
    }
}

/// A connection after its upgrade: raw bytes both ways.
pub struct Upgraded(Box<dyn UpgradeIo>);

impl Upgraded {
    /// Wraps a connection.
    pub fn new(io: impl UpgradeIo) -> Self {
        Self(Box::new(io))
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
