//! Data of events about folders.

use crate::model::db::{Completion, FolderState, FolderStatus, RemoteState};
use crate::model::{DeviceId, FileError, FolderId};
use crate::wire::model;

model! {
    /// Data of `FolderRejected`.
    pub struct FolderRejected {
        /// Who offered it.
        pub device: DeviceId => "device",
        /// The folder.
        pub folder: FolderId => "folder",
        /// What the device calls it.
        pub label: String => "folderLabel",
    }
}

model! {
    /// Data of `PendingFoldersChanged`.
    pub struct PendingFoldersChanged {
        /// Folders that were offered.
        pub added: Vec<PendingFolderAdded> => "added",
        /// Offers that have been dealt with.
        pub removed: Vec<PendingFolderRemoved> => "removed",
    }
}

model! {
    /// A folder that was offered.
    pub struct PendingFolderAdded {
        /// The folder.
        pub folder_id: FolderId => "folderID",
        /// What the device calls it.
        pub label: String => "folderLabel",
        /// Who offered it.
        pub device_id: DeviceId => "deviceID",
        /// Whether this device is to hold encrypted data only.
        pub receive_encrypted: bool => "receiveEncrypted",
        /// Whether the device holds encrypted data only.
        pub remote_encrypted: bool => "remoteEncrypted",
    }
}

model! {
    /// An offer that has been dealt with.
    pub struct PendingFolderRemoved {
        /// The folder.
        pub folder_id: FolderId => "folderID",
        /// Who offered it; `None` for everyone.
        pub device_id: Option<DeviceId> => "deviceID",
    }
}

model! {
    /// Data of `FolderPaused`.
    pub struct FolderPaused {
        /// The folder.
        pub id: FolderId => "id",
        /// What people see.
        pub label: String => "label",
    }
}

model! {
    /// Data of `FolderResumed`.
    pub struct FolderResumed {
        /// The folder.
        pub id: FolderId => "id",
        /// What people see.
        pub label: String => "label",
    }
}

model! {
    /// Data of `StateChanged`.
    pub struct StateChanged {
        /// The folder.
        pub folder: FolderId => "folder",
        /// What it did.
        pub from: FolderState => "from",
        /// What it does now.
        pub to: FolderState => "to",
        /// For how many seconds it did that.
        pub duration: Option<f64> => "duration",
        /// Why it has stopped.
        pub error: Option<String> => "error",
    }
}

model! {
    /// Data of `FolderSummary`.
    pub struct FolderSummary {
        /// The folder.
        pub folder: FolderId => "folder",
        /// How it is.
        pub summary: FolderStatus => "summary",
    }
}

model! {
    /// Data of `FolderCompletion`.
    pub struct FolderCompletion {
        /// The folder.
        pub folder: FolderId => "folder",
        /// The device.
        pub device: DeviceId => "device",
        /// Per cent of the bytes: see [`Completion::completion`].
        pub completion: f64 => "completion",
        /// Bytes of the folder, all devices considered.
        pub global_bytes: i64 => "globalBytes",
        /// Bytes that the device needs.
        pub need_bytes: i64 => "needBytes",
        /// Items of the folder, all devices considered.
        pub global_items: i64 => "globalItems",
        /// Items that the device needs.
        pub need_items: i64 => "needItems",
        /// Deletions that the device needs.
        pub need_deletes: i64 => "needDeletes",
        /// The device's sequence.
        pub sequence: i64 => "sequence",
        /// Whether the device takes part. Since 1.20.
        pub remote_state: Option<RemoteState> => "remoteState",
    }
}

impl FolderCompletion {
    /// The same as an answer to `GET /rest/db/completion`.
    pub fn to_completion(&self) -> Completion {
        Completion {
            completion: self.completion,
            global_bytes: self.global_bytes,
            need_bytes: self.need_bytes,
            global_items: self.global_items,
            need_items: self.need_items,
            need_deletes: self.need_deletes,
            sequence: self.sequence,
            remote_state: self.remote_state.clone(),
            extra: self.extra.clone(),
        }
    }
}

model! {
    /// Data of `FolderErrors`.
    pub struct FolderErrorsChanged {
        /// The folder.
        pub folder: FolderId => "folder",
        /// What could not be pulled.
        pub errors: Vec<FileError> => "errors",
    }
}

model! {
    /// Data of `FolderScanProgress`.
    pub struct FolderScanProgress {
        /// The folder.
        pub folder: FolderId => "folder",
        /// Bytes hashed.
        pub current: i64 => "current",
        /// Bytes to hash.
        pub total: i64 => "total",
        /// Bytes per second.
        pub rate: f64 => "rate",
    }
}

model! {
    /// Data of `FolderWatchStateChanged`.
    pub struct FolderWatchStateChanged {
        /// The folder.
        pub folder: FolderId => "folder",
        /// Why watching failed before.
        pub from: Option<String> => "from",
        /// Why it fails now; `None` if it works.
        pub to: Option<String> => "to",
    }
}
