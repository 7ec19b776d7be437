//! One folder.

mod browse;
mod config;
mod scan;
mod tree;
mod visit;

use sync_core::{ApiError, Call, Error};

pub use self::browse::Browse;
pub(super) use self::scan::LIMIT as SCAN_LIMIT;
pub use self::scan::Scan;
pub use self::visit::Entry;
use super::paged::Paged;
use super::{checks, or_default};
use crate::error::SyncthingError;
use crate::model::db::{Completion, FileLookup, FilePage, FolderStatus, Ignores, Need};
use crate::model::system::Acknowledged;
use crate::model::{
    DeviceId, FileVersions, FolderErrors, FolderId, RestoreFailures, RestoreVersions,
};
use crate::{Client, Endpoint, endpoints};

/// One folder: [`Client::folder`].
///
/// Unless said otherwise, calls fail with [`SyncthingError::NoSuchFolder`] when
/// no folder has the ID.
#[derive(Clone, Debug)]
pub struct FolderHandle {
    pub(crate) client: Client,
    id: FolderId,
}

impl FolderHandle {
    pub(super) fn new(client: Client, id: FolderId) -> Self {
        Self { client, id }
    }

    /// Which folder.
    pub fn id(&self) -> &FolderId {
        &self.id
    }

    /// Begins a call that has the folder in its query.
    fn call(&self, endpoint: &'static Endpoint) -> Call<bytes::Bytes> {
        self.client
            .call(endpoint)
            .query("folder", &self.id)
            .or_error(checks::chosen(&self.id).err())
    }

    /// How it is: `GET /rest/db/status`.
    ///
    /// A folder that is paused, or has not started yet, is no error: its state is
    /// [`NotRunning`](crate::model::db::FolderState::NotRunning) and all its
    /// numbers are 0.
    pub fn status(&self) -> Call<FolderStatus> {
        self.call(&endpoints::DB_STATUS).json()
    }

    /// How much of it this device has: `GET /rest/db/completion`.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::FolderPaused`].
    pub fn completion(&self) -> Call<Completion> {
        self.call(&endpoints::DB_COMPLETION).json()
    }

    /// How much of it another device has, as far as that device has told.
    ///
    /// 100 per cent do not mean that it is in sync: ask
    /// [`is_complete`](Completion::is_complete), or better
    /// [`wait_until_in_sync`](Self::wait_until_in_sync). Counting is hard work
    /// for the daemon; do not ask in a loop but follow the events.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::FolderPaused`].
    pub fn completion_of(&self, device: DeviceId) -> Call<Completion> {
        self.call(&endpoints::DB_COMPLETION)
            .query("device", device.to_string())
            .json()
            .or_error(checks::named(device).err())
    }

    /// Its files and directories: `GET /rest/db/browse`.
    pub fn browse(&self) -> Browse {
        Browse::new(self.clone())
    }

    /// What is known of one file, by its path in the folder:
    /// `GET /rest/db/file`.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NoSuchFile`]; from 2.0 on for a missing or paused
    /// folder, too.
    pub fn file(&self, path: &str) -> Call<FileLookup> {
        self.call(&endpoints::DB_FILE).query("file", path).json()
    }

    /// What this device needs: `GET /rest/db/need`, in pages.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NoSuchFolder`] for a paused folder, too.
    pub fn need(&self) -> Paged<Need> {
        self.paged(&endpoints::DB_NEED, None)
    }

    /// What another device needs: `GET /rest/db/remoteneed`, in pages. Hard work
    /// for the daemon.
    pub fn remote_need(&self, device: DeviceId) -> Paged<FilePage> {
        self.paged(&endpoints::DB_REMOTE_NEED, Some(device))
    }

    /// What was changed here in a receive-only folder:
    /// `GET /rest/db/localchanged`, in pages.
    pub fn local_changed(&self) -> Paged<FilePage> {
        self.paged(&endpoints::DB_LOCAL_CHANGED, None)
    }

    /// What could not be pulled, and why: `GET /rest/folder/errors`, in pages.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::FolderPaused`].
    pub fn errors(&self) -> Paged<FolderErrors> {
        self.paged(&endpoints::FOLDER_ERRORS, None)
    }

    /// The same under its old name, `GET /rest/folder/pullerrors`.
    pub fn pull_errors(&self) -> Paged<FolderErrors> {
        self.paged(&endpoints::FOLDER_PULL_ERRORS, None)
    }

    fn paged<P: super::Rows>(
        &self,
        endpoint: &'static Endpoint,
        device: Option<DeviceId>,
    ) -> Paged<P> {
        Paged::new(self.client.clone(), endpoint, self.id.clone(), device)
    }

    /// Its ignore patterns: `GET /rest/db/ignores`.
    ///
    /// Patterns that cannot be used are no error of this call, but stop the
    /// folder: see [`Ignores::error`].
    pub fn ignores(&self) -> Call<Ignores> {
        let call = self.call(&endpoints::DB_IGNORES).json::<Ignores>();
        let id = self.id.clone();
        call.and_then(move |ignores| {
            // Daemons before 1.28 answer 500 with the same words.
            let missing = format!("folder {id} does not exist");
            match ignores.error.as_deref() {
                Some(text) if text == missing => Err(refusal(text, SyncthingError::NoSuchFolder)),
                _ => Ok(ignores),
            }
        })
    }

    /// Replaces its ignore patterns: `POST /rest/db/ignores`, a pattern or
    /// comment a line. No lines remove the file.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::BadPattern`] when a pattern cannot be used. **The lines
    /// are saved all the same**, and the folder stops until they are corrected.
    pub fn set_ignores<I>(&self, lines: I) -> Call<Ignores>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let lines: Vec<String> = lines.into_iter().map(Into::into).collect();
        let body = serde_json::json!({ "ignore": lines });
        let call = self.call(&endpoints::DB_IGNORES_SET).json_body(&body);
        call.json::<Ignores>().and_then(|ignores| {
            match ignores.error.as_deref().filter(|error| !error.is_empty()) {
                Some(text) => Err(refusal(text, SyncthingError::BadPattern)),
                None => Ok(ignores),
            }
        })
    }

    /// Scans it for changes: `POST /rest/db/scan`.
    pub fn scan(&self) -> Scan {
        Scan::new(self.clone())
    }

    /// Pulls a file before all others: `POST /rest/db/prio`. The answer is the
    /// first page of [`need`](Self::need).
    ///
    /// The daemon says 200 for a file that it does not know or need, too.
    pub fn prioritize(&self, path: &str) -> Call<Need> {
        self.call(&endpoints::DB_PRIO).query("file", path).json()
    }

    /// Makes this device's files those of all devices, in a send-only folder:
    /// `POST /rest/db/override`.
    ///
    /// The answer comes at once and the work goes on in the background:
    /// [`override_and_wait`](Self::override_and_wait) waits for its end. The
    /// daemon says 200 for a folder that it does not know, or that is not
    /// send-only, too.
    pub fn override_changes(&self) -> Call<()> {
        self.call(&endpoints::DB_OVERRIDE).empty()
    }

    /// Undoes what was changed here in a receive-only folder:
    /// `POST /rest/db/revert`. Added files are deleted.
    ///
    /// As with [`override_changes`](Self::override_changes), an answer of 200
    /// means next to nothing: see [`revert_and_wait`](Self::revert_and_wait).
    pub fn revert_changes(&self) -> Call<()> {
        self.call(&endpoints::DB_REVERT).empty()
    }

    /// The old versions that it keeps: `GET /rest/folder/versions`.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NoVersioner`].
    pub fn versions(&self) -> Call<FileVersions> {
        or_default(self.call(&endpoints::FOLDER_VERSIONS))
    }

    /// Brings old versions back, each named by path and version time:
    /// `POST /rest/folder/versions`.
    ///
    /// The answer is what could **not** be brought back, with the reason; empty
    /// when all is well. The daemon says 200 either way.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NoVersioner`].
    pub fn restore(&self, versions: &RestoreVersions) -> Call<RestoreFailures> {
        or_default(
            self.call(&endpoints::FOLDER_VERSIONS_RESTORE)
                .json_body(versions),
        )
    }

    /// Deletes its index and restarts the daemon: `POST /rest/system/reset`.
    /// Files are not touched, and are scanned anew.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::MustBePaused`].
    pub fn reset(&self) -> Call<Acknowledged> {
        self.call(&endpoints::RESET).json()
    }
}

/// What the daemon refused in an answer of 200.
fn refusal(text: &str, detail: SyncthingError) -> Error {
    let message = format!("{text}; {detail}");
    Error::service(
        ApiError::new(http::StatusCode::OK)
            .with_message(message)
            .with_detail(detail),
    )
}
