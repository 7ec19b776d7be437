//! Everything from now on.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sync_core::policy::Backoff;
use sync_core::stream::{Batch, BoxFuture, Signal, Source, Watch, WatchOptions};
use sync_core::{Error, ErrorKind};
use tokio::time::Instant;

use super::{SyncCall, SyncPages, later};
use crate::error;
use crate::model::{Checkpoint, Page, Position};

/// All pages of a result, and then for ever what has changed since: a
/// [`Stream`] of [`Signal`]s.
///
/// Errors that may pass are handed out as [`Signal::Interrupted`], and it
/// goes on by itself; an `Err` is final, and the stream ends after it.
pub struct SyncFollow {
    watch: Watch<Chains>,
    sync: SyncCall,
}

impl SyncFollow {
    pub(super) fn new(sync: SyncCall, interval: Duration) -> Self {
        // How far apart the requests are is the source's business.
        let options = WatchOptions::new()
            .quiet_interval(Duration::ZERO)
            .backoff(Backoff::new(
                Duration::from_secs(1),
                interval.clamp(Duration::from_secs(1), Duration::from_secs(60)),
            ));
        let start = sync.position.clone();
        let source = Chains {
            pages: SyncPages::new(sync.clone()),
            interval,
            after: None,
            has_paged: false,
        };
        Self {
            watch: Watch::new(source, start, options),
            sync,
        }
    }

    /// The next signal; `None` only after an `Err`.
    pub async fn next(&mut self) -> Option<Result<Signal<Page>, Error>> {
        self.watch.next().await
    }

    /// Where to go on after a restart: after the last page that was handed
    /// out. Store it once that page is dealt with.
    pub fn checkpoint(&self) -> Checkpoint {
        self.sync.checkpoint_at(self.watch.position().clone())
    }
}

impl Stream for SyncFollow {
    type Item = Result<Signal<Page>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.watch).poll_next(cx)
    }
}

impl fmt::Debug for SyncFollow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncFollow")
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}

/// One chain of pages after the other.
struct Chains {
    /// The chain that goes on. It knows better than the watch where it
    /// stands: pages without items are not handed out.
    pages: SyncPages,
    interval: Duration,
    /// When the next chain may begin.
    after: Option<Instant>,
    /// Whether there was a page: then the address is right, and an answer that
    /// is none comes from something in between.
    has_paged: bool,
}

impl Source for Chains {
    type Item = Page;
    type Position = Position;

    fn poll(&mut self, _: Position) -> BoxFuture<'_, Result<Batch<Page, Position>, Error>> {
        Box::pin(async move {
            loop {
                if let Some(at) = self.after {
                    tokio::time::sleep_until(at).await;
                    self.after = None;
                }
                let begun = Instant::now();
                let from = self.pages.position().clone();
                match self.pages.next().await.transpose()? {
                    Some(page) => {
                        self.has_paged = true;
                        if page.is_last() && matches!(from, Position::Delta(_)) {
                            self.after = Some(later(begun, self.interval));
                        }
                        if page.items.is_empty() && !page.resync {
                            continue;
                        }
                        let position = page.position();
                        return Ok(Batch {
                            items: vec![(page, position)],
                        });
                    }
                    None => self.pages = self.pages.next_chain(),
                }
            }
        })
    }

    fn is_final(&self, error: &Error) -> bool {
        let is_foreign = self.has_paged && error.kind() == ErrorKind::Decode;
        !error.is_retryable() && !error::is_incomplete(error) && !is_foreign
    }
}
