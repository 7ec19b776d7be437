//! A sync: one page, all pages, all items, or everything from now on.

mod follow;
mod guard;
mod init;
mod items;
mod pages;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use sync_core::Error;
use tokio::time::Instant;

pub use self::follow::SyncFollow;
pub(crate) use self::guard::ChainGuard;
pub use self::init::SyncInit;
pub use self::items::SyncItems;
pub use self::pages::SyncPages;
use crate::client::{Settings, Stack};
use crate::model::{Checkpoint, Filter, Page, Position};

/// A sync that stands at a token: what
/// [`Stack::pagination`], [`Stack::sync_token`] and [`Stack::resume`] make.
///
/// Awaited as it is, it is one request for one page, as in the official SDKs.
/// [`pages`](Self::pages), [`items`](Self::items) and [`follow`](Self::follow)
/// go on from there by themselves.
#[derive(Clone, Debug)]
#[must_use = "a sync does nothing until it is awaited or made a stream"]
pub struct SyncCall {
    stack: Stack,
    position: Position,
    filter: Filter,
    settings: Settings,
    resync: bool,
}

impl SyncCall {
    pub(crate) fn new(stack: Stack, position: Position, filter: Filter) -> Self {
        Self {
            stack,
            position,
            filter,
            settings: Settings::default(),
            resync: false,
        }
    }

    /// How many items a page shall have, 1 to 100. The parameter is not
    /// documented, and the service may not heed it.
    pub fn limit(mut self, items: u32) -> Self {
        self.settings.limit = Some(items);
        self
    }

    /// Limits each request, with all its attempts. `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.timeout = Some(limit.into());
        self
    }

    /// What the sync was limited to when its token was given out. It is not
    /// sent, as the token keeps it; [checkpoints](SyncPages::checkpoint) and a
    /// [resync](Self::resync_on_invalid_token) need it. A sync that was resumed
    /// from a checkpoint knows it already.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Whether to start over, with the same filter, when the service does not
    /// know the token (any more). Off by default: the call then fails with
    /// [`InvalidSyncToken`](crate::ContentstackError::InvalidSyncToken) or
    /// [`InvalidPaginationToken`](crate::ContentstackError::InvalidPaginationToken).
    ///
    /// The first page of the new sync says so: [`Page::resync`]. It holds for
    /// [`pages`](Self::pages) and [`follow`](Self::follow); single items could
    /// not say so.
    pub fn resync_on_invalid_token(mut self, allowed: bool) -> Self {
        self.resync = allowed;
        self
    }

    /// Where it stands, as a checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint_at(self.position.clone())
    }

    fn checkpoint_at(&self, position: Position) -> Checkpoint {
        Checkpoint::new(
            self.stack.fingerprint().clone(),
            self.filter.clone(),
            position,
        )
    }

    /// All pages of the result, as a stream. The next one is fetched while
    /// the caller is busy with the one before.
    pub fn pages(self) -> SyncPages {
        SyncPages::new(self)
    }

    /// All items of the result, as a stream.
    pub fn items(self) -> SyncItems {
        SyncItems::new(SyncPages::new(Self {
            resync: false,
            ..self
        }))
    }

    /// All pages of the result, and then for ever what has changed since: one
    /// request right after the result, and then one every `interval`. Pages
    /// without items are not handed out.
    ///
    /// The request right after an initial sync brings what has changed while
    /// it was going on.
    pub fn follow(self, interval: Duration) -> SyncFollow {
        SyncFollow::new(self, interval)
    }

    async fn fetch(&self, position: &Position) -> Result<Page, Error> {
        self.stack
            .fetch(position, &self.filter, &self.settings)
            .await
    }
}

/// So long after a time. What no clock can tell, as an interval of
/// [`Duration::MAX`], is a time that nobody waits for.
pub(crate) fn later(at: Instant, by: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    at.checked_add(by).unwrap_or_else(|| at + NEVER)
}

impl IntoFuture for SyncCall {
    type Output = Result<Page, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.fetch(&self.position).await })
    }
}
