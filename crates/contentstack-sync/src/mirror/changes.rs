//! Changes as they happen.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::watch::Receiver;

use super::MirrorError;
use crate::store::{ChangedRow, Changes, Seq, Store};

/// Rows that are read at a time.
const BATCH: usize = 256;

type Visible = Receiver<Seq>;
type Step = Pin<Box<dyn Future<Output = (Visible, Result<Changes, MirrorError>)> + Send>>;

/// What has changed, and what changes: a [`Stream`] without end.
///
/// It reads the store, and only its wake-ups come from the mirror. So nothing
/// is missed, however long it is not polled, and nothing is held in memory
/// meanwhile. A row that changes several times between two polls comes once, as
/// it is then.
///
/// After an error of the store it goes on where it was; after
/// [`MirrorError::ChangesExpired`] it ends. It also ends when the last clone of
/// the mirror is gone. What another process writes it sees together with what
/// this one does.
pub struct Subscription {
    store: Arc<dyn Store>,
    /// `None` while a step has it, and after the end.
    visible: Option<Visible>,
    step: Option<Step>,
    ready: VecDeque<ChangedRow>,
    position: Seq,
}

impl Subscription {
    pub(super) fn new(store: Arc<dyn Store>, visible: Visible, since: Seq) -> Self {
        Self {
            store,
            visible: Some(visible),
            step: None,
            ready: VecDeque::new(),
            position: since,
        }
    }

    /// The number of the last change that was handed out. Store it once the
    /// change is dealt with; a new subscription from there misses nothing.
    pub fn position(&self) -> Seq {
        self.position
    }

    /// The next change.
    pub async fn next(&mut self) -> Option<Result<ChangedRow, MirrorError>> {
        poll_fn(|cx| self.poll_change(cx)).await
    }

    fn poll_change(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ChangedRow, MirrorError>>> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                self.position = row.seq;
                return Poll::Ready(Some(Ok(row)));
            }
            if self.step.is_none() {
                let Some(visible) = self.visible.take() else {
                    return Poll::Ready(None);
                };
                self.step = Some(Box::pin(step(
                    Arc::clone(&self.store),
                    visible,
                    self.position,
                )));
            }
            let Some(step) = &mut self.step else {
                return Poll::Ready(None);
            };
            let (visible, result) = ready!(step.as_mut().poll(cx));
            self.step = None;
            match result {
                Ok(changes) if changes.expired => {
                    return Poll::Ready(Some(Err(MirrorError::ChangesExpired)));
                }
                // The mirror is gone, and everything was read.
                Ok(changes) if changes.rows.is_empty() => return Poll::Ready(None),
                Ok(changes) => {
                    self.visible = Some(visible);
                    self.ready = changes.rows.into();
                }
                Err(error) => {
                    self.visible = Some(visible);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// Waits until there is something after `since`.
async fn step(
    store: Arc<dyn Store>,
    mut visible: Visible,
    since: Seq,
) -> (Visible, Result<Changes, MirrorError>) {
    loop {
        // Before it is read: what comes after it wakes up.
        visible.mark_unchanged();
        match store.changes(since, BATCH).await {
            Ok(changes) if changes.rows.is_empty() && !changes.expired => {
                if visible.changed().await.is_err() {
                    return (visible, Ok(changes));
                }
            }
            Ok(changes) => return (visible, Ok(changes)),
            Err(error) => return (visible, Err(error.into())),
        }
    }
}

impl Stream for Subscription {
    type Item = Result<ChangedRow, MirrorError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_change(cx)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
