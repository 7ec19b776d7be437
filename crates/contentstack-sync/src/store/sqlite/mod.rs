//! A mirror in a SQLite file.

mod downloads;
mod group;
mod read;
mod schema;
mod switch;
mod worker;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;

use self::worker::Worker;
use super::{
    Applied, Batch, Begin, Changes, Counts, DeadLetter, DeadLetterId, Download, Generation, Link,
    Millis, Row, Scan, Seq, State, Store, StoreError, StoredSchema,
};
use crate::model::{ContentTypeUid, Key, ObjectKind, Uid};

/// How much of what was written survives a loss of power. A killed process
/// loses nothing with either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// All (`PRAGMA synchronous = FULL`): every page is flushed to the disk.
    #[default]
    Full,
    /// All but the last pages (`PRAGMA synchronous = NORMAL`), which the next
    /// run fetches again: rows and tokens are lost together.
    Normal,
}

/// How a file is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    durability: Durability,
    busy_timeout: Duration,
    max_size: Option<u64>,
    read_only: bool,
}

impl Default for SqliteOptions {
    /// Full durability, and 5 s for another process to finish its transaction.
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            max_size: None,
            read_only: false,
        }
    }
}

impl SqliteOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What survives a loss of power.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long to wait for another process that is writing.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Lets the file grow no larger than this many bytes, or what it has
    /// already. Beyond that the disk counts as
    /// [full](super::StoreErrorKind::Full). The log beside it is not counted.
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Only reads: whatever would write fails with
    /// [`StoreErrorKind::ReadOnly`](super::StoreErrorKind::ReadOnly). For
    /// processes that read what another one syncs. The file must be there.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Opens a file, or makes it.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`].
    pub async fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let path = path.as_ref().to_owned();
        let writer = {
            let (path, options) = (path.clone(), self.clone());
            Worker::start("mirror-writer", move || schema::open(&path, &options)).await?
        };
        let reader = {
            let (path, options) = (path.clone(), self);
            Worker::start("mirror-reader", move || {
                schema::open_reader(&path, &options)
            })
            .await?
        };
        Ok(SqliteStore {
            path,
            writer,
            reader,
        })
    }
}

/// A mirror in a SQLite file, with a write-ahead log beside it.
///
/// One thread writes and another reads, so a query never waits for a page that
/// is being written. Several processes may have the file open: readers see
/// whole transactions, and of two that sync, one is refused with
/// [`StoreErrorKind::Conflict`](super::StoreErrorKind::Conflict) before it
/// changes anything.
///
/// The file holds the sync tokens and the content, both in the clear. It must
/// lie on a local disk: SQLite's log does not work over a network.
///
/// Closed when dropped, after what was begun; [`close`](Self::close) waits for it.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: Worker,
    reader: Worker,
}

impl SqliteStore {
    /// Opens a file, or makes it, with the default [`SqliteOptions`].
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Corrupt`](super::StoreErrorKind::Corrupt) if it is no
    /// such file, [`Version`](super::StoreErrorKind::Version) if a newer
    /// version of this crate wrote it,
    /// [`ReadOnly`](super::StoreErrorKind::ReadOnly) or
    /// [`Io`](super::StoreErrorKind::Io) if it cannot be written to.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::default().open(path).await
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes what was begun and closes the file.
    pub async fn close(self) {
        self.reader.stop().await;
        self.writer.stop().await;
    }

    /// Runs `work` in a transaction: all of it, or nothing.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).await
    }

    /// Runs `work` on one state of the file.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.reader
            .run(move |connection| read::snapshot(connection, work))
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self) -> Result<State, StoreError> {
        self.read(read::state).await
    }

    async fn begin(&self, begin: Begin) -> Result<Generation, StoreError> {
        self.write(move |db| write::begin(db, &begin)).await
    }

    async fn apply(&self, batch: Batch) -> Result<Applied, StoreError> {
        self.write(move |db| write::apply(db, batch)).await
    }

    async fn prune(&self, before: Millis) -> Result<u64, StoreError> {
        self.write(move |db| write::prune(db, before)).await
    }

    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        let key = key.clone();
        self.read(move |db| read::get(db, &key)).await
    }

    async fn scan(&self, scan: &Scan, after: Seq, limit: usize) -> Result<Vec<Row>, StoreError> {
        let scan = scan.clone();
        self.read(move |db| read::scan(db, &scan, after, limit))
            .await
    }

    async fn count(&self, scan: &Scan) -> Result<u64, StoreError> {
        let scan = scan.clone();
        self.read(move |db| read::count(db, &scan)).await
    }

    async fn links(&self, key: &Key) -> Result<Vec<Link>, StoreError> {
        let key = key.clone();
        self.read(move |db| read::links(db, &key)).await
    }

    async fn referrers(
        &self,
        kind: ObjectKind,
        uid: &Uid,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let uid = uid.clone();
        self.read(move |db| read::referrers(db, kind, &uid, after, limit))
            .await
    }

    async fn changes(&self, since: Seq, limit: usize) -> Result<Changes, StoreError> {
        self.read(move |db| read::changes(db, since, limit)).await
    }

    async fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(move |db| read::dead_letters(db, after, limit))
            .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.read(read::counts).await
    }

    async fn put_schemas(&self, schemas: Vec<StoredSchema>) -> Result<(), StoreError> {
        self.write(move |db| write::put_schemas(db, &schemas)).await
    }

    async fn schemas(&self) -> Result<Vec<StoredSchema>, StoreError> {
        self.read(|db| read::schemas(db, None)).await
    }

    async fn schema(&self, uid: &ContentTypeUid) -> Result<Option<StoredSchema>, StoreError> {
        let uid = uid.clone();
        self.read(move |db| Ok(read::schemas(db, Some(&uid))?.pop()))
            .await
    }

    async fn wanted_downloads(
        &self,
        now: Millis,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<(Row, Option<Download>)>, StoreError> {
        self.read(move |db| downloads::wanted(db, now, after, limit))
            .await
    }

    async fn note_download(&self, download: Download) -> Result<(), StoreError> {
        self.write(move |db| downloads::note(db, &download)).await
    }

    async fn stale_downloads(&self, limit: usize) -> Result<Vec<Download>, StoreError> {
        self.read(move |db| downloads::stale(db, limit)).await
    }

    async fn download(&self, url: &str) -> Result<Option<Download>, StoreError> {
        let url = url.to_owned();
        self.read(move |db| downloads::get(db, &url)).await
    }

    async fn forget_download(&self, url: &str) -> Result<(), StoreError> {
        let url = url.to_owned();
        self.write(move |db| downloads::forget(db, &url)).await
    }
}
