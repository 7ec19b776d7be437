//! Where a syncer keeps its data.
//!
//! A [`Store`] holds what a device must not forget: of every bucket how far it
//! is ([`BucketState`]), its entities with the versions they are based on
//! ([`Record`]), what is to be sent of them ([`Pending`]), which entities are
//! to be read anew, and what conflicts were about ([`ConflictCopy`]). There
//! are two here: [`MemoryStore`], and
#![cfg_attr(feature = "sqlite", doc = "[`SqliteStore`], a file.")]
#![cfg_attr(
    not(feature = "sqlite"),
    doc = "`SqliteStore` (feature `sqlite`), a file."
)]
//! Any other passes the suite in `store::kit` (feature `test-kit`) first.
//!
//! # Transactions
//!
//! Everything is read and written in transactions, and a syncer makes one for
//! each change that it receives: the ghost, the object, the queue and the
//! change version move together or not at all, also when the process is killed
//! in the middle. That is the whole promise; a store has no opinion about what
//! the rows mean.
//!
//! ```
//! use simperium::model::{BucketName, Key};
//! use simperium::store::{Json, Local, MemoryStore, Pending, Record, Store, StoreExt};
//!
//! let mut store = MemoryStore::new();
//! let (notes, key) = (BucketName::new("note")?, Key::new("shopping")?);
//! let object = Json::of(&serde_json::json!({"text": "milk"}))?;
//! let place = store.run(|tx| {
//!     let record = Record { local: Local::Changed(object.clone()), ..Record::default() };
//!     tx.put_record(&notes, &key, record)?;
//!     tx.put_pending(&notes, &key, Pending::default())
//! })?;
//! assert_eq!(place.0, 1);
//! let record = store.run(|tx| tx.record(&notes, &key))?;
//! assert_eq!(record.as_ref().and_then(Record::object), Some(&object));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod json;
#[cfg(feature = "test-kit")]
pub mod kit;
mod memory;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state;

use std::fmt;

pub use self::json::Json;
pub use self::memory::MemoryStore;
pub use self::row::{
    ConflictCopy, ConflictId, ConflictKind, Generation, Ghost, Local, Millis, Pending,
    PendingState, Place, QueuedChange, Record,
};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{Durability, SqliteOptions, SqliteStore};
pub use self::state::{BucketState, Identity, IndexRun};
pub use sync_core::store::{StoreError, StoreErrorKind};

use crate::model::{BucketName, Key};

/// What is done in a transaction.
pub type Work<'a> = dyn FnMut(&mut dyn Transaction) -> Result<(), StoreError> + 'a;

/// What keeps a syncer's data. Calls block: the syncer makes them where that
/// does no harm.
pub trait Store: Send + fmt::Debug + 'static {
    /// Runs `work`, once, as one transaction: all that it wrote is kept
    /// together if it returns `Ok`, and nothing of it if it returns an error
    /// or panics. What was kept survives the end of the process from then on,
    /// however it ends.
    ///
    /// Inside, what was written is read back. For a value to come out of it
    /// there is [`StoreExt::run`].
    ///
    /// # Errors
    ///
    /// That of `work`, or the store's own. Nothing was changed then.
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError>;
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        (**self).transaction(work)
    }
}

/// What all stores can.
pub trait StoreExt: Store {
    /// Runs `work` as one transaction and returns what it does.
    ///
    /// # Errors
    ///
    /// As [`Store::transaction`].
    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut work = Some(work);
        let mut value = None;
        self.transaction(&mut |tx| {
            let Some(work) = work.take() else {
                return Err(StoreError::new(
                    StoreErrorKind::Other,
                    "a transaction was run twice",
                ));
            };
            value = Some(work(tx)?);
            Ok(())
        })?;
        value.ok_or_else(|| StoreError::new(StoreErrorKind::Other, "a transaction was not run"))
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

/// The rows, inside a transaction.
///
/// After an error of any method the transaction cannot go on: `work` returns
/// the error.
///
/// Rows belong to a bucket; a bucket is there with its first row. `limit` is
/// how many rows come at most; the last one's key, place or number is where
/// the next call goes on.
pub trait Transaction {
    /// Whose store it is; `None` while it is nobody's.
    fn identity(&mut self) -> Result<Option<Identity>, StoreError>;

    /// Says whose store it is.
    fn set_identity(&mut self, identity: &Identity) -> Result<(), StoreError>;

    /// How far a bucket is; the default for one that is not known.
    fn bucket(&mut self, bucket: &BucketName) -> Result<BucketState, StoreError>;

    /// Sets how far a bucket is.
    fn set_bucket(&mut self, bucket: &BucketName, state: &BucketState) -> Result<(), StoreError>;

    /// An entity.
    fn record(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Record>, StoreError>;

    /// Writes an entity, in the place of what was there.
    fn put_record(
        &mut self,
        bucket: &BucketName,
        key: &Key,
        record: Record,
    ) -> Result<(), StoreError>;

    /// Forgets an entity, if it is there. What is pending of it stays.
    fn remove_record(&mut self, bucket: &BucketName, key: &Key) -> Result<(), StoreError>;

    /// The entities in the order of their keys (by bytes), after `after`.
    fn records(
        &mut self,
        bucket: &BucketName,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Record)>, StoreError>;

    /// How many entities there are, those that the user has deleted included.
    fn count_records(&mut self, bucket: &BucketName) -> Result<u64, StoreError>;

    /// Sets [`Record::seen`] of an entity, if it is there, and leaves the rest.
    fn mark_seen(
        &mut self,
        bucket: &BucketName,
        key: &Key,
        generation: Generation,
    ) -> Result<(), StoreError>;

    /// The entities that were last seen before `generation`, in the order of
    /// their keys, after `after`.
    fn unseen(
        &mut self,
        bucket: &BucketName,
        generation: Generation,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>, StoreError>;

    /// What is to be sent of an entity.
    fn pending(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Pending>, StoreError>;

    /// Writes what is to be sent of an entity, in the place of what was there,
    /// and returns its place in the queue. One that was there keeps its place;
    /// a new one comes last, behind all that ever were.
    fn put_pending(
        &mut self,
        bucket: &BucketName,
        key: &Key,
        pending: Pending,
    ) -> Result<Place, StoreError>;

    /// Nothing is to be sent of an entity any more.
    fn remove_pending(&mut self, bucket: &BucketName, key: &Key) -> Result<(), StoreError>;

    /// What is in this state, in the order of the queue, after `after`
    /// ([`Place::default`] is before the first).
    fn queue(
        &mut self,
        bucket: &BucketName,
        state: PendingState,
        after: Place,
        limit: usize,
    ) -> Result<Vec<(Place, Key, Pending)>, StoreError>;

    /// How many are in this state.
    fn count_queue(&mut self, bucket: &BucketName, state: PendingState) -> Result<u64, StoreError>;

    /// Notes that an entity is to be read from the server, in this version at
    /// least; it need not be there. `None` when that is done.
    fn set_reload(
        &mut self,
        bucket: &BucketName,
        key: &Key,
        version: Option<u64>,
    ) -> Result<(), StoreError>;

    /// Whether an entity is to be read, and in which version.
    fn reload(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<u64>, StoreError>;

    /// The entities that are to be read, in the order of their keys, after
    /// `after`.
    fn reloads(
        &mut self,
        bucket: &BucketName,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, u64)>, StoreError>;

    /// Keeps what a conflict was about. Its number is higher than any before
    /// in the store.
    fn add_conflict(
        &mut self,
        bucket: &BucketName,
        copy: ConflictCopy,
    ) -> Result<ConflictId, StoreError>;

    /// The conflicts in the order of their numbers, after `after`
    /// ([`ConflictId::default`] is before the first).
    fn conflicts(
        &mut self,
        bucket: &BucketName,
        after: ConflictId,
        limit: usize,
    ) -> Result<Vec<(ConflictId, ConflictCopy)>, StoreError>;

    /// Forgets a conflict, if it is there.
    fn remove_conflict(&mut self, bucket: &BucketName, id: ConflictId) -> Result<(), StoreError>;

    /// Forgets everything of a bucket.
    fn clear(&mut self, bucket: &BucketName) -> Result<(), StoreError>;
}
