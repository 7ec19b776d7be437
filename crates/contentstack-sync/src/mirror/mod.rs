//! A local copy that is right after any crash.
//!
//! A [`Mirror`] brings a [`Store`] to where the service stands, again and
//! again, and lets it be read:
//!
//! ```no_run
//! # async fn run(stack: contentstack_sync::Stack) -> Result<(), Box<dyn std::error::Error>> {
//! use contentstack_sync::mirror::Mirror;
//!
//! let mirror = Mirror::open_memory(stack).await?;
//! let report = mirror.sync().await?;
//! println!("{:?}: {} written, {} gone", report.mode, report.upserts, report.deletes);
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! * Rows and the token after them are stored in one transaction, page by
//!   page. A process may be killed, and the future of a run dropped, at any
//!   point: the next run repeats one page at the most, to no effect.
//! * Which event of a row wins is decided by its time, never by its place:
//!   see [`rules`].
//! * A full sync of a mirror that is there already happens beside it. Readers
//!   see the old one until the last page of the new one is stored.
//! * Nothing is dropped: an item that cannot be applied is kept as a
//!   [dead letter](crate::store::DeadLetter), and tried again with each run.
//! * What the service forgets is not passed over in silence: see
//!   [`Mode::Resync`] and [`Report::restarts`].

mod builder;
mod chains;
mod changes;
mod convert;
mod error;
mod report;
pub mod rules;
mod run;
mod shard;
mod verify;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync_core::Clock;
use tokio::time::Instant;

pub use self::builder::MirrorBuilder;
pub use self::changes::Subscription;
pub use self::error::MirrorError;
pub use self::report::{Mode, Progress, Report, ResyncReason};
pub use self::run::SyncRun;
pub use self::shard::Shards;
pub use self::verify::{Difference, Drift};
pub use self::watch::{Trigger, Watch, Watched};
use crate::Stack;
use crate::store::{
    Changes, Counts, DeadLetter, DeadLetterId, Identity, Millis, Seq, State, Store, StoredSchema,
};

/// Old tombstones are looked for this often at the most: that writes, and an
/// empty delta should not.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// A local copy of what is published. Clones share it.
#[derive(Clone)]
pub struct Mirror(Arc<Inner>);

struct Inner {
    stack: Stack,
    store: Arc<dyn Store>,
    identity: Identity,
    shards: Shards,
    retention: Duration,
    clock: Clock,
    /// One run at a time.
    runs: tokio::sync::Mutex<()>,
    pruned_at: Mutex<Option<Instant>>,
    /// The last number that readers may see, as far as is known here.
    visible: tokio::sync::watch::Sender<Seq>,
}

impl Mirror {
    /// Sets up a mirror.
    pub fn builder(stack: Stack) -> MirrorBuilder {
        MirrorBuilder::new(stack)
    }

    /// A mirror of everything, in memory.
    ///
    /// # Errors
    ///
    /// None at present: memory is always there.
    pub async fn open_memory(stack: Stack) -> Result<Self, MirrorError> {
        Self::builder(stack).open_memory().await
    }

    /// A mirror of everything, in a SQLite file, which is made if there is none.
    ///
    /// # Errors
    ///
    /// What [`SqliteStore::open`](crate::store::SqliteStore::open) says, and
    /// [`StoreErrorKind::Mismatch`](crate::store::StoreErrorKind::Mismatch)
    /// when the file is the mirror of something else.
    #[cfg(feature = "sqlite")]
    pub async fn open_sqlite(
        path: impl AsRef<std::path::Path>,
        stack: Stack,
    ) -> Result<Self, MirrorError> {
        Self::builder(stack).open_sqlite(path).await
    }

    /// A mirror of everything, in a store.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Mismatch`](crate::store::StoreErrorKind::Mismatch)
    /// when the store is the mirror of something else.
    pub async fn with_store(store: impl Store, stack: Stack) -> Result<Self, MirrorError> {
        Self::builder(stack).open(store).await
    }

    /// Brings the mirror to where the service stands: with a full sync if there
    /// was none yet, or if the service no longer knows the token of the last
    /// run, and else with what has changed since. What an earlier run left
    /// undone is taken up where it was left. A run that is asked for while
    /// another is under way comes after it, also after the last page of one that
    /// was dropped. Of two processes that sync one store at the same time, one is
    /// told that it is in [conflict](crate::store::StoreErrorKind::Conflict).
    ///
    /// ```no_run
    /// # async fn run(mirror: contentstack_sync::mirror::Mirror) -> Result<(), Box<dyn std::error::Error>> {
    /// use contentstack_sync::mirror::Shards;
    ///
    /// let report = mirror
    ///     .sync()
    ///     .sharded(Shards::by_content_type())
    ///     .max_chains(15)
    ///     .on_progress(|progress| println!("{:?}", progress.fraction()))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The first error that waiting and asking again did not help against.
    /// What was stored before it stays.
    pub fn sync(&self) -> SyncRun {
        SyncRun::new(self.clone(), false)
    }

    /// Syncs everything again, beside what is there, as
    /// [`sync`](Self::sync) does when it must.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn resync(&self) -> SyncRun {
        SyncRun::new(self.clone(), true)
    }

    /// Whether the mirror is complete: a full sync was done, and a delta after
    /// it for what was changed during it.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn is_ready(&self) -> Result<bool, MirrorError> {
        Ok(self.load().await?.is_ready())
    }

    /// How far the mirror is.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn state(&self) -> Result<State, MirrorError> {
        self.load().await
    }

    /// How much there is.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn counts(&self) -> Result<Counts, MirrorError> {
        Ok(self.0.store.counts().await?)
    }

    /// What has changed after a number, at most `limit` rows. Each row comes
    /// once, as it is now. Begin with [`Seq::default`], keep
    /// [`Changes::next`], and nothing is missed.
    ///
    /// Where tombstones were pruned, whoever reads everything in several calls
    /// is told that it has [expired](Changes::expired) half-way: the store
    /// cannot tell it from somebody who was away. Take
    /// [`subscribe`](Self::subscribe), which can, or read all rows, and begin
    /// with the [`State::seq`] of before that.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn changes(&self, since: Seq, limit: usize) -> Result<Changes, MirrorError> {
        Ok(self.0.store.changes(since, limit).await?)
    }

    /// What has changed after a number, and then what changes, without end.
    /// Any number of subscribers read at their own pace.
    pub fn subscribe(&self, since: Seq) -> Subscription {
        Subscription::new(Arc::clone(&self.0.store), self.0.visible.subscribe(), since)
    }

    /// Items that could not be applied, after `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, MirrorError> {
        Ok(self.0.store.dead_letters(after, limit).await?)
    }

    /// Fetches the schemas of all content types into the store: a sync does
    /// not bring them. Says how many there are.
    ///
    /// # Errors
    ///
    /// The service's and the store's. The schemas of before stay then.
    pub async fn refresh_schemas(&self) -> Result<usize, MirrorError> {
        let types = self.0.stack.content_types().collect().await?;
        let count = types.len();
        let schemas = types.into_iter().map(|content_type| StoredSchema {
            uid: content_type.uid,
            schema: content_type.raw,
        });
        self.0.store.put_schemas(schemas.collect()).await?;
        Ok(count)
    }

    /// Where it is kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// What it is a mirror of.
    pub fn stack(&self) -> &Stack {
        &self.0.stack
    }

    async fn load(&self) -> Result<State, MirrorError> {
        let state = self.0.store.load().await?;
        builder::check_identity(&self.0.identity, state.identity.as_ref())?;
        Ok(state)
    }

    fn now(&self) -> Millis {
        self.0.clock.now().into()
    }

    /// Wakes subscribers.
    fn announce(&self, seq: Seq) {
        self.0.visible.send_if_modified(|visible| {
            let is_news = seq > *visible;
            if is_news {
                *visible = seq;
            }
            is_news
        });
    }

    async fn prune(&self) -> Result<(), MirrorError> {
        {
            let mut pruned_at = self
                .0
                .pruned_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if pruned_at.is_some_and(|at| now.duration_since(at) < PRUNE_INTERVAL) {
                return Ok(());
            }
            *pruned_at = Some(now);
        }
        self.0
            .store
            .prune(self.now().before(self.0.retention))
            .await?;
        Ok(())
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror")
            .field("store", &self.0.store)
            .field("shards", &self.0.shards)
            .finish_non_exhaustive()
    }
}
