//! What is known at one moment of folders and of the devices that share them.

use std::collections::BTreeMap;

use crate::model::db::{Completion, FolderStatus};
use crate::model::{DeviceId, FolderId};

/// How the folders that are waited for are, here and on other devices.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// The folders.
    pub folders: BTreeMap<FolderId, FolderSnapshot>,
}

/// How one folder is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FolderSnapshot {
    /// Whether it is paused here.
    pub paused: bool,
    /// How it is here.
    pub status: FolderStatus,
    /// How it is on the devices that are waited for.
    pub devices: BTreeMap<DeviceId, DeviceSnapshot>,
}

/// How a folder is on another device, as far as that device has told.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DeviceSnapshot {
    /// Whether the folder is shared with it.
    pub shared: bool,
    /// Whether it is connected.
    pub connected: bool,
    /// Whether it is paused here.
    pub paused: bool,
    /// What it needs; `None` while the folder does not run here.
    pub completion: Option<Completion>,
}

impl Snapshot {
    /// Bytes to be had, here and by each device that is waited for.
    pub fn bytes_total(&self) -> u64 {
        self.sum(|of| of.global_bytes, |of| of.global_bytes)
    }

    /// Those of them that are there.
    pub fn bytes_done(&self) -> u64 {
        let missing = self.sum(|of| of.need_bytes, |of| of.need_bytes);
        self.bytes_total().saturating_sub(missing)
    }

    /// Items to be fetched, made or deleted, here and by each device.
    pub fn items_left(&self) -> u64 {
        self.sum(
            |of| of.need_total_items,
            |of| of.need_items + of.need_deletes,
        )
    }

    fn sum(&self, here: fn(&FolderStatus) -> i64, there: fn(&Completion) -> i64) -> u64 {
        let mut sum = 0_u64;
        for folder in self.folders.values() {
            let devices = folder
                .devices
                .values()
                .filter_map(|device| device.completion.as_ref());
            let parts = devices.map(there).chain([here(&folder.status)]);
            sum = parts
                .map(|part| u64::try_from(part).unwrap_or(0))
                .fold(sum, u64::saturating_add);
        }
        sum
    }

    /// Whether no index has changed since `before`, neither here nor there.
    ///
    /// What a device needs is counted from the indexes that have arrived so far,
    /// and they arrive with a delay.
    pub(super) fn same_indexes(&self, before: &Self) -> bool {
        self.folders.len() == before.folders.len()
            && self.folders.iter().all(|(id, now)| {
                before
                    .folders
                    .get(id)
                    .is_some_and(|then| now.same_indexes(then))
            })
    }
}

impl FolderSnapshot {
    fn same_indexes(&self, before: &Self) -> bool {
        self.status.sequence == before.status.sequence
            && self.devices.iter().all(|(id, now)| {
                let told = |of: &Self| of.status.remote_sequence.as_ref()?.get(id).copied();
                let sequence = |of: &DeviceSnapshot| of.completion.as_ref().map(|of| of.sequence);
                told(self) == told(before)
                    && before
                        .devices
                        .get(id)
                        .is_some_and(|then| sequence(now) == sequence(then))
            })
    }
}
