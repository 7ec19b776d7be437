//! Scanning a folder.

use std::future::IntoFuture;
use std::time::Duration;

use sync_core::{Call, Error};

use super::super::answered_within;
use super::FolderHandle;
use crate::endpoints;

/// How long a scan may take by default.
pub(in crate::api) const LIMIT: Duration = Duration::from_secs(60 * 60);

/// A scan of a folder: [`FolderHandle::scan`]. Await it to start it and to wait
/// for its end.
///
/// The daemon answers when the scan has ended, so the call gives up after an
/// hour and not before; [`call`](Self::call) gives it another limit. A call
/// that ends early does not end the scan.
///
/// ```no_run
/// # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
/// client.folder("photos").scan().sub("2026/november").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`SyncthingError::NoSuchFolder`](crate::SyncthingError::NoSuchFolder),
/// [`SyncthingError::FolderPaused`](crate::SyncthingError::FolderPaused), or the
/// daemon's reason in [`ApiError::message`](sync_core::ApiError::message), for
/// example that the folder's marker is missing.
#[derive(Clone, Debug)]
#[must_use = "a scan does nothing until it is awaited"]
pub struct Scan {
    folder: FolderHandle,
    subs: Vec<String>,
    next: Option<Duration>,
}

impl Scan {
    pub(super) fn new(folder: FolderHandle) -> Self {
        Self {
            folder,
            subs: Vec::new(),
            next: None,
        }
    }

    /// Scans this path of the folder only, and others that are named so.
    #[allow(clippy::should_implement_trait, reason = "the daemon's own word")]
    pub fn sub(mut self, path: impl Into<String>) -> Self {
        self.subs.push(path.into());
        self
    }

    /// When the folder is scanned again by itself, counted from the end of this
    /// scan, in whole seconds.
    pub fn next(mut self, after: Duration) -> Self {
        self.next = Some(after);
        self
    }

    /// The call, to change its limits.
    pub fn call(self) -> Call<()> {
        let mut call = self.folder.call(&endpoints::DB_SCAN);
        for sub in &self.subs {
            call = call.query("sub", sub);
        }
        call.query_opt("next", self.next.map(|next| next.as_secs().to_string()))
            .empty()
            .with_options(answered_within(LIMIT))
    }
}

impl IntoFuture for Scan {
    type Output = Result<(), Error>;
    type IntoFuture = <Call<()> as IntoFuture>::IntoFuture;

    fn into_future(self) -> Self::IntoFuture {
        self.call().into_future()
    }
}
