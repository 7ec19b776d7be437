//! Taking turns for a connection that gets free.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::{Connection, Host};

/// One's turn to take the next connection that gets free.
pub(super) struct Turn {
    host: Arc<Host>,
    receiver: Option<oneshot::Receiver<Connection>>,
}

impl Turn {
    pub(super) fn new(host: Arc<Host>, receiver: oneshot::Receiver<Connection>) -> Self {
        Self {
            host,
            receiver: Some(receiver),
        }
    }

    /// `None` when nothing will come this way.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Connection>> {
        let Some(receiver) = &mut self.receiver else {
            return Poll::Ready(None);
        };
        let received = Pin::new(receiver).poll(cx);
        if received.is_ready() {
            self.receiver = None;
        }
        received.map(Result::ok)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut receiver) = self.receiver.take() else {
            return;
        };
        receiver.close();
        if let Ok(Connection::Http1(connection)) = receiver.try_recv() {
            self.host.put(connection);
        }
        self.host.state().waiting.retain(|other| !other.is_closed());
    }
}

pub(super) enum First<T> {
    /// A connection that got free.
    Freed(Connection),
    Other(T),
}

/// What comes first. `other` is not begun if there is a connection already.
pub(super) async fn first_of<F: Future + Unpin>(turn: &mut Turn, mut other: F) -> First<F::Output> {
    poll_fn(|cx| {
        if let Poll::Ready(Some(connection)) = turn.poll(cx) {
            return Poll::Ready(First::Freed(connection));
        }
        Pin::new(&mut other).poll(cx).map(First::Other)
    })
    .await
}
