//! How a mirror is set up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sync_core::Clock;
use tokio::sync::{Mutex, watch};

use super::{Inner, Mirror, MirrorError, Shards};
use crate::Stack;
use crate::model::{ContentTypeUid, Filter};
use crate::store::{Identity, MemoryStore, Seq, Store, StoreError, StoreErrorKind};

/// Tombstones are kept for a week, unless something else is said.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Sets up a [`Mirror`].
#[derive(Debug)]
#[must_use = "a builder does nothing until a mirror is opened with it"]
pub struct MirrorBuilder {
    stack: Stack,
    filter: Filter,
    content_types: BTreeSet<ContentTypeUid>,
    shards: Shards,
    retention: Duration,
    clock: Clock,
}

impl MirrorBuilder {
    pub(super) fn new(stack: Stack) -> Self {
        Self {
            stack,
            filter: Filter::default(),
            content_types: BTreeSet::new(),
            shards: Shards::none(),
            retention: RETENTION,
            clock: Clock::system(),
        }
    }

    /// Mirrors only this. The service keeps it in its tokens, so a store with
    /// another filter is refused.
    ///
    /// A filter of types without the `unpublished` and `deleted` ones never
    /// hears that something is gone.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Mirrors the entries of these types only, and all assets. Each type is a
    /// chain of its own: see [`Shards`].
    pub fn content_types<T>(mut self, types: impl IntoIterator<Item = T>) -> Self
    where
        T: Into<ContentTypeUid>,
    {
        self.content_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// How a full sync is divided. By default it is not.
    pub fn shards(mut self, shards: Shards) -> Self {
        self.shards = shards;
        self
    }

    /// How long it is remembered what is gone: 7 days by default. What the
    /// service or a cache delivers again after that time comes back to life
    /// until the next full sync, and readers of [changes](Mirror::changes) that
    /// were away for longer must begin again.
    pub fn tombstone_retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Another clock than the system's, for how old tombstones and dead
    /// letters are. No event is put in order by it.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Opens a mirror in memory.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_memory(self) -> Result<Mirror, MirrorError> {
        self.open(MemoryStore::new()).await
    }

    /// Opens a mirror in a SQLite file, which is made if there is none.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and what `SqliteStore::open` says.
    #[cfg(feature = "sqlite")]
    pub async fn open_sqlite(
        self,
        path: impl AsRef<std::path::Path>,
    ) -> Result<Mirror, MirrorError> {
        let store = crate::store::SqliteStore::open(path).await?;
        self.open(store).await
    }

    /// Opens a mirror in a store.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Mismatch`] when the store is the mirror of another
    /// stack, environment, branch, host or filter.
    pub async fn open(self, store: impl Store) -> Result<Mirror, MirrorError> {
        self.open_shared(Arc::new(store)).await
    }

    /// As [`open`](Self::open), with a store that others hold, too.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_shared(self, store: Arc<dyn Store>) -> Result<Mirror, MirrorError> {
        if !self.content_types.is_empty() && self.filter.content_type.is_some() {
            return Err(sync_core::Error::config(
                "a filter for one content type and a list of content types exclude one another",
            )
            .into());
        }
        let identity = Identity {
            stack: self.stack.fingerprint().clone(),
            filter: self.filter,
            content_types: self.content_types,
        };
        let mirror = Mirror(Arc::new(Inner {
            stack: self.stack,
            store,
            identity,
            shards: self.shards,
            retention: self.retention,
            clock: self.clock,
            runs: Mutex::new(()),
            pruned_at: std::sync::Mutex::new(None),
            visible: watch::Sender::new(Seq::default()),
        }));
        let state = mirror.load().await?;
        mirror.announce(state.seq);
        Ok(mirror)
    }
}

/// A store is the mirror of one thing, for good.
pub(super) fn check_identity(mine: &Identity, stored: Option<&Identity>) -> Result<(), StoreError> {
    let Some(stored) = stored else { return Ok(()) };
    let what = if mine.stack != stored.stack {
        "it is of another stack, environment, branch or host"
    } else if mine != stored {
        "it was begun with another filter or other content types"
    } else {
        return Ok(());
    };
    Err(StoreError::new(StoreErrorKind::Mismatch, what))
}
