//! How a folder is.

use std::collections::BTreeMap;

use crate::model::{DeviceId, Time};
use crate::wire::{model, text_enum};

model! {
    /// How a folder is: `GET /rest/db/status`.
    ///
    /// A paused or stopped folder has the state [`FolderState::NotRunning`] and
    /// zeroes everywhere; that is no error of the daemon.
    pub struct FolderStatus {
        /// Items that could not be pulled.
        pub errors: i64 => "errors",
        /// The same.
        pub pull_errors: i64 => "pullErrors",
        /// Always empty today.
        pub invalid: String => "invalid",
        /// Files, all devices considered.
        pub global_files: i64 => "globalFiles",
        /// Directories, all devices considered.
        pub global_directories: i64 => "globalDirectories",
        /// Symbolic links, all devices considered.
        pub global_symlinks: i64 => "globalSymlinks",
        /// Deleted items that are remembered, all devices considered.
        pub global_deleted: i64 => "globalDeleted",
        /// Bytes, all devices considered.
        pub global_bytes: i64 => "globalBytes",
        /// All of these items.
        pub global_total_items: i64 => "globalTotalItems",
        /// Files here.
        pub local_files: i64 => "localFiles",
        /// Directories here.
        pub local_directories: i64 => "localDirectories",
        /// Symbolic links here.
        pub local_symlinks: i64 => "localSymlinks",
        /// Deleted items that are remembered here.
        pub local_deleted: i64 => "localDeleted",
        /// Bytes here.
        pub local_bytes: i64 => "localBytes",
        /// All items here.
        pub local_total_items: i64 => "localTotalItems",
        /// Files to pull.
        pub need_files: i64 => "needFiles",
        /// Directories to make.
        pub need_directories: i64 => "needDirectories",
        /// Symbolic links to make.
        pub need_symlinks: i64 => "needSymlinks",
        /// Items to delete.
        pub need_deletes: i64 => "needDeletes",
        /// Bytes to pull.
        pub need_bytes: i64 => "needBytes",
        /// All items to pull, make or delete.
        pub need_total_items: i64 => "needTotalItems",
        /// Files changed here in a receive-only folder. These six are not sent
        /// by 1.19 for other folders.
        pub receive_only_changed_files: Option<i64> => "receiveOnlyChangedFiles",
        /// Directories changed here.
        pub receive_only_changed_directories: Option<i64> => "receiveOnlyChangedDirectories",
        /// Symbolic links changed here.
        pub receive_only_changed_symlinks: Option<i64> => "receiveOnlyChangedSymlinks",
        /// Items deleted here.
        pub receive_only_changed_deletes: Option<i64> => "receiveOnlyChangedDeletes",
        /// Bytes changed here.
        pub receive_only_changed_bytes: Option<i64> => "receiveOnlyChangedBytes",
        /// All items changed here.
        pub receive_only_total_items: Option<i64> => "receiveOnlyTotalItems",
        /// Files that are here as they should be.
        pub in_sync_files: i64 => "inSyncFiles",
        /// Their bytes.
        pub in_sync_bytes: i64 => "inSyncBytes",
        /// What it does.
        pub state: FolderState => "state",
        /// Since when, in whole seconds.
        pub state_changed: Option<Time> => "stateChanged",
        /// Why it is in [`FolderState::Error`]; empty or `None` otherwise.
        pub error: Option<String> => "error",
        /// The same as `sequence`.
        pub version: i64 => "version",
        /// Counts the changes of the local index.
        pub sequence: i64 => "sequence",
        /// The sequence that each device has told of. Since 1.27.4.
        pub remote_sequence: Option<BTreeMap<DeviceId, i64>> => "remoteSequence",
        /// Whether there are ignore patterns.
        pub ignore_patterns: bool => "ignorePatterns",
        /// Why changes are not watched for.
        pub watch_error: Option<String> => "watchError",
    }
}

impl FolderStatus {
    /// Whether this device has all that it knows of: the folder rests, without
    /// an error, and needs nothing. What other devices have not told of yet is
    /// not considered.
    pub fn is_in_sync(&self) -> bool {
        self.state == FolderState::Idle
            && self.error_text().is_none()
            && self.errors == 0
            && self.need_total_items == 0
    }

    /// Why the folder has stopped.
    pub fn error_text(&self) -> Option<&str> {
        self.error.as_deref().filter(|error| !error.is_empty())
    }

    /// Whether there are local changes in a receive-only folder, which a revert
    /// would undo.
    pub fn has_local_changes(&self) -> bool {
        self.receive_only_total_items.unwrap_or_default() > 0
    }
}

text_enum! {
    /// What a folder does.
    #[derive(Default)]
    pub enum FolderState {
        /// Nothing, because it is paused or has not started.
        #[default]
        NotRunning = "",
        /// It rests.
        Idle = "idle",
        /// It is about to start. Since 2.1.0.
        Starting = "starting",
        /// Its files are looked at.
        Scanning = "scanning",
        /// It waits for other folders to scan.
        ScanWaiting = "scan-waiting",
        /// It waits for other folders to sync.
        SyncWaiting = "sync-waiting",
        /// It looks at what to pull.
        SyncPreparing = "sync-preparing",
        /// It pulls.
        Syncing = "syncing",
        /// Old versions are removed.
        Cleaning = "cleaning",
        /// It waits for other folders to clean.
        CleanWaiting = "clean-waiting",
        /// It has stopped: see [`FolderStatus::error`].
        Error = "error",
        /// The daemon does not know.
        Unknown = "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_sync_is_more_than_idle() {
        let status = |json: &str| serde_json::from_str::<FolderStatus>(json).unwrap();
        assert!(status(r#"{"state":"idle","error":null}"#).is_in_sync());
        assert!(status(r#"{"state":"idle","error":""}"#).is_in_sync());
        assert!(!status(r#"{"state":""}"#).is_in_sync());
        assert!(!status(r#"{"state":"idle","errors":1}"#).is_in_sync());
        assert!(!status(r#"{"state":"idle","needTotalItems":1}"#).is_in_sync());
        assert!(!status(r#"{"state":"idle","error":"folder marker missing"}"#).is_in_sync());
    }
}
