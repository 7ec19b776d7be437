//! A store in a SQLite file.

mod buckets;
mod conflicts;
mod queue;
mod records;
mod schema;
mod transaction;
mod values;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use self::transaction::SqliteTransaction;
use super::{Store, StoreError, Work};
use crate::model::BucketName;

/// What survives a loss of power. A killed process loses nothing with either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// What this device alone has. Transactions that write to the queue, which
    /// those of edits and of changes about to be sent do, are flushed to the
    /// disk before they end, with all before them. What the server sent is not
    /// waited for: if it is lost, then together with its change version, so
    /// that it is sent again.
    #[default]
    Full,
    /// All but the last transactions. Edits can be lost; one that the server
    /// has already can be made a second time.
    Normal,
}

/// How a file is opened.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    durability: Durability,
    busy_timeout: Duration,
    max_size: Option<u64>,
}

impl Default for SqliteOptions {
    /// Full durability, and 2 s for another process to close the file.
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(2),
            max_size: None,
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

    /// How long to wait for another process that has the file open.
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

    /// Opens a file, or makes it.
    ///
    /// # Errors
    ///
    /// As [`SqliteStore::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, StoreError> {
        let path = path.as_ref().to_owned();
        let connection = schema::open(&path, &self)?;
        Ok(SqliteStore {
            path,
            connection,
            buckets: HashMap::new(),
            durability: self.durability,
        })
    }
}

/// A store in a SQLite file, with a write-ahead log beside it.
///
/// One process has the file open at a time: two syncers would send every edit
/// twice. A second one is refused with
/// [`StoreErrorKind::Busy`](super::StoreErrorKind::Busy); a process that is
/// killed lets go of it.
///
/// Objects lie in the file in the clear, tokens do not lie in it at all. A new
/// file can be read by its owner only (on Unix). It must lie on a local disk:
/// SQLite's log does not work over a network.
pub struct SqliteStore {
    path: PathBuf,
    connection: Connection,
    /// The ids of buckets that are in the file.
    buckets: HashMap<BucketName, i64>,
    durability: Durability,
}

impl SqliteStore {
    /// Opens a file, or makes it, with the default [`SqliteOptions`].
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Busy`](super::StoreErrorKind::Busy) if another
    /// process has it open,
    /// [`Corrupt`](super::StoreErrorKind::Corrupt) if it is no such file,
    /// [`Version`](super::StoreErrorKind::Version) if a newer version of this
    /// crate wrote it, [`ReadOnly`](super::StoreErrorKind::ReadOnly) or
    /// [`Io`](super::StoreErrorKind::Io) if it cannot be written to.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        SqliteOptions::default().open(path)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let mut transaction = SqliteTransaction::begin(&self.connection, &mut self.buckets)?;
        work(&mut transaction)?;
        let queued = transaction.commit()?;
        if queued && self.durability == Durability::Full {
            schema::flush(&self.connection)?;
        }
        Ok(())
    }
}

/// Does not show what is kept.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
