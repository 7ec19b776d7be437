//! A sync from the beginning.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use sync_core::Error;

use super::{SyncCall, SyncFollow, SyncItems, SyncPages};
use crate::error;
use crate::model::{
    Checkpoint, CheckpointError, ContentTypeUid, Filter, ItemType, Locale, Page, StartFrom,
};

/// A sync from the beginning, which may be limited: what
/// [`Stack::sync_init`](crate::Stack::sync_init) makes.
///
/// Awaited as it is, it is one request for the first page.
///
/// ```no_run
/// # async fn run(stack: contentstack_sync::Stack) -> Result<(), contentstack_sync::Error> {
/// use contentstack_sync::model::ItemType;
///
/// let mut items = stack
///     .sync_init()
///     .content_type("article")
///     .locale("en-us")
///     .start_from("2026-01-01T00:00:00.000Z")
///     .types(ItemType::ENTRIES)
///     .items();
/// while let Some(item) = items.next().await.transpose()? {
///     println!("{} {:?}", item.kind(), item.key());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a sync does nothing until it is awaited or made a stream"]
pub struct SyncInit(SyncCall);

impl SyncInit {
    pub(crate) fn new(sync: SyncCall) -> Self {
        Self(sync)
    }

    /// Limits the sync to one content type (`content_type_uid`). With no
    /// [`types`](Self::types), that is its entries and what becomes of them.
    pub fn content_type(mut self, uid: impl Into<ContentTypeUid>) -> Self {
        self.0.filter.content_type = Some(uid.into());
        self
    }

    /// Limits the sync to one locale.
    pub fn locale(mut self, locale: impl Into<Locale>) -> Self {
        self.0.filter.locale = Some(locale.into());
        self
    }

    /// Limits the sync to what was published from then on: an ISO 8601 date,
    /// or a `SystemTime`. Parts of the documentation call it `from_date` or
    /// `start_date`.
    pub fn start_from(mut self, date: impl Into<StartFrom>) -> Self {
        self.0.filter.start_from = Some(date.into());
        self
    }

    /// Limits the sync to items of these types, in this and all later calls:
    /// with published items only, it never hears of deletions. Parts of the
    /// documentation call it `publish_type`; the parameter is `type`.
    pub fn types<T: Into<ItemType>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.0.filter = self.0.filter.types(types);
        self
    }

    /// Sets all limits at once.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.0.filter = filter;
        self
    }

    /// How many items a page shall have: see [`SyncCall::limit`].
    pub fn limit(mut self, items: u32) -> Self {
        self.0 = self.0.limit(items);
        self
    }

    /// Limits each request: see [`SyncCall::timeout`].
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.0 = self.0.timeout(limit);
        self
    }

    /// Whether to start over: see [`SyncCall::resync_on_invalid_token`].
    pub fn resync_on_invalid_token(mut self, allowed: bool) -> Self {
        self.0 = self.0.resync_on_invalid_token(allowed);
        self
    }

    /// Goes on from a checkpoint of this very sync.
    ///
    /// # Errors
    ///
    /// As [`Stack::resume`](crate::Stack::resume), and also when the
    /// checkpoint is of a sync with another filter.
    pub fn resume(self, checkpoint: &Checkpoint) -> Result<SyncCall, Error> {
        let resumed = self.0.stack.resume(checkpoint)?;
        if checkpoint.filter != self.0.filter {
            return Err(error::checkpoint(CheckpointError::OtherFilter));
        }
        Ok(SyncCall {
            position: resumed.position,
            ..self.0
        })
    }

    /// All pages, as a stream: see [`SyncCall::pages`].
    pub fn pages(self) -> SyncPages {
        self.0.pages()
    }

    /// All items, as a stream: see [`SyncCall::items`].
    pub fn items(self) -> SyncItems {
        self.0.items()
    }

    /// All pages, and then what changes: see [`SyncCall::follow`].
    pub fn follow(self, interval: Duration) -> SyncFollow {
        self.0.follow(interval)
    }
}

impl From<SyncInit> for SyncCall {
    fn from(init: SyncInit) -> Self {
        init.0
    }
}

impl IntoFuture for SyncInit {
    type Output = Result<Page, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.into_future()
    }
}
