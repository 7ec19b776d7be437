//! What is remembered over restarts.

use std::collections::BTreeMap;

use super::{DeviceId, FolderId, Time};
use crate::wire::model;

model! {
    /// What is remembered of a device.
    pub struct DeviceStats {
        /// When it was last connected. The daemon sends the start of 1970 for
        /// never: see [`seen_at`](Self::seen_at).
        pub last_seen: Option<Time> => "lastSeen",
        /// How many seconds the last connection lasted.
        pub last_connection_duration_s: f64 => "lastConnectionDurationS",
    }
}

impl DeviceStats {
    /// When it was last connected; `None` for never.
    pub fn seen_at(&self) -> Option<Time> {
        self.last_seen.filter(|time| !time.is_never())
    }
}

model! {
    /// What is remembered of a folder.
    pub struct FolderStats {
        /// The last file that was pulled.
        pub last_file: LastFile => "lastFile",
        /// When it was last scanned.
        pub last_scan: Option<Time> => "lastScan",
    }
}

model! {
    /// The last file that was pulled.
    pub struct LastFile {
        /// When.
        pub at: Option<Time> => "at",
        /// The path in the folder; empty for none.
        pub filename: String => "filename",
        /// Whether it was deleted.
        pub deleted: bool => "deleted",
    }
}

/// By device, this one included: `GET /rest/stats/device`.
pub type DeviceStatistics = BTreeMap<DeviceId, DeviceStats>;

/// By folder, without paused ones: `GET /rest/stats/folder`.
pub type FolderStatistics = BTreeMap<FolderId, FolderStats>;
