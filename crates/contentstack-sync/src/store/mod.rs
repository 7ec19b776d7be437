//! Where a mirror is kept.
//!
//! A [`Store`] holds the rows of a mirror, its positions, its dead letters
//! and the order of its changes. There are two here: [`MemoryStore`], and
#![cfg_attr(feature = "sqlite", doc = "[`SqliteStore`], a file.")]
#![cfg_attr(
    not(feature = "sqlite"),
    doc = "`SqliteStore` (feature `sqlite`), a file."
)]
//! Any other passes the suite in `store::kit` (feature `test-kit`) first.
//!
//! # Generations
//!
//! A full sync is written into a [`Generation`] of its own while readers go on
//! reading the one before. The page that moves the last chain of the new
//! generation to a sync token also makes it the readable one, and sweeps the
//! old one away, in the same transaction.
//!
//! # The order of changes
//!
//! Every row has a [`Seq`], a number that grows with every change, and takes a
//! new one when it changes. So the rows after a number, in order, are all that
//! happened since, each row once in its latest state: see
//! [`Store::changes`]. Rows of tombstones are part of it until they are
//! [pruned](Store::prune).

mod batch;
#[cfg(feature = "test-kit")]
pub mod kit;
mod memory;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state;

use std::fmt;

use async_trait::async_trait;
pub use sync_core::store::{StoreError, StoreErrorKind};

pub use self::batch::{Advance, Applied, Batch, Change, DeadItem, DeadReason, Put};
pub use self::memory::MemoryStore;
pub use self::row::{
    ChangedRow, Changes, DeadLetter, DeadLetterId, Download, DownloadState, Link, Row, Scan, Seq,
};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Durability, SqliteOptions, SqliteStore};
pub use self::state::{
    Begin, Building, Chain, ChainName, Counts, Generation, Identity, Millis, State, StoredSchema,
};
use crate::model::{ContentTypeUid, Key, ObjectKind, Uid};

/// What keeps a mirror.
///
/// Every method is one transaction: it happens as a whole or not at all, also
/// when the process is killed or the future is dropped in the middle. All
/// reads see the readable [`Generation`] only, and nothing of it while there
/// is none.
///
/// Which of two events of a row wins, a store asks
/// [`mirror::rules`](crate::mirror::rules); it has no opinion of its own.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// What is kept: identity, generations, positions.
    async fn load(&self) -> Result<State, StoreError>;

    /// Begins a new generation, which readers do not see, with these chains.
    /// One that was being built before is thrown away, if it is the one that
    /// [`Begin::replaces`] names.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Conflict`] when another one is being built, and
    /// [`StoreErrorKind::Mismatch`] when the store belongs to another identity.
    async fn begin(&self, begin: Begin) -> Result<Generation, StoreError>;

    /// Applies what came with one page, and its next position with it.
    ///
    /// When this moves the last chain of the generation that is being built to
    /// a sync token, that generation becomes the readable one: rows that are
    /// equal in both keep their [`Seq`], rows that only the old one has become
    /// tombstones without a time (its tombstones lose theirs too), and the old
    /// one is removed, with the dead letters that came with it.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Conflict`] when the generation is neither the one that
    /// is being built nor, while none is, the readable one, when the chain is
    /// not where [`Advance::from`] says, or when a new chain is there already.
    /// Then nothing was changed.
    async fn apply(&self, batch: Batch) -> Result<Applied, StoreError>;

    /// Removes tombstones that were written before `before`, also those of
    /// content types, and says how many.
    /// [`Changes::expired`] is true from then on for readers that have not
    /// read up to them.
    async fn prune(&self, before: Millis) -> Result<u64, StoreError>;

    /// One row; `None` if there is none or it is a tombstone.
    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError>;

    /// Rows that are no tombstones, in the order of their [`Seq`], after
    /// `after`, at most `limit`. A row that changes between two calls comes
    /// again, later.
    async fn scan(&self, scan: &Scan, after: Seq, limit: usize) -> Result<Vec<Row>, StoreError>;

    /// How many rows [`scan`](Self::scan) would find.
    async fn count(&self, scan: &Scan) -> Result<u64, StoreError>;

    /// What a row refers to, in the order in which it was written.
    async fn links(&self, key: &Key) -> Result<Vec<Link>, StoreError>;

    /// The rows that refer to an entry or asset, in the order of their
    /// [`Seq`], after `after`, at most `limit`. Links that do not say what they
    /// point to count for both kinds.
    async fn referrers(
        &self,
        kind: ObjectKind,
        uid: &Uid,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// What has changed after `since`, at most `limit` rows. After the first
    /// number, [`Seq::default`], that is all there is. When there are fewer
    /// than `limit`, [`Changes::next`] is the last number that readers may see.
    async fn changes(&self, since: Seq, limit: usize) -> Result<Changes, StoreError>;

    /// Items that could not be applied, in the order of their ids, after
    /// `after`, at most `limit`.
    async fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// How much there is.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Replaces the schemas of content types.
    async fn put_schemas(&self, schemas: Vec<StoredSchema>) -> Result<(), StoreError>;

    /// The schemas, in the order of their uids.
    async fn schemas(&self) -> Result<Vec<StoredSchema>, StoreError>;

    /// One schema.
    async fn schema(&self, uid: &ContentTypeUid) -> Result<Option<StoredSchema>, StoreError>;

    /// The rows of assets whose file is wanted: that have a url which was never
    /// [noted](Self::note_download) as done, and is not put off beyond `now`.
    /// In the order of their [`Seq`], after `after`, at most `limit`; each
    /// with what was noted for its url so far.
    ///
    /// The queue follows from the rows themselves, so no change of a row can
    /// be lost for it.
    async fn wanted_downloads(
        &self,
        now: Millis,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<(Row, Option<Download>)>, StoreError>;

    /// Notes how the download of a url went.
    async fn note_download(&self, download: Download) -> Result<(), StoreError>;

    /// What was noted for urls that no row has any more, in the order of the
    /// urls, at most `limit`: files that can go.
    async fn stale_downloads(&self, limit: usize) -> Result<Vec<Download>, StoreError>;

    /// What was noted for a url.
    async fn download(&self, url: &str) -> Result<Option<Download>, StoreError>;

    /// Forgets what was noted for a url.
    async fn forget_download(&self, url: &str) -> Result<(), StoreError>;
}
