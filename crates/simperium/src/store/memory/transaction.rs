//! A transaction in memory: writes at once, and remembers what was there.

use std::ops::Bound;

use super::super::{
    BucketState, ConflictCopy, ConflictId, Generation, Identity, Pending, PendingState, Place,
    Record, StoreError, Transaction,
};
use super::tables::{Counters, Rows, Tables, set};
use crate::model::{BucketName, Key};

type Result<T> = std::result::Result<T, StoreError>;

/// A transaction. Dropped before [`keep`](Self::keep), by a panic too, it puts
/// back what was there.
pub(super) struct MemoryTransaction<'a> {
    tables: &'a mut Tables,
    counters: Counters,
    undo: Vec<Undo>,
}

/// What was there before a write.
enum Undo {
    Identity(Option<Identity>),
    State(BucketName, BucketState),
    Record(BucketName, Key, Option<Record>),
    Seen(BucketName, Key, Generation),
    Pending(BucketName, Key, Option<(Place, Pending)>),
    Reload(BucketName, Key, Option<u64>),
    Conflict(BucketName, ConflictId, Option<ConflictCopy>),
    Bucket(BucketName, Option<Rows>),
}

impl<'a> MemoryTransaction<'a> {
    pub(super) fn new(tables: &'a mut Tables) -> Self {
        Self {
            counters: tables.counters,
            tables,
            undo: Vec::new(),
        }
    }

    /// Keeps what was written.
    pub(super) fn keep(mut self) {
        self.undo.clear();
        self.counters = self.tables.counters;
    }

    fn put_back(&mut self, undo: Undo) {
        let tables = &mut *self.tables;
        match undo {
            Undo::Identity(identity) => tables.identity = identity,
            Undo::State(bucket, state) => tables.rows(&bucket).state = state,
            Undo::Record(bucket, key, record) => {
                set(&mut tables.rows(&bucket).records, key, record);
            }
            Undo::Seen(bucket, key, seen) => {
                if let Some(record) = tables.rows(&bucket).records.get_mut(&key) {
                    record.seen = seen;
                }
            }
            Undo::Pending(bucket, key, row) => {
                tables.rows(&bucket).queue.set(&key, row);
            }
            Undo::Reload(bucket, key, version) => {
                set(&mut tables.rows(&bucket).reloads, key, version);
            }
            Undo::Conflict(bucket, id, copy) => {
                set(&mut tables.rows(&bucket).conflicts, id, copy);
            }
            Undo::Bucket(bucket, rows) => {
                tables.set_rows(&bucket, rows);
            }
        }
    }
}

impl Drop for MemoryTransaction<'_> {
    fn drop(&mut self) {
        while let Some(undo) = self.undo.pop() {
            self.put_back(undo);
        }
        self.tables.counters = self.counters;
    }
}

fn after<K>(key: Option<&K>) -> (Bound<&K>, Bound<&K>) {
    (
        key.map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Unbounded,
    )
}

impl Transaction for MemoryTransaction<'_> {
    fn identity(&mut self) -> Result<Option<Identity>> {
        Ok(self.tables.identity.clone())
    }

    fn set_identity(&mut self, identity: &Identity) -> Result<()> {
        let old = self.tables.identity.replace(identity.clone());
        self.undo.push(Undo::Identity(old));
        Ok(())
    }

    fn bucket(&mut self, bucket: &BucketName) -> Result<BucketState> {
        let rows = self.tables.get(bucket);
        Ok(rows.map(|rows| rows.state.clone()).unwrap_or_default())
    }

    fn set_bucket(&mut self, bucket: &BucketName, state: &BucketState) -> Result<()> {
        let old = std::mem::replace(&mut self.tables.rows(bucket).state, state.clone());
        self.undo.push(Undo::State(bucket.clone(), old));
        Ok(())
    }

    fn record(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Record>> {
        let rows = self.tables.get(bucket);
        Ok(rows.and_then(|rows| rows.records.get(key)).cloned())
    }

    fn put_record(&mut self, bucket: &BucketName, key: &Key, record: Record) -> Result<()> {
        let rows = self.tables.rows(bucket);
        let old = rows.records.insert(key.clone(), record);
        self.undo
            .push(Undo::Record(bucket.clone(), key.clone(), old));
        Ok(())
    }

    fn remove_record(&mut self, bucket: &BucketName, key: &Key) -> Result<()> {
        let old = self.tables.rows(bucket).records.remove(key);
        self.undo
            .push(Undo::Record(bucket.clone(), key.clone(), old));
        Ok(())
    }

    fn records(
        &mut self,
        bucket: &BucketName,
        last: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Record)>> {
        let Some(rows) = self.tables.get(bucket) else {
            return Ok(Vec::new());
        };
        let range = rows.records.range::<Key, _>(after(last)).take(limit);
        Ok(range
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect())
    }

    fn count_records(&mut self, bucket: &BucketName) -> Result<u64> {
        let rows = self.tables.get(bucket);
        Ok(rows.map_or(0, |rows| rows.records.len() as u64))
    }

    fn mark_seen(&mut self, bucket: &BucketName, key: &Key, generation: Generation) -> Result<()> {
        if let Some(record) = self.tables.rows(bucket).records.get_mut(key) {
            let old = std::mem::replace(&mut record.seen, generation);
            self.undo.push(Undo::Seen(bucket.clone(), key.clone(), old));
        }
        Ok(())
    }

    fn unseen(
        &mut self,
        bucket: &BucketName,
        generation: Generation,
        last: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        let Some(rows) = self.tables.get(bucket) else {
            return Ok(Vec::new());
        };
        let range = rows.records.range::<Key, _>(after(last));
        let unseen = range.filter(|(_, record)| record.seen < generation);
        Ok(unseen.take(limit).map(|(key, _)| key.clone()).collect())
    }

    fn pending(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Pending>> {
        let rows = self.tables.get(bucket);
        let row = rows.and_then(|rows| rows.queue.get(key));
        Ok(row.map(|(_, pending)| pending.clone()))
    }

    fn put_pending(&mut self, bucket: &BucketName, key: &Key, pending: Pending) -> Result<Place> {
        let known = self.tables.get(bucket);
        let known = known.and_then(|rows| rows.queue.get(key));
        let place = match known {
            Some((place, _)) => *place,
            None => {
                self.tables.counters.place += 1;
                Place(self.tables.counters.place)
            }
        };
        let queue = &mut self.tables.rows(bucket).queue;
        let old = queue.set(key, Some((place, pending)));
        self.undo
            .push(Undo::Pending(bucket.clone(), key.clone(), old));
        Ok(place)
    }

    fn remove_pending(&mut self, bucket: &BucketName, key: &Key) -> Result<()> {
        let old = self.tables.rows(bucket).queue.set(key, None);
        self.undo
            .push(Undo::Pending(bucket.clone(), key.clone(), old));
        Ok(())
    }

    fn queue(
        &mut self,
        bucket: &BucketName,
        state: PendingState,
        after: Place,
        limit: usize,
    ) -> Result<Vec<(Place, Key, Pending)>> {
        let Some(rows) = self.tables.get(bucket) else {
            return Ok(Vec::new());
        };
        let queue = rows.queue.after(state, after).take(limit);
        Ok(queue
            .map(|(place, key, pending)| (place, key.clone(), pending.clone()))
            .collect())
    }

    fn count_queue(&mut self, bucket: &BucketName, state: PendingState) -> Result<u64> {
        let rows = self.tables.get(bucket);
        Ok(rows.map_or(0, |rows| rows.queue.count(state)))
    }

    fn set_reload(&mut self, bucket: &BucketName, key: &Key, version: Option<u64>) -> Result<()> {
        let old = set(&mut self.tables.rows(bucket).reloads, key.clone(), version);
        self.undo
            .push(Undo::Reload(bucket.clone(), key.clone(), old));
        Ok(())
    }

    fn reload(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<u64>> {
        let rows = self.tables.get(bucket);
        Ok(rows.and_then(|rows| rows.reloads.get(key)).copied())
    }

    fn reloads(
        &mut self,
        bucket: &BucketName,
        last: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, u64)>> {
        let Some(rows) = self.tables.get(bucket) else {
            return Ok(Vec::new());
        };
        let range = rows.reloads.range::<Key, _>(after(last)).take(limit);
        Ok(range
            .map(|(key, version)| (key.clone(), *version))
            .collect())
    }

    fn add_conflict(&mut self, bucket: &BucketName, copy: ConflictCopy) -> Result<ConflictId> {
        self.tables.counters.conflict += 1;
        let id = ConflictId(self.tables.counters.conflict);
        let old = self.tables.rows(bucket).conflicts.insert(id, copy);
        self.undo.push(Undo::Conflict(bucket.clone(), id, old));
        Ok(id)
    }

    fn conflicts(
        &mut self,
        bucket: &BucketName,
        last: ConflictId,
        limit: usize,
    ) -> Result<Vec<(ConflictId, ConflictCopy)>> {
        let Some(rows) = self.tables.get(bucket) else {
            return Ok(Vec::new());
        };
        let range = rows.conflicts.range(after(Some(&last))).take(limit);
        Ok(range.map(|(id, copy)| (*id, copy.clone())).collect())
    }

    fn remove_conflict(&mut self, bucket: &BucketName, id: ConflictId) -> Result<()> {
        let old = self.tables.rows(bucket).conflicts.remove(&id);
        self.undo.push(Undo::Conflict(bucket.clone(), id, old));
        Ok(())
    }

    fn clear(&mut self, bucket: &BucketName) -> Result<()> {
        let old = self.tables.set_rows(bucket, None);
        self.undo.push(Undo::Bucket(bucket.clone(), old));
        Ok(())
    }
}
