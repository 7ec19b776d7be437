//! Waiting for what the daemon does in its own time.
//!
//! The daemon's answer of 200 says that it has heard, not that it is done; and
//! 100 per cent say nothing about a device that is away. [`decide`] says what a
//! [`Snapshot`] of folders and devices means, and the waits take snapshots,
//! woken by events, until it means what is waited for.

mod decide;
mod error;
mod look;
mod progress;
mod snapshot;
mod sync;
mod up;

pub use self::decide::{Missing, Obstacle, State, decide};
pub use self::error::{WaitError, WaitReason};
use self::look::{Devices, Scope};
pub use self::progress::{Progress, ProgressStream, ProgressThere};
pub use self::snapshot::{DeviceSnapshot, FolderSnapshot, Snapshot};
use self::sync::First;
pub use self::sync::SyncWait;
pub use self::up::UpWait;
use crate::Client;
use crate::api::{DeviceHandle, FolderHandle};
use crate::model::EventType;

/// The one set of events for all that is waited for: the daemon keeps a buffer
/// for every set that it was ever asked for.
const WAKING: [EventType; 13] = [
    EventType::StateChanged,
    EventType::FolderSummary,
    EventType::FolderCompletion,
    EventType::FolderErrors,
    EventType::FolderPaused,
    EventType::FolderResumed,
    EventType::RemoteIndexUpdated,
    EventType::DownloadProgress,
    EventType::ClusterConfigReceived,
    EventType::DeviceConnected,
    EventType::DeviceDisconnected,
    EventType::DevicePaused,
    EventType::DeviceResumed,
];

impl FolderHandle {
    /// Waits until this device and all devices that the folder is shared with
    /// have the same, without errors. See [`SyncWait`].
    pub fn wait_until_in_sync<'a>(&self) -> SyncWait<'a> {
        self.wait(Devices::All, First::Nothing)
    }

    /// Makes this device's files those of all devices, in a send-only folder,
    /// and waits until it is done here.
    pub fn override_and_wait<'a>(&self) -> SyncWait<'a> {
        self.wait(Devices::These([].into()), First::Override)
    }

    /// Undoes what was changed here in a receive-only folder, and waits until
    /// it is done. Added files are deleted.
    pub fn revert_and_wait<'a>(&self) -> SyncWait<'a> {
        self.wait(Devices::These([].into()), First::Revert)
    }

    /// How far the folder is, again and again: for a progress bar.
    pub fn progress(&self) -> ProgressStream {
        ProgressStream::new(self.client.clone(), self.id().clone())
    }

    fn wait<'a>(&self, devices: Devices, first: First) -> SyncWait<'a> {
        let scope = Scope::Folder(self.id().clone());
        SyncWait::new(self.client.clone(), scope, devices, first)
    }
}

impl DeviceHandle {
    /// Waits until this device and that one have the same, in all folders that
    /// are shared with it and not paused. See [`SyncWait`].
    pub fn wait_until_in_sync<'a>(&self) -> SyncWait<'a> {
        let scope = Scope::SharedWith(self.id());
        let devices = Devices::These([self.id()].into());
        SyncWait::new(self.client.clone(), scope, devices, First::Nothing)
    }
}

impl Client {
    /// Waits until the daemon answers.
    pub fn wait_until_up(&self) -> UpWait {
        UpWait::new(self.clone(), false)
    }

    /// Restarts the daemon and waits until the new process answers.
    ///
    /// A daemon that runs with `--no-restart` and without a service manager ends
    /// and does not come back.
    pub fn restart_and_wait(&self) -> UpWait {
        UpWait::new(self.clone(), true)
    }
}
