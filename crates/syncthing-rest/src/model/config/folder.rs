//! Folders.

use std::collections::BTreeMap;

use sync_core::Secret;

use crate::model::{DeviceId, FolderId};
use crate::wire::{model, text_enum};

model! {
    /// A folder: `/rest/config/folders/{id}`.
    ///
    /// To add one, start from the daemon's own template,
    /// `GET /rest/config/defaults/folder`, and set at least ID and path. Daemons
    /// up to 1.29.5 share the user's home directory if there is no path.
    pub struct Folder {
        /// The same on all devices that share the folder.
        pub id: FolderId => "id",
        /// What people see.
        pub label: String => "label",
        /// Where the files are.
        pub filesystem_type: FilesystemType => "filesystemType",
        /// The directory on this device.
        pub path: String => "path",
        /// Which way changes travel.
        pub folder_type: FolderType => "type",
        /// With whom it is shared. The daemon adds its own device.
        pub devices: Vec<FolderDevice> => "devices",
        /// Seconds between full scans; 0 for never. Default 3600.
        pub rescan_interval_s: i64 = 3600 => "rescanIntervalS",
        /// Whether the file system is watched for changes. Default true.
        pub fs_watcher_enabled: bool = true => "fsWatcherEnabled",
        /// Seconds that a change must rest before it is scanned. Default 10.
        /// Whole seconds only before 1.23.3.
        pub fs_watcher_delay_s: f64 = 10.0 => "fsWatcherDelayS",
        /// Seconds after which a file that keeps changing is scanned anyway;
        /// 0 for the daemon's choice. Since 1.27.8.
        pub fs_watcher_timeout_s: Option<f64> => "fsWatcherTimeoutS",
        /// Whether permission bits are neither sent nor applied.
        pub ignore_perms: bool => "ignorePerms",
        /// Whether file names are put into the system's Unicode form. Default true.
        pub auto_normalize: bool = true => "autoNormalize",
        /// Free space below which nothing is pulled. Default 1 %.
        pub min_disk_free: Size = Size::percent(1.0) => "minDiskFree",
        /// What happens to files that a remote change replaces or deletes.
        pub versioning: Versioning => "versioning",
        /// Copy routines; 0 for the daemon's choice.
        pub copiers: i64 => "copiers",
        /// KiB in flight while pulling; 0 for the default, -1 for no limit.
        pub puller_max_pending_kib: i64 => "pullerMaxPendingKiB",
        /// Hash routines; 0 for the daemon's choice.
        pub hashers: i64 => "hashers",
        /// Which files are pulled first.
        pub order: PullOrder => "order",
        /// Whether remote deletions are not applied. Not for normal use.
        pub ignore_delete: bool => "ignoreDelete",
        /// Seconds between scan progress events; 0 for 2, -1 for none.
        pub scan_progress_interval_s: i64 => "scanProgressIntervalS",
        /// Seconds to rest after a failed pull; 0 for 60.
        pub puller_pause_s: i64 => "pullerPauseS",
        /// Seconds to collect changes before pulling. Default 1. Since 2.0.0.
        pub puller_delay_s: Option<f64> => "pullerDelayS",
        /// Conflict copies kept for a file; -1 for all, 0 for none. Default 10.
        pub max_conflicts: i64 = 10 => "maxConflicts",
        /// Whether runs of zeroes are written out.
        pub disable_sparse_files: bool => "disableSparseFiles",
        /// Whether parts of unfinished files are not offered. Until 1.30.
        pub disable_temp_indexes: Option<bool> => "disableTempIndexes",
        /// Whether the folder is stopped.
        pub paused: bool => "paused",
        /// Per cent of a file that must differ for weak hashes to be used.
        /// Until 1.30.
        pub weak_hash_threshold_pct: Option<i64> => "weakHashThresholdPct",
        /// The file whose absence means that the disk is not there; empty for
        /// `.stfolder`.
        pub marker_name: String => "markerName",
        /// Whether new files get the owner of their directory.
        pub copy_ownership_from_parent: bool => "copyOwnershipFromParent",
        /// Seconds by which modification times may differ unnoticed.
        pub mod_time_window_s: i64 => "modTimeWindowS",
        /// Writes at a time; 0 for the daemon's choice (2, since 2.0.0 16).
        pub max_concurrent_writes: i64 => "maxConcurrentWrites",
        /// Whether files are renamed into place before they are on the disk.
        pub disable_fsync: bool => "disableFsync",
        /// Which blocks of a file are pulled first.
        pub block_pull_order: BlockPullOrder => "blockPullOrder",
        /// How data is copied between local files.
        pub copy_range_method: CopyRangeMethod => "copyRangeMethod",
        /// Whether names that differ in case only are taken as different.
        pub case_sensitive_fs: bool => "caseSensitiveFS",
        /// Whether Windows' directory junctions are followed.
        pub junctions_as_dirs: bool => "junctionsAsDirs",
        /// Whether file owners are sent and applied. Since 1.21.0.
        pub sync_ownership: Option<bool> => "syncOwnership",
        /// Whether file owners are read. Only in 1.21.0; then `sendOwnership`.
        pub scan_ownership: Option<bool> => "scanOwnership",
        /// Whether file owners are sent. Since 1.22.0.
        pub send_ownership: Option<bool> => "sendOwnership",
        /// Whether extended attributes are sent and applied. Since 1.22.0.
        pub sync_xattrs: Option<bool> => "syncXattrs",
        /// Whether extended attributes are sent. Since 1.22.0.
        pub send_xattrs: Option<bool> => "sendXattrs",
        /// Which extended attributes are meant. Since 1.22.0.
        pub xattr_filter: Option<XattrFilter> => "xattrFilter",
        /// The heading under which the web interface lists it. Since 2.1.0.
        pub group: Option<String> => "group",
        /// Whether blocks are looked up in other files. Since 2.1.0.
        pub block_indexing: Option<bool> => "blockIndexing",
    }
}

impl Folder {
    /// A folder with the daemon's built-in defaults, not with those that its
    /// user has set: see [`Folder`].
    pub fn new(id: impl Into<FolderId>, path: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            path: path.into(),
            ..Self::default()
        }
    }

    /// Whether it is shared with this device.
    pub fn is_shared_with(&self, device: &DeviceId) -> bool {
        self.devices
            .iter()
            .any(|shared| shared.device_id == *device)
    }
}

model! {
    /// A device that a folder is shared with.
    pub struct FolderDevice {
        /// The device.
        pub device_id: DeviceId => "deviceID",
        /// The device that told of it, if one did.
        pub introduced_by: Option<DeviceId> => "introducedBy" or "",
        /// If not empty, the device gets this folder's data encrypted with it.
        pub encryption_password: Secret<String> => "encryptionPassword",
    }
}

impl FolderDevice {
    /// Shared with this device, not encrypted.
    pub fn new(device: DeviceId) -> Self {
        Self {
            device_id: device,
            ..Self::default()
        }
    }
}

impl From<DeviceId> for FolderDevice {
    fn from(device: DeviceId) -> Self {
        Self::new(device)
    }
}

model! {
    /// An amount of disk space.
    pub struct Size {
        /// How many of the unit.
        pub value: f64 => "value",
        /// `%` of the disk, or `kB`, `MB`, `GB`, `TB`; bytes if empty.
        pub unit: String => "unit",
    }
}

impl Size {
    /// A part of the disk, in per cent.
    pub fn percent(value: f64) -> Self {
        Self {
            value,
            unit: String::from("%"),
            ..Self::default()
        }
    }
}

model! {
    /// What happens to files that a remote change replaces or deletes.
    pub struct Versioning {
        /// Which rules apply.
        pub versioning_type: VersioningType => "type",
        /// The rules' parameters: see [`VersioningType`]. A `PATCH` can add
        /// and change them, not remove them.
        pub params: BTreeMap<String, String> => "params",
        /// Seconds between clean-ups; 0 for never. Default 3600.
        pub cleanup_interval_s: i64 = 3600 => "cleanupIntervalS",
        /// Where versions go; empty for `.stversions` in the folder.
        pub fs_path: String => "fsPath",
        /// The kind of file system there.
        pub fs_type: FilesystemType => "fsType",
    }
}

impl Versioning {
    fn with(versioning_type: VersioningType, key: &str, value: impl ToString) -> Self {
        Self {
            versioning_type,
            params: BTreeMap::from([(key.to_owned(), value.to_string())]),
            ..Self::default()
        }
    }

    /// Deleted and replaced files are kept for so many days; 0 for ever.
    pub fn trashcan(cleanout_days: u32) -> Self {
        Self::with(VersioningType::Trashcan, "cleanoutDays", cleanout_days)
    }

    /// So many old versions of each file are kept.
    pub fn simple(keep: u32) -> Self {
        Self::with(VersioningType::Simple, "keep", keep)
    }

    /// Old versions are kept ever less densely up to this age in seconds;
    /// 0 for ever.
    pub fn staggered(max_age_s: u32) -> Self {
        Self::with(VersioningType::Staggered, "maxAge", max_age_s)
    }

    /// This command takes the old version away.
    pub fn external(command: &str) -> Self {
        Self::with(VersioningType::External, "command", command)
    }
}

model! {
    /// Which extended attributes are sent.
    pub struct XattrFilter {
        /// Rules; the first whose pattern matches decides.
        pub entries: Vec<XattrFilterEntry> => "entries",
        /// Bytes of name and value above which an attribute is left out; 0 for
        /// no limit. Default 1024.
        pub max_single_entry_size: i64 = 1024 => "maxSingleEntrySize",
        /// Bytes of all attributes above which none is sent; 0 for no limit.
        /// Default 4096.
        pub max_total_size: i64 = 4096 => "maxTotalSize",
    }
}

model! {
    /// A rule of an [`XattrFilter`].
    pub struct XattrFilterEntry {
        /// A pattern for the attribute's name.
        pub pattern: String => "match",
        /// Whether such attributes are sent.
        pub permit: bool => "permit",
    }
}

text_enum! {
    /// Which way a folder's changes travel.
    #[derive(Default)]
    pub enum FolderType {
        /// Both ways.
        #[default]
        SendReceive = "sendreceive" | "readwrite",
        /// Local changes are sent, remote ones are not applied.
        SendOnly = "sendonly" | "readonly",
        /// Remote changes are applied, local ones are not sent.
        ReceiveOnly = "receiveonly",
        /// Only encrypted data is stored.
        ReceiveEncrypted = "receiveencrypted",
    }
}

text_enum! {
    /// A kind of file system.
    #[derive(Default)]
    pub enum FilesystemType {
        /// Real files.
        #[default]
        Basic = "basic",
        /// Files in memory, for the daemon's own tests.
        Fake = "fake",
    }
}

text_enum! {
    /// Which files are pulled first.
    #[derive(Default)]
    pub enum PullOrder {
        /// No order.
        #[default]
        Random = "random",
        /// By name.
        Alphabetic = "alphabetic",
        /// By size, upwards.
        SmallestFirst = "smallestFirst",
        /// By size, downwards.
        LargestFirst = "largestFirst",
        /// By modification time, upwards.
        OldestFirst = "oldestFirst",
        /// By modification time, downwards.
        NewestFirst = "newestFirst",
    }
}

text_enum! {
    /// Which blocks of a file are pulled first.
    #[derive(Default)]
    pub enum BlockPullOrder {
        /// Each device starts with its own part, so that devices can exchange.
        #[default]
        Standard = "standard",
        /// No order.
        Random = "random",
        /// From the start.
        InOrder = "inOrder",
    }
}

text_enum! {
    /// How data is copied between local files.
    #[derive(Default)]
    pub enum CopyRangeMethod {
        /// Read and write.
        #[default]
        Standard = "standard",
        /// Linux's `FICLONE`.
        Ioctl = "ioctl",
        /// Linux's and FreeBSD's `copy_file_range`.
        CopyFileRange = "copy_file_range",
        /// `sendfile`.
        Sendfile = "sendfile",
        /// Windows' block cloning.
        DuplicateExtents = "duplicate_extents",
        /// One after the other.
        All = "all",
    }
}

text_enum! {
    /// Which rules old versions are kept by, and the parameters that they take.
    #[derive(Default)]
    pub enum VersioningType {
        /// None are kept.
        #[default]
        None = "",
        /// `cleanoutDays`.
        Trashcan = "trashcan",
        /// `keep`, `cleanoutDays`.
        Simple = "simple",
        /// `maxAge` in seconds; `cleanInterval` in old daemons.
        Staggered = "staggered",
        /// `command`.
        External = "external",
    }
}
