//! What happens in the daemon.

mod device;
mod folder;
mod item;
mod kind;
mod system;

pub use device::{
    ClusterConfigReceived, DeviceConnected, DeviceDisconnected, DeviceDiscovered, DevicePaused,
    DeviceRejected, DeviceResumed, PendingDeviceAdded, PendingDeviceRemoved, PendingDevicesChanged,
};
pub use folder::{
    FolderCompletion, FolderErrorsChanged, FolderPaused, FolderRejected, FolderResumed,
    FolderScanProgress, FolderSummary, FolderWatchStateChanged, PendingFolderAdded,
    PendingFolderRemoved, PendingFoldersChanged, StateChanged,
};
pub use item::{
    ChangeAction, ChangeDetected, DownloadProgress, FileProgress, ItemAction, ItemFinished,
    ItemStarted, ItemType, LocalIndexUpdated, RemoteDownloadProgress, RemoteIndexUpdated,
};
pub use kind::{EventKind, EventType};
pub use system::{
    Failure, ListenAddressesChanged, ListenUrl, LoginAttempt, Starting, StartupComplete,
    UpgradeRestartScheduled,
};

use serde::{Deserialize, Deserializer};
use sync_core::json::{Extra, RawJson};

use super::Time;
use crate::wire::model;

/// Something that happened: an element of `GET /rest/events`.
///
/// It can always be read: what is unknown, or has another form than expected, is
/// [`EventKind::Unknown`], so that one event never costs the others.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Its number among the events of the same set of types, from 1 since the
    /// daemon's start.
    pub id: u64,
    /// Its number among all events, from 1 since the daemon's start.
    pub global_id: u64,
    /// When it happened; `None` if the daemon did not say so in RFC 3339.
    pub time: Option<Time>,
    /// What happened.
    pub kind: EventKind,
    /// What the daemon sent beside these.
    pub extra: Extra,
}

model! {
    /// An event before its data is looked at, which its type decides.
    struct RawEvent {
        id: u64 => "id",
        global_id: u64 => "globalID",
        time: String => "time",
        type_name: String => "type",
        data: RawJson => "data",
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawEvent::deserialize(deserializer)?;
        Ok(Self {
            id: raw.id,
            global_id: raw.global_id,
            time: raw.time.parse().ok().filter(|time| *time != Time::ZERO),
            kind: EventKind::decode(raw.type_name, raw.data),
            extra: raw.extra,
        })
    }
}
