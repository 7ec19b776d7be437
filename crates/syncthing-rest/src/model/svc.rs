//! Small services.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{DeviceId, Time};
use crate::wire::model;

model! {
    /// Whether a text is a device ID: `GET /rest/svc/deviceid`. Parsing it as a
    /// [`DeviceId`] gives the same without a call.
    pub struct DeviceIdCheck {
        /// The ID; `None` for none, and for the ID of no device.
        pub id: Option<DeviceId> => "id",
        /// Why it is none.
        pub error: Option<String> => "error",
    }
}

model! {
    /// A text that cannot be guessed: `GET /rest/svc/random/string`.
    pub struct RandomString {
        /// The text.
        pub random: String => "random",
    }
}

model! {
    /// What would be reported about this installation: `GET /rest/svc/report`.
    ///
    /// Numbers that are 0, texts that are empty and whatever is false are not
    /// sent, so all of these are 0, empty or false without a meaning of their own.
    pub struct UsageReport {
        /// What reports of this installation are known by.
        pub unique_id: String => "uniqueID",
        /// The version of the report.
        pub ur_version: i64 => "urVersion",
        /// The daemon's version.
        pub version: String => "version",
        /// Version, name, compiler, builder and tags.
        pub long_version: String => "longVersion",
        /// System and processor: `linux-amd64`.
        pub platform: String => "platform",
        /// Seconds since the start.
        pub uptime: i64 => "uptime",
        /// Folders.
        pub num_folders: i64 => "numFolders",
        /// Devices.
        pub num_devices: i64 => "numDevices",
        /// Files of all folders.
        pub total_files: i64 => "totFiles",
        /// Files of the largest folder.
        pub folder_max_files: i64 => "folderMaxFiles",
        /// MiB of all folders.
        pub total_mib: i64 => "totMiB",
        /// MiB of the largest folder.
        pub folder_max_mib: i64 => "folderMaxMiB",
        /// MiB of memory in use.
        pub memory_usage_mib: i64 => "memoryUsageMiB",
        /// MiB of memory of the process, as the system counts.
        pub process_rss_mib: i64 => "processRSSMiB",
        /// MiB of memory of the machine.
        pub memory_size: i64 => "memorySize",
        /// Processors.
        pub num_cpu: i64 => "numCPU",
        /// MiB per second of SHA-256.
        pub sha256_perf: f64 => "sha256Perf",
        /// MiB per second of hashing files.
        pub hash_perf: f64 => "hashPerf",
        /// How many folders use a feature.
        pub folder_uses: BTreeMap<String, i64> => "folderUses",
        /// The same for newer features: numbers, lists and maps.
        pub folder_uses_v3: BTreeMap<String, Value> => "folderUsesV3",
        /// How many devices use a feature.
        pub device_uses: BTreeMap<String, i64> => "deviceUses",
        /// The same for newer features.
        pub device_uses_v3: BTreeMap<String, i64> => "deviceUsesV3",
        /// Discovery: numbers and booleans.
        pub announce: BTreeMap<String, Value> => "announce",
        /// Relays: numbers and booleans.
        pub relays: BTreeMap<String, Value> => "relays",
        /// Seconds between scans, of each folder.
        pub rescan_intervals: Vec<i64> => "rescanIntvs",
        /// Whether a rate is limited.
        pub uses_rate_limit: bool => "usesRateLimit",
        /// Whether upgrades can be made by hand.
        pub upgrade_allowed_manual: bool => "upgradeAllowedManual",
        /// Whether upgrades are made by themselves.
        pub upgrade_allowed_auto: bool => "upgradeAllowedAuto",
        /// Whether candidates are among them.
        pub upgrade_allowed_pre: bool => "upgradeAllowedPre",
        /// The kind of router, as far as known.
        pub nat_type: String => "natType",
        /// Whether local networks are set.
        pub always_local_nets: bool => "alwaysLocalNets",
        /// Whether results of ignore patterns are kept.
        pub cache_ignored_files: bool => "cacheIgnoredFiles",
        /// Whether names of devices are replaced by their own.
        pub overwrite_remote_device_names: bool => "overwriteRemoteDeviceNames",
        /// Whether there are progress events.
        pub progress_emitter_enabled: bool => "progressEmitterEnabled",
        /// Whether new folders go to another place than by default.
        pub custom_default_folder_path: bool => "customDefaultFolderPath",
        /// Whether the type of service is set.
        pub custom_traffic_class: bool => "customTrafficClass",
        /// Whether the size of temporary indexes is set.
        pub custom_temp_index_min_blocks: bool => "customTempIndexMinBlocks",
        /// Whether unfinished files are not kept.
        pub temporaries_disabled: bool => "temporariesDisabled",
        /// Whether they are kept for another time than by default.
        pub temporaries_custom: bool => "temporariesCustom",
        /// Whether limits apply on the local network.
        pub limit_bandwidth_in_lan: bool => "limitBandwidthInLan",
        /// Whether releases are looked up elsewhere.
        pub custom_release_url: bool => "customReleaseURL",
        /// Whether the daemon restarts after sleep.
        pub restart_on_wakeup: bool => "restartOnWakeup",
        /// Whether STUN servers are set.
        pub custom_stun_servers: bool => "customStunServers",
        /// The web interface: numbers and maps.
        pub gui_stats: BTreeMap<String, Value> => "guiStats",
        /// Where blocks came from.
        pub block_stats: BTreeMap<String, i64> => "blockStats",
        /// Connections by their kind.
        pub transport_stats: BTreeMap<String, i64> => "transportStats",
        /// Ignore patterns by their kind.
        pub ignore_stats: BTreeMap<String, i64> => "ignoreStats",
        /// Set by the server that gets it, as the next.
        pub received: Option<Time> => "received",
        /// The day.
        pub date: Option<String> => "date",
        /// The address.
        pub address: Option<String> => "address",
        /// The system.
        pub os: Option<String> => "os",
        /// The processor.
        pub arch: Option<String> => "arch",
        /// The compiler.
        pub compiler: Option<String> => "compiler",
        /// The builder.
        pub builder: Option<String> => "builder",
        /// The distribution.
        pub distribution: Option<String> => "distribution",
        /// The country.
        pub country: Option<String> => "country",
        /// Its code.
        pub country_code: Option<String> => "countryCode",
        /// The first number of the version.
        pub major_version: Option<String> => "majorVersion",
    }
}
