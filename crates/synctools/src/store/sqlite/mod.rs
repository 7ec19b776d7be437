//! A database in a SQLite file.

mod catalog;
mod check;
mod clean;
mod error;
mod introspect;
mod natural;
mod pairs;
mod read;
mod shape;
mod sync;
mod unique;
mod value;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};

use self::read::Watch;
use super::{Snapshot, Store, StoreError, StoreErrorKind, SyncOptions, SyncTransaction};
use crate::schema::{Introspection, Schema};

/// How a file is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    path: PathBuf,
    busy_timeout: Duration,
    max_size: Option<u64>,
    read_only: bool,
    create: bool,
}

impl SqliteOptions {
    /// A file that is there; 5 s for another process to finish its
    /// transaction.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            busy_timeout: Duration::from_secs(5),
            max_size: None,
            read_only: false,
            create: false,
        }
    }

    /// How long to wait for another process that is writing.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Lets the file grow no larger than this many bytes, or what it has
    /// already. Beyond that the disk counts as
    /// [full](super::StoreErrorKind::Full).
    #[must_use]
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Only reads: a sync fails with
    /// [`StoreErrorKind::ReadOnly`](super::StoreErrorKind::ReadOnly).
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Makes an empty file if there is none. (Its tables are Django's to make.)
    #[must_use]
    pub fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`].
    pub async fn open(self) -> Result<SqliteStore, StoreError> {
        let options = self.clone();
        let watch = run(move || Watch::new(options.connect(options.read_only)?)).await?;
        Ok(SqliteStore {
            options: self,
            watch: Arc::new(watch),
        })
    }

    fn connect(&self, read_only: bool) -> Result<Connection, StoreError> {
        let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags |= if read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        };
        if self.create && !read_only {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let db = Connection::open_with_flags(&self.path, flags)?;
        db.busy_timeout(self.busy_timeout)?;
        Ok(db)
    }

    fn open_writer(&self) -> Result<Connection, StoreError> {
        if self.read_only {
            return Err(StoreError::new(
                StoreErrorKind::ReadOnly,
                "it was opened to be read only",
            ));
        }
        let db = self.connect(false)?;
        db.execute_batch("PRAGMA foreign_keys = ON")?;
        if let Some(bytes) = self.max_size {
            let page: u32 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
            let pages = (bytes / u64::from(page)).max(1);
            db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        }
        Ok(db)
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let db = self.connect(self.read_only)?;
        db.execute_batch("PRAGMA query_only = ON")?;
        Ok(db)
    }
}

/// A database in a SQLite file, as Django makes it.
///
/// Each sync and each snapshot has a connection and a thread of its own. A sync
/// waits for other writers as long as
/// [`busy_timeout`](SqliteOptions::busy_timeout) says, and holds the lock of the
/// file until it is finished. In the usual journal mode a sync cannot be made
/// to last while somebody reads a snapshot; with `PRAGMA journal_mode = WAL`,
/// which is for the owner of the file to choose, neither waits for the other.
#[derive(Debug)]
pub struct SqliteStore {
    options: SqliteOptions,
    watch: Arc<Watch>,
}

impl SqliteStore {
    /// Opens a file that is there.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Corrupt`](super::StoreErrorKind::Corrupt) if it is no
    /// database, and [`Io`](super::StoreErrorKind::Io) if it cannot be opened.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::new(path).open().await
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.options.path
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin(
        &self,
        schema: &Schema,
        options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        let sync = sync::begin(&self.options, schema, options).await?;
        Ok(Box::new(sync))
    }

    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError> {
        let snapshot = read::begin(&self.options, &self.watch, schema).await?;
        Ok(Box::new(snapshot))
    }

    async fn introspect(&self) -> Result<Introspection, StoreError> {
        let options = self.options.clone();
        run(move || {
            let db = options.open_reader()?;
            db.execute_batch("BEGIN")?;
            introspect::read(&db)
        })
        .await
    }
}

/// Runs work that waits for the disk.
async fn run<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(StoreError::new(
            StoreErrorKind::Closed,
            "the runtime is shutting down",
        ))
    })
}
