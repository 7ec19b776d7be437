//! What came of a download.

use std::io;
use std::sync::Arc;

use crate::model::Key;
use crate::query::QueryError;
use crate::store::{Millis, StoreError};

/// What came of a run.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DownloadReport {
    /// Files that were downloaded, or completed.
    pub downloaded: u64,
    /// Those of them of which a part was there already.
    pub resumed: u64,
    /// Files that were found complete in the folder, and only not noted yet.
    pub found: u64,
    /// Bytes that were received, also for files that failed.
    pub bytes: u64,
    /// Files that were removed because no asset has them any more.
    pub removed: u64,
    /// What could not be downloaded, or removed. Each is tried again by a later
    /// run when its time comes.
    pub failed: Vec<DownloadFailure>,
}

/// A file that could not be downloaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DownloadFailure {
    /// Of which asset.
    pub key: Key,
    /// Its address.
    pub url: Box<str>,
    /// What is wrong, for people.
    pub error: String,
    /// In how many runs it has failed, this one included.
    pub attempts: u32,
    /// When a run tries again; `None`: only when the asset changes.
    pub retry_at: Option<Millis>,
}

/// What happens during a run, for those who watch it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum DownloadEvent<'a> {
    /// A file is being downloaded.
    Started {
        /// Of which asset.
        key: &'a Key,
        /// How large it is, where the asset says so.
        size: Option<u64>,
    },
    /// Some of it has come.
    Received {
        /// Of which asset.
        key: &'a Key,
        /// How many bytes more.
        bytes: u64,
    },
    /// A file is in its place.
    Done {
        /// Of which asset.
        key: &'a Key,
        /// Its place in the folder.
        path: &'a str,
        /// Its size.
        size: u64,
    },
    /// A file could not be downloaded.
    Failed(&'a DownloadFailure),
    /// A file is gone.
    Removed {
        /// What was its place in the folder.
        path: &'a str,
    },
}

/// Who watches.
pub(super) type OnEvent = Arc<dyn Fn(&DownloadEvent<'_>) + Send + Sync>;

/// Why a run could not go on. What was downloaded before stays, and the next
/// run goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The store could not be read or written.
    #[error("the mirror could not be read or written")]
    Store(#[from] StoreError),
    /// The query cannot be answered.
    #[error("the assets could not be looked for")]
    Query(#[from] QueryError),
    /// The folder cannot be used.
    #[error("the folder cannot be used")]
    Folder(#[source] io::Error),
    /// There is no way to the files.
    #[error("there is no way to the files")]
    Setup(#[from] sync_core::Error),
}
