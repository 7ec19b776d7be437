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
use crate::store::{ChangedRow, Changes, Row, Scan, Seq, Store, StoreError};

/// Rows that are read at a time.
const BATCH: usize = 256;

type Step = Pin<Box<dyn Future<Output = (Reader, Result<Changes, MirrorError>)> + Send>>;

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
    /// `None` while a step has it, and after the end.
    reader: Option<Reader>,
    step: Option<Step>,
    ready: VecDeque<ChangedRow>,
    /// Where to go on once all of `ready` is handed out.
    next: Seq,
    position: Seq,
}

impl Subscription {
    pub(super) fn new(store: Arc<dyn Store>, visible: Receiver<Seq>, since: Seq) -> Self {
        Self {
            reader: Some(Reader {
                store,
                visible,
                first_until: None,
            }),
            step: None,
            ready: VecDeque::new(),
            next: since,
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
                self.position = match self.ready.is_empty() {
                    true => self.next,
                    false => row.seq,
                };
                return Poll::Ready(Some(Ok(row)));
            }
            if self.step.is_none() {
                let Some(reader) = self.reader.take() else {
                    return Poll::Ready(None);
                };
                self.step = Some(Box::pin(step(reader, self.position)));
            }
            let Some(step) = &mut self.step else {
                return Poll::Ready(None);
            };
            let (reader, result) = ready!(step.as_mut().poll(cx));
            self.step = None;
            match result {
                Ok(changes) if changes.expired => {
                    return Poll::Ready(Some(Err(MirrorError::ChangesExpired)));
                }
                // The mirror is gone, and everything was read.
                Ok(changes) if changes.rows.is_empty() => return Poll::Ready(None),
                Ok(changes) => {
                    self.reader = Some(reader);
                    self.next = changes.next;
                    self.ready = changes.rows.into();
                }
                Err(error) => {
                    self.reader = Some(reader);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// Waits until there is something after `since`.
async fn step(mut reader: Reader, mut since: Seq) -> (Reader, Result<Changes, MirrorError>) {
    loop {
        // Before it is read: what comes after it wakes up.
        reader.visible.mark_unchanged();
        match reader.read(since).await {
            Ok(changes) if changes.rows.is_empty() && !changes.expired => {
                since = changes.next;
                if reader.visible.changed().await.is_err() {
                    return (reader, Ok(changes));
                }
            }
            Ok(changes) => return (reader, Ok(changes)),
            Err(error) => return (reader, Err(error.into())),
        }
    }
}

/// What reads the store.
struct Reader {
    store: Arc<dyn Store>,
    visible: Receiver<Seq>,
    /// Of who began with nothing, the last number that there was then. What
    /// was pruned up to it was gone before, and does not concern it.
    first_until: Option<Seq>,
}

impl Reader {
    async fn read(&mut self, since: Seq) -> Result<Changes, StoreError> {
        if since == Seq::default() {
            self.first_until = Some(self.store.load().await?.seq);
        }
        let changes = self.store.changes(since, BATCH).await?;
        let Some(end) = self
            .first_until
            .filter(|end| changes.expired && since < *end)
        else {
            return Ok(changes);
        };
        let mut rows = self.store.scan(&Scan::all(), since, BATCH).await?;
        rows.retain(|row| row.seq <= end);
        let next = match rows.last() {
            None => return self.store.changes(end, BATCH).await,
            Some(last) if rows.len() >= BATCH => last.seq,
            Some(_) => end,
        };
        Ok(Changes {
            next,
            rows: rows.into_iter().map(changed).collect(),
            expired: false,
        })
    }
}

fn changed(row: Row) -> ChangedRow {
    ChangedRow {
        seq: row.seq,
        key: row.key.clone(),
        content_type: row.content_type.clone(),
        row: Some(row),
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
