//! The daemon itself.

mod connections;
mod log;
mod status;

use std::collections::BTreeMap;

pub use connections::{Connection, ConnectionTotals, ConnectionType, Connections, PathStats};
pub use log::{DebugFacilities, LogLevel, LogLevels, LogMessage, LogMessages, SystemErrors};
pub use status::{DialStatus, DiscoveryStatus, ListenerStatus, SystemStatus};

use super::{DeviceId, Time, Version};
use crate::wire::model;

model! {
    /// What runs: `GET /rest/system/version`.
    pub struct SystemVersion {
        /// The version, with what a distribution appends: `v1.19.2-ds1`.
        pub version: String => "version",
        /// The release's name.
        pub codename: String => "codename",
        /// Version, name, compiler, builder and tags in one line.
        pub long_version: String => "longVersion",
        /// Go's name of the system: `linux`.
        pub os: String => "os",
        /// Go's name of the processor: `amd64`.
        pub arch: String => "arch",
        /// Whether it is no plain release; true for distributions' versions.
        pub is_beta: bool => "isBeta",
        /// Whether it is a release candidate.
        pub is_candidate: bool => "isCandidate",
        /// Whether it is a release.
        pub is_release: bool => "isRelease",
        /// When it was built.
        pub date: Option<Time> => "date",
        /// Tags of the build: `noupgrade`.
        pub tags: Vec<String> => "tags",
        /// When it was built, in seconds since 1970, as text.
        pub stamp: String => "stamp",
        /// Who built it.
        pub user: String => "user",
        /// Whether it was built for a container. Since 1.23.
        pub container: Option<bool> => "container",
        /// What the builder added to the version. Since 1.23.7.
        pub extra_version: Option<String> => "extra",
    }
}

impl SystemVersion {
    /// The version as numbers; `None` for builds without a number.
    pub fn parsed(&self) -> Option<Version> {
        Version::parse(&self.version)
    }
}

model! {
    /// Where the daemon keeps its files: `GET /rest/system/paths`, since 1.21.
    pub struct SystemPaths {
        /// The log of security events.
        pub audit_log: Option<String> => "auditLog",
        /// The directory of the configuration.
        pub config_dir: Option<String> => "baseDir-config",
        /// The directory of the database.
        pub data_dir: Option<String> => "baseDir-data",
        /// The user's home directory.
        pub user_home: Option<String> => "baseDir-userHome",
        /// The device's certificate.
        pub cert_file: Option<String> => "certFile",
        /// The configuration.
        pub config: Option<String> => "config",
        /// Tokens against forged requests. Until 1.27.2.
        pub csrf_tokens: Option<String> => "csrfTokens",
        /// The database.
        pub database: Option<String> => "database",
        /// The first folder of a new installation.
        pub default_folder: Option<String> => "defFolder",
        /// Files that replace those of the web interface.
        pub gui_assets: Option<String> => "guiAssets",
        /// The web interface's certificate.
        pub https_cert_file: Option<String> => "httpsCertFile",
        /// The key of that.
        pub https_key_file: Option<String> => "httpsKeyFile",
        /// The key of the device's certificate.
        pub key_file: Option<String> => "keyFile",
        /// The database of 1.x. Since 2.0.
        pub legacy_database: Option<String> => "legacyDatabase",
        /// The file that keeps a second daemon from starting. Since 2.0.
        pub lock_file: Option<String> => "lockFile",
        /// The log.
        pub log_file: Option<String> => "logFile",
        /// Where a crash is written.
        pub panic_log: Option<String> => "panicLog",
    }
}

model! {
    /// Whether there is a newer release: `GET /rest/system/upgrade`.
    pub struct Upgrade {
        /// The version that runs.
        pub running: String => "running",
        /// The newest release.
        pub latest: String => "latest",
        /// Whether that is newer.
        pub newer: bool => "newer",
        /// Whether it is newer by the first number.
        pub major_newer: bool => "majorNewer",
    }
}

model! {
    /// Where discovery found a device: a value of [`Discovered`].
    pub struct DiscoveredDevice {
        /// The addresses.
        pub addresses: Vec<String> => "addresses",
    }
}

/// Where discovery found devices: `GET /rest/system/discovery`.
pub type Discovered = BTreeMap<DeviceId, DiscoveredDevice>;

model! {
    /// The answer to `/rest/system/ping`.
    pub struct Ping {
        /// `pong`.
        pub ping: String => "ping",
    }
}

model! {
    /// The answer to restart, shutdown, reset and upgrade. The work has begun
    /// then, and is not done. An upgrade without anything to do has no answer.
    pub struct Acknowledged {
        /// What has begun: `restarting`, `shutting down`, `resetting database`.
        pub ok: String => "ok",
    }
}
