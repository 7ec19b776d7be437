//! Errors and old versions of a folder.

use std::collections::BTreeMap;

use super::{FolderId, Time};
use crate::wire::model;

model! {
    /// A page of what could not be pulled: `GET /rest/folder/errors`.
    pub struct FolderErrors {
        /// The folder.
        pub folder: FolderId => "folder",
        /// What could not be pulled.
        pub errors: Vec<FileError> => "errors",
        /// Which page, from 1.
        pub page: i64 => "page",
        /// How many a page holds.
        pub per_page: i64 => "perpage",
    }
}

model! {
    /// Something that could not be pulled.
    pub struct FileError {
        /// The path in the folder.
        pub path: String => "path",
        /// Why.
        pub error: String => "error",
    }
}

model! {
    /// An old version of a file.
    pub struct FileVersion {
        /// When it was put away, in whole seconds. This names it.
        pub version_time: Option<Time> => "versionTime",
        /// When it had been changed, in whole seconds.
        pub mod_time: Option<Time> => "modTime",
        /// Bytes.
        pub size: i64 => "size",
    }
}

/// Old versions by path: `GET /rest/folder/versions`.
pub type FileVersions = BTreeMap<String, Vec<FileVersion>>;

/// What to bring back: the body of `POST /rest/folder/versions`, a version's
/// time by path.
pub type RestoreVersions = BTreeMap<String, Time>;

/// What could not be brought back, with the reason: the answer to that. The
/// status is 200 all the same.
pub type RestoreFailures = BTreeMap<String, Option<String>>;
