//! Data of events about files.

use std::collections::BTreeMap;

use crate::model::{DeviceId, FolderId, ShortId};
use crate::wire::{model, text_enum};

model! {
    /// Data of `ItemStarted`.
    pub struct ItemStarted {
        /// The folder.
        pub folder: FolderId => "folder",
        /// The path in the folder.
        pub item: String => "item",
        /// What it is.
        pub item_type: ItemType => "type",
        /// What is done.
        pub action: ItemAction => "action",
    }
}

model! {
    /// Data of `ItemFinished`.
    pub struct ItemFinished {
        /// The folder.
        pub folder: FolderId => "folder",
        /// The path in the folder.
        pub item: String => "item",
        /// What it is.
        pub item_type: ItemType => "type",
        /// What was done.
        pub action: ItemAction => "action",
        /// Why it could not be done.
        pub error: Option<String> => "error",
    }
}

model! {
    /// Data of `LocalIndexUpdated`.
    pub struct LocalIndexUpdated {
        /// The folder.
        pub folder: FolderId => "folder",
        /// How many items changed.
        pub items: i64 => "items",
        /// The paths of up to 1000 of them.
        pub filenames: Vec<String> => "filenames",
        /// The folder's sequence now.
        pub sequence: i64 => "sequence",
        /// The same.
        pub version: i64 => "version",
    }
}

model! {
    /// Data of `RemoteIndexUpdated`.
    pub struct RemoteIndexUpdated {
        /// The device.
        pub device: DeviceId => "device",
        /// The folder.
        pub folder: FolderId => "folder",
        /// How many items changed.
        pub items: i64 => "items",
        /// The device's sequence now.
        pub sequence: i64 => "sequence",
        /// The same.
        pub version: i64 => "version",
    }
}

model! {
    /// Data of `LocalChangeDetected` and `RemoteChangeDetected`.
    pub struct ChangeDetected {
        /// The folder.
        pub folder: FolderId => "folder",
        /// The same.
        pub folder_id: FolderId => "folderID",
        /// What people see of the folder.
        pub label: String => "label",
        /// What was done.
        pub action: ChangeAction => "action",
        /// What it is.
        pub item_type: ItemType => "type",
        /// The path in the folder.
        pub path: String => "path",
        /// Who did it.
        pub modified_by: Option<ShortId> => "modifiedBy",
    }
}

/// Data of `DownloadProgress`: files being pulled, by folder and path.
pub type DownloadProgress = BTreeMap<FolderId, BTreeMap<String, FileProgress>>;

model! {
    /// How far a file is that is being pulled. All but bytes are blocks.
    pub struct FileProgress {
        /// All.
        pub total: i64 => "total",
        /// Found in an unfinished file of before.
        pub reused: i64 => "reused",
        /// Copied from the file that it replaces.
        pub copied_from_origin: i64 => "copiedFromOrigin",
        /// The same, from another place in it.
        pub copied_from_origin_shifted: i64 => "copiedFromOriginShifted",
        /// Copied from other files.
        pub copied_from_elsewhere: i64 => "copiedFromElsewhere",
        /// Pulled from other devices.
        pub pulled: i64 => "pulled",
        /// Being pulled.
        pub pulling: i64 => "pulling",
        /// Bytes that are there.
        pub bytes_done: i64 => "bytesDone",
        /// Bytes of the file.
        pub bytes_total: i64 => "bytesTotal",
    }
}

model! {
    /// Data of `RemoteDownloadProgress`.
    pub struct RemoteDownloadProgress {
        /// The device.
        pub device: DeviceId => "device",
        /// The folder.
        pub folder: FolderId => "folder",
        /// How many blocks it has, by path.
        pub state: BTreeMap<String, i64> => "state",
    }
}

text_enum! {
    /// What an item is.
    #[derive(Default)]
    pub enum ItemType {
        /// A file.
        #[default]
        File = "file",
        /// A directory.
        Directory = "dir",
        /// A symbolic link.
        Symlink = "symlink",
    }
}

text_enum! {
    /// What is done to an item.
    #[derive(Default)]
    pub enum ItemAction {
        /// Content and all.
        #[default]
        Update = "update",
        /// It is deleted.
        Delete = "delete",
        /// Permissions and the like.
        Metadata = "metadata",
    }
}

text_enum! {
    /// What was done to an item.
    #[derive(Default)]
    pub enum ChangeAction {
        /// It was made or changed.
        #[default]
        Modified = "modified",
        /// It was deleted.
        Deleted = "deleted",
    }
}
