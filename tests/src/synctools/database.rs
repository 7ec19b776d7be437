//! Databases of a test's own.

use std::fs;
use std::path::PathBuf;

use xtask::peers::postgresql;

use super::Folder;
use crate::Result;

/// What keeps a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A server; a test is skipped where there is none.
    Postgres,
}

impl Backend {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];
}

/// A database and a folder for the files that belong to it. Both are gone with
/// this value.
#[derive(Debug)]
pub struct Database {
    folder: Folder,
    server: Option<postgresql::Database>,
}

impl Database {
    /// An empty one; `None` where a test is to be skipped.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn new(backend: Backend) -> Result<Option<Self>> {
        let folder = Folder::of("synctools")?;
        let server = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => match postgresql::Database::create_or_skip()? {
                Some(server) => Some(server),
                None => return Ok(None),
            },
        };
        Ok(Some(Self { folder, server }))
    }

    /// An empty one in a file.
    ///
    /// # Errors
    ///
    /// When its folder cannot be made.
    pub fn sqlite() -> Result<Self> {
        Ok(Self {
            folder: Folder::of("synctools")?,
            server: None,
        })
    }

    /// An empty one on a server that was started for it, and waits for the disk.
    ///
    /// # Errors
    ///
    /// When there is no such server.
    pub fn durable_postgres() -> Result<Self> {
        let server = postgresql::Database::on_its_own(postgresql::Durability::Disk)?;
        Ok(Self {
            folder: Folder::of("synctools")?,
            server: Some(server),
        })
    }

    /// What keeps it.
    pub fn backend(&self) -> Backend {
        match self.server {
            None => Backend::Sqlite,
            Some(_) => Backend::Postgres,
        }
    }

    /// Its file, where it is one.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("db.sqlite3")
    }

    /// The folder of uploaded files.
    pub fn media(&self) -> PathBuf {
        self.folder.path().join("media")
    }

    /// A folder for whatever else belongs to it.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Makes it what another one of the same kind is, whatever it is now. Nobody
    /// may be using the other one.
    ///
    /// # Errors
    ///
    /// When they are not of the same kind.
    pub fn become_copy_of(&self, other: &Self) -> Result<()> {
        match (&self.server, &other.server) {
            (None, None) => {
                for suffix in ["-journal", "-wal", "-shm"] {
                    let mut file = self.file().into_os_string();
                    file.push(suffix);
                    if fs::exists(&file)? {
                        fs::remove_file(file)?;
                    }
                }
                fs::copy(other.file(), self.file())?;
                Ok(())
            }
            (Some(own), Some(other)) => Ok(own.become_copy_of(other)?),
            _ => Err("a file is no server".into()),
        }
    }

    /// A URL of PostgreSQL, or the path of a file.
    pub fn place(&self) -> String {
        match &self.server {
            Some(server) => server.url().to_owned(),
            None => self.file().display().to_string(),
        }
    }
}
