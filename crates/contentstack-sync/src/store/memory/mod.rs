//! A mirror in memory.

mod tables;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::tables::Tables;
use super::{
    Applied, Batch, Begin, Changes, Counts, DeadLetter, DeadLetterId, Download, Generation, Link,
    Millis, Row, Scan, Seq, State, Store, StoreError, StoredSchema,
};
use crate::model::{ContentTypeUid, Key, ObjectKind, Uid};

/// A mirror in memory: gone with the last of its clones.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    // A panic inside would have come before the first change: see `Tables`.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self) -> Result<State, StoreError> {
        Ok(self.tables().load())
    }

    async fn begin(&self, begin: Begin) -> Result<Generation, StoreError> {
        self.tables().begin(begin)
    }

    async fn apply(&self, batch: Batch) -> Result<Applied, StoreError> {
        self.tables().apply(batch)
    }

    async fn prune(&self, before: Millis) -> Result<u64, StoreError> {
        Ok(self.tables().prune(before))
    }

    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        Ok(self.tables().get(key))
    }

    async fn scan(&self, scan: &Scan, after: Seq, limit: usize) -> Result<Vec<Row>, StoreError> {
        Ok(self.tables().scan(scan, after).take(limit).collect())
    }

    async fn count(&self, scan: &Scan) -> Result<u64, StoreError> {
        Ok(self.tables().scan(scan, Seq::default()).count() as u64)
    }

    async fn links(&self, key: &Key) -> Result<Vec<Link>, StoreError> {
        Ok(self.tables().links(key))
    }

    async fn referrers(
        &self,
        kind: ObjectKind,
        uid: &Uid,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.tables().referrers(kind, uid, after, limit))
    }

    async fn changes(&self, since: Seq, limit: usize) -> Result<Changes, StoreError> {
        Ok(self.tables().changes(since, limit))
    }

    async fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        Ok(self.tables().dead_letters(after, limit))
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        Ok(self.tables().counts())
    }

    async fn put_schemas(&self, schemas: Vec<StoredSchema>) -> Result<(), StoreError> {
        self.tables().put_schemas(schemas);
        Ok(())
    }

    async fn schemas(&self) -> Result<Vec<StoredSchema>, StoreError> {
        Ok(self.tables().schemas())
    }

    async fn schema(&self, uid: &ContentTypeUid) -> Result<Option<StoredSchema>, StoreError> {
        Ok(self.tables().schema(uid))
    }

    async fn wanted_downloads(
        &self,
        now: Millis,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<(Row, Option<Download>)>, StoreError> {
        Ok(self.tables().wanted_downloads(now, after, limit))
    }

    async fn note_download(&self, download: Download) -> Result<(), StoreError> {
        self.tables().note_download(download);
        Ok(())
    }

    async fn stale_downloads(&self, limit: usize) -> Result<Vec<Download>, StoreError> {
        Ok(self.tables().stale_downloads(limit))
    }

    async fn download(&self, url: &str) -> Result<Option<Download>, StoreError> {
        Ok(self.tables().download(url))
    }

    async fn forget_download(&self, url: &str) -> Result<(), StoreError> {
        self.tables().forget_download(url);
        Ok(())
    }
}
