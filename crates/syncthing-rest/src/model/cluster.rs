//! Who knocks, and what is offered.

use std::collections::BTreeMap;

use super::{DeviceId, FolderId, Time};
use crate::wire::model;

model! {
    /// A device that tried to connect and is not configured.
    pub struct PendingDevice {
        /// When it last tried.
        pub time: Option<Time> => "time",
        /// What it calls itself.
        pub name: String => "name",
        /// From where it tried.
        pub address: String => "address",
    }
}

model! {
    /// A folder that devices offered and that is not shared with them.
    pub struct PendingFolder {
        /// The offers.
        pub offered_by: BTreeMap<DeviceId, FolderOffer> => "offeredBy",
    }
}

model! {
    /// A device's offer to share a folder.
    pub struct FolderOffer {
        /// When it was last made.
        pub time: Option<Time> => "time",
        /// What the device calls the folder.
        pub label: String => "label",
        /// Whether this device is to hold encrypted data only.
        pub receive_encrypted: bool => "receiveEncrypted",
        /// Whether the device holds encrypted data only.
        pub remote_encrypted: bool => "remoteEncrypted",
    }
}

/// By device: `GET /rest/cluster/pending/devices`.
pub type PendingDevices = BTreeMap<DeviceId, PendingDevice>;

/// By folder: `GET /rest/cluster/pending/folders`.
pub type PendingFolders = BTreeMap<FolderId, PendingFolder>;
