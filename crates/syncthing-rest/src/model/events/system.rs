//! Data of events about the daemon itself.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::model::DeviceId;
use crate::wire::model;

model! {
    /// Data of `Starting`.
    pub struct Starting {
        /// The directory of the configuration.
        pub home: String => "home",
        /// This device.
        pub my_id: DeviceId => "myID",
    }
}

model! {
    /// Data of `StartupComplete`.
    pub struct StartupComplete {
        /// This device.
        pub my_id: DeviceId => "myID",
    }
}

model! {
    /// Data of `ListenAddressesChanged`.
    pub struct ListenAddressesChanged {
        /// The listener.
        pub address: ListenUrl => "address",
        /// Its addresses on the local network.
        pub lan: Vec<ListenUrl> => "lan",
        /// Its addresses elsewhere.
        pub wan: Vec<ListenUrl> => "wan",
    }
}

model! {
    /// An address as Go holds a URL. It is printed as `tcp://host:port`.
    pub struct ListenUrl {
        /// `tcp`, `quic` or `relay`.
        pub scheme: String => "Scheme",
        /// What follows the scheme if not `//`.
        pub opaque: String => "Opaque",
        /// Always `null` or `{}`.
        pub user: Option<Value> => "User",
        /// Host and port.
        pub host: String => "Host",
        /// The path.
        pub path: String => "Path",
        /// The path as it was encoded, if that matters.
        pub raw_path: String => "RawPath",
        /// Whether there is no `//` for an empty host.
        pub omit_host: bool => "OmitHost",
        /// Whether there is a `?` for an empty query.
        pub force_query: bool => "ForceQuery",
        /// The query; of a relay its device ID.
        pub raw_query: String => "RawQuery",
        /// The fragment.
        pub fragment: String => "Fragment",
        /// The fragment as it was encoded, if that matters.
        pub raw_fragment: String => "RawFragment",
    }
}

impl fmt::Display for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

model! {
    /// Data of `LoginAttempt`.
    pub struct LoginAttempt {
        /// Whether it succeeded.
        pub success: bool => "success",
        /// The name given.
        pub username: String => "username",
        /// From where: `host:port` in 1.x, the host only in 2.x.
        pub remote_address: String => "remoteAddress",
        /// The proxy in between.
        pub proxy: Option<String> => "proxy",
    }
}

model! {
    /// Data of `Failure`. Some daemons send the description only.
    pub struct Failure {
        /// What is wrong.
        pub description: String => "Description",
        /// What the daemon was doing.
        pub goroutines: String => "Goroutines",
        /// More about it.
        pub details: BTreeMap<String, String> => "Extra",
    }
    or text as description
}

model! {
    /// Data of `UpgradeRestartScheduled`.
    pub struct UpgradeRestartScheduled {
        /// In how many seconds.
        pub delay_s: i64 => "delayS",
        /// The version that will run.
        pub new_version: String => "newVersion",
    }
}
