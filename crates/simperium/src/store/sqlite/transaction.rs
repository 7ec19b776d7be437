//! A transaction of a file.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::super::{
    BucketState, ConflictCopy, ConflictId, Generation, Identity, Pending, PendingState, Place,
    Record, StoreError, Transaction,
};
use super::{buckets, conflicts, queue, records};
use crate::model::{BucketName, Key};

type Result<T> = std::result::Result<T, StoreError>;

/// A transaction. Dropped before [`commit`](Self::commit), by a panic too, it
/// is rolled back.
pub(super) struct SqliteTransaction<'a> {
    connection: &'a Connection,
    buckets: &'a mut HashMap<BucketName, i64>,
    /// Whether the queue was written to.
    queued: bool,
    is_open: bool,
}

impl<'a> SqliteTransaction<'a> {
    pub(super) fn begin(
        connection: &'a Connection,
        buckets: &'a mut HashMap<BucketName, i64>,
    ) -> Result<Self> {
        // Nobody else can come in between: see `schema::open`.
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self {
            connection,
            buckets,
            queued: false,
            is_open: true,
        })
    }

    /// Commits, and says whether the queue was written to.
    pub(super) fn commit(mut self) -> Result<bool> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.is_open = false;
        Ok(self.queued)
    }

    /// The id of a bucket that is there.
    fn id(&mut self, bucket: &BucketName) -> Result<Option<i64>> {
        if let Some(id) = self.buckets.get(bucket) {
            return Ok(Some(*id));
        }
        let id = self
            .connection
            .prepare_cached("SELECT id FROM buckets WHERE name = ?1")?
            .query_row([bucket.as_str()], |row| row.get(0))
            .optional()?;
        if let Some(id) = id {
            self.buckets.insert(bucket.clone(), id);
        }
        Ok(id)
    }

    /// The id of a bucket, which is there from now on.
    fn made(&mut self, bucket: &BucketName) -> Result<i64> {
        if let Some(id) = self.id(bucket)? {
            return Ok(id);
        }
        self.connection
            .prepare_cached("INSERT INTO buckets (name) VALUES (?1)")?
            .execute([bucket.as_str()])?;
        let id = self.connection.last_insert_rowid();
        self.buckets.insert(bucket.clone(), id);
        Ok(id)
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // Some may have been made in it.
            self.buckets.clear();
            // After some errors SQLite has done it already.
            if !self.connection.is_autocommit() {
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
    }
}

/// What reads a bucket that is not there: what there is in an empty one.
macro_rules! read {
    ($self:ident, $bucket:ident, $module:ident :: $function:ident ($($argument:expr),*)) => {
        match $self.id($bucket)? {
            Some(id) => $module::$function($self.connection, id $(, $argument)*),
            None => Ok(Default::default()),
        }
    };
}

impl Transaction for SqliteTransaction<'_> {
    fn identity(&mut self) -> Result<Option<Identity>> {
        buckets::identity(self.connection)
    }

    fn set_identity(&mut self, identity: &Identity) -> Result<()> {
        buckets::set_identity(self.connection, identity)
    }

    fn bucket(&mut self, bucket: &BucketName) -> Result<BucketState> {
        read!(self, bucket, buckets::state())
    }

    fn set_bucket(&mut self, bucket: &BucketName, state: &BucketState) -> Result<()> {
        let id = self.made(bucket)?;
        buckets::set_state(self.connection, id, state)
    }

    fn record(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Record>> {
        read!(self, bucket, records::get(key))
    }

    fn put_record(&mut self, bucket: &BucketName, key: &Key, record: Record) -> Result<()> {
        let id = self.made(bucket)?;
        records::put(self.connection, id, key, &record)
    }

    fn remove_record(&mut self, bucket: &BucketName, key: &Key) -> Result<()> {
        read!(self, bucket, records::remove(key))
    }

    fn records(
        &mut self,
        bucket: &BucketName,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Record)>> {
        read!(self, bucket, records::after(after, limit))
    }

    fn count_records(&mut self, bucket: &BucketName) -> Result<u64> {
        read!(self, bucket, records::count())
    }

    fn mark_seen(&mut self, bucket: &BucketName, key: &Key, generation: Generation) -> Result<()> {
        read!(self, bucket, records::mark_seen(key, generation))
    }

    fn unseen(
        &mut self,
        bucket: &BucketName,
        generation: Generation,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        read!(self, bucket, records::unseen(generation, after, limit))
    }

    fn pending(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Pending>> {
        read!(self, bucket, queue::get(key))
    }

    fn put_pending(&mut self, bucket: &BucketName, key: &Key, pending: Pending) -> Result<Place> {
        let id = self.made(bucket)?;
        self.queued = true;
        queue::put(self.connection, id, key, &pending)
    }

    fn remove_pending(&mut self, bucket: &BucketName, key: &Key) -> Result<()> {
        read!(self, bucket, queue::remove(key))
    }

    fn queue(
        &mut self,
        bucket: &BucketName,
        state: PendingState,
        after: Place,
        limit: usize,
    ) -> Result<Vec<(Place, Key, Pending)>> {
        read!(self, bucket, queue::after(state, after, limit))
    }

    fn count_queue(&mut self, bucket: &BucketName, state: PendingState) -> Result<u64> {
        read!(self, bucket, queue::count(state))
    }

    fn set_reload(&mut self, bucket: &BucketName, key: &Key, version: Option<u64>) -> Result<()> {
        let id = self.made(bucket)?;
        records::set_reload(self.connection, id, key, version)
    }

    fn reload(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<u64>> {
        read!(self, bucket, records::reload(key))
    }

    fn reloads(
        &mut self,
        bucket: &BucketName,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, u64)>> {
        read!(self, bucket, records::reloads(after, limit))
    }

    fn add_conflict(&mut self, bucket: &BucketName, copy: ConflictCopy) -> Result<ConflictId> {
        let id = self.made(bucket)?;
        conflicts::add(self.connection, id, &copy)
    }

    fn conflicts(
        &mut self,
        bucket: &BucketName,
        after: ConflictId,
        limit: usize,
    ) -> Result<Vec<(ConflictId, ConflictCopy)>> {
        read!(self, bucket, conflicts::after(after, limit))
    }

    fn remove_conflict(&mut self, bucket: &BucketName, number: ConflictId) -> Result<()> {
        read!(self, bucket, conflicts::remove(number))
    }

    fn clear(&mut self, bucket: &BucketName) -> Result<()> {
        let Some(id) = self.id(bucket)? else {
            return Ok(());
        };
        self.buckets.remove(bucket);
        buckets::clear(self.connection, id)
    }
}
