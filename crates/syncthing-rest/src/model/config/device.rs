//! Devices, and what they offered in vain.

use crate::model::{DeviceId, FolderId, Time};
use crate::wire::{model, text_enum};

/// How the daemon writes Go's zero time.
const NEVER: &str = "0001-01-01T00:00:00Z";

model! {
    /// A device: `/rest/config/devices/{id}`.
    pub struct Device {
        /// The device; [`DeviceId::EMPTY`] in the template for new devices.
        pub device_id: DeviceId => "deviceID",
        /// What people see; empty until the device has told its own name.
        pub name: String => "name",
        /// Where it is: `tcp://host:22000`, `quic://…`, `relay://…`, or
        /// `dynamic` to look it up.
        pub addresses: Vec<String> => "addresses",
        /// What is compressed on the way there.
        pub compression: Compression => "compression",
        /// The name that its certificate must have; empty for `syncthing`.
        pub cert_name: String => "certName",
        /// Whether devices that it knows are added here.
        pub introducer: bool => "introducer",
        /// Whether devices stay here that an introducer has removed.
        pub skip_introduction_removals: bool => "skipIntroductionRemovals",
        /// The device that told of it, if one did.
        pub introduced_by: Option<DeviceId> => "introducedBy" or "",
        /// Whether no connection is made or taken.
        pub paused: bool => "paused",
        /// Networks, as `192.168.0.0/16` or `!10.1.0.0/24`, that connections may use;
        /// all if empty.
        pub allowed_networks: Vec<String> => "allowedNetworks",
        /// Whether folders that it offers are taken without asking.
        pub auto_accept_folders: bool => "autoAcceptFolders",
        /// KiB per second to it; 0 for no limit.
        pub max_send_kbps: i64 => "maxSendKbps",
        /// KiB per second from it; 0 for no limit.
        pub max_recv_kbps: i64 => "maxRecvKbps",
        /// Folders whose offers are not to be mentioned.
        pub ignored_folders: Vec<ObservedFolder> => "ignoredFolders",
        /// KiB of its requests in work at a time; 0 for the default, -1 for no
        /// limit.
        pub max_request_kib: i64 => "maxRequestKiB",
        /// Whether it may get encrypted data only.
        pub untrusted: bool => "untrusted",
        /// The port of its web interface; 0 if unknown.
        pub remote_gui_port: i64 => "remoteGUIPort",
        /// Connections at a time; 0 for the daemon's choice. Since 1.25.0.
        pub num_connections: Option<i64> => "numConnections",
        /// The heading under which the web interface lists it. Since 2.1.0.
        pub group: Option<String> => "group",
    }
}

impl Device {
    /// A device with the daemon's built-in defaults, to be looked up.
    pub fn new(id: DeviceId, name: impl Into<String>) -> Self {
        Self {
            device_id: id,
            name: name.into(),
            addresses: vec![String::from("dynamic")],
            ..Self::default()
        }
    }
}

model! {
    /// A folder that a device offered and that is to be ignored.
    pub struct ObservedFolder {
        /// When it was offered.
        pub time: Option<Time> => "time" or NEVER,
        /// The folder.
        pub id: FolderId => "id",
        /// What the offering device calls it.
        pub label: String => "label",
    }
}

model! {
    /// A device that tried to connect and that is to be ignored.
    pub struct ObservedDevice {
        /// When it tried.
        pub time: Option<Time> => "time" or NEVER,
        /// The device.
        pub device_id: DeviceId => "deviceID",
        /// What it calls itself.
        pub name: String => "name",
        /// From where it tried.
        pub address: String => "address",
    }
}

text_enum! {
    /// What is compressed on the way to a device.
    #[derive(Default)]
    pub enum Compression {
        /// Everything but file data.
        #[default]
        Metadata = "metadata" | "true",
        /// Nothing.
        Never = "never" | "false",
        /// Everything.
        Always = "always",
    }
}
