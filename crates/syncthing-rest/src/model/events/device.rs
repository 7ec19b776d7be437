//! Data of events about devices.

use crate::model::DeviceId;
use crate::model::system::ConnectionType;
use crate::wire::model;

model! {
    /// Data of `DeviceDiscovered`.
    pub struct DeviceDiscovered {
        /// The device.
        pub device: DeviceId => "device",
        /// Where it is.
        pub addresses: Vec<String> => "addrs",
    }
}

model! {
    /// Data of `DeviceConnected`.
    pub struct DeviceConnected {
        /// The device.
        pub id: DeviceId => "id",
        /// What it calls itself.
        pub device_name: String => "deviceName",
        /// Its program: `syncthing`.
        pub client_name: String => "clientName",
        /// The version of that.
        pub client_version: String => "clientVersion",
        /// How it is connected.
        pub connection_type: ConnectionType => "type",
        /// From where, if known.
        pub address: Option<String> => "addr",
    }
}

model! {
    /// Data of `DeviceDisconnected`.
    pub struct DeviceDisconnected {
        /// The device.
        pub id: DeviceId => "id",
        /// Why.
        pub error: String => "error",
    }
}

model! {
    /// Data of `DevicePaused`.
    pub struct DevicePaused {
        /// The device.
        pub device: DeviceId => "device",
    }
}

model! {
    /// Data of `DeviceResumed`.
    pub struct DeviceResumed {
        /// The device.
        pub device: DeviceId => "device",
    }
}

model! {
    /// Data of `DeviceRejected`.
    pub struct DeviceRejected {
        /// The device.
        pub device: DeviceId => "device",
        /// What it calls itself.
        pub name: String => "name",
        /// From where it tried.
        pub address: String => "address",
    }
}

model! {
    /// Data of `PendingDevicesChanged`.
    pub struct PendingDevicesChanged {
        /// Devices that tried to connect.
        pub added: Vec<PendingDeviceAdded> => "added",
        /// Devices that have been dealt with.
        pub removed: Vec<PendingDeviceRemoved> => "removed",
    }
}

model! {
    /// A device that tried to connect.
    pub struct PendingDeviceAdded {
        /// The device.
        pub device_id: DeviceId => "deviceID",
        /// What it calls itself.
        pub name: String => "name",
        /// From where it tried.
        pub address: String => "address",
    }
}

model! {
    /// A device that has been dealt with.
    pub struct PendingDeviceRemoved {
        /// The device.
        pub device_id: DeviceId => "deviceID",
    }
}

model! {
    /// Data of `ClusterConfigReceived`.
    pub struct ClusterConfigReceived {
        /// The device.
        pub device: DeviceId => "device",
    }
}
