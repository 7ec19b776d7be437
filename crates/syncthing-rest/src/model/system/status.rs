//! How the daemon is.

use std::collections::BTreeMap;

use crate::model::{DeviceId, Time};
use crate::wire::model;

model! {
    /// How the daemon is: `GET /rest/system/status`.
    pub struct SystemStatus {
        /// This device.
        pub my_id: DeviceId => "myID",
        /// When the process started, in whole seconds. Event IDs count from
        /// there, so another start time makes old ones worthless.
        pub start_time: Option<Time> => "startTime",
        /// Seconds since then.
        pub uptime: i64 => "uptime",
        /// The user's home directory.
        pub tilde: String => "tilde",
        /// `/` or `\`.
        pub path_separator: String => "pathSeparator",
        /// Where the web interface listens.
        pub gui_address_used: String => "guiAddressUsed",
        /// Whether that came from the environment or the command line, not
        /// from the configuration.
        pub gui_address_overridden: bool => "guiAddressOverridden",
        /// Bytes in use.
        pub alloc: i64 => "alloc",
        /// Bytes from the system.
        pub sys: i64 => "sys",
        /// Goroutines.
        pub goroutines: i64 => "goroutines",
        /// Always 0 today.
        pub cpu_percent: f64 => "cpuPercent",
        /// The newest version of usage reports.
        pub ur_version_max: i64 => "urVersionMax",
        /// Listeners by their URL.
        pub listeners: BTreeMap<String, ListenerStatus> => "connectionServiceStatus",
        /// The last attempt to connect, by address.
        pub last_dial_status: BTreeMap<String, DialStatus> => "lastDialStatus",
        /// Whether any discovery is on; otherwise these four are not sent.
        pub discovery_enabled: Option<bool> => "discoveryEnabled",
        /// Discovery by its name.
        pub discovery_status: Option<BTreeMap<String, DiscoveryStatus>> => "discoveryStatus",
        /// How many kinds of discovery are on.
        pub discovery_methods: Option<i64> => "discoveryMethods",
        /// Those that fail, with the reason.
        pub discovery_errors: Option<BTreeMap<String, String>> => "discoveryErrors",
    }
}

model! {
    /// How a listener is.
    pub struct ListenerStatus {
        /// Why it does not listen.
        pub error: Option<String> => "error",
        /// Its addresses on the local network.
        pub lan_addresses: Vec<String> => "lanAddresses",
        /// Its addresses elsewhere.
        pub wan_addresses: Vec<String> => "wanAddresses",
    }
}

model! {
    /// How an attempt to connect went.
    pub struct DialStatus {
        /// When it was.
        pub when: Option<Time> => "when",
        /// Why it failed.
        pub error: Option<String> => "error",
    }
}

model! {
    /// How a kind of discovery is.
    pub struct DiscoveryStatus {
        /// Why it fails.
        pub error: Option<String> => "error",
    }
}
