//! Connections to other devices.

use std::collections::BTreeMap;

use crate::model::{DeviceId, Time};
use crate::wire::{model, text_enum};

model! {
    /// All connections: `GET /rest/system/connections`.
    pub struct Connections {
        /// What all carried.
        pub total: ConnectionTotals => "total",
        /// By device, connected or not. Up to 1.24 this device is among them.
        pub connections: BTreeMap<DeviceId, Connection> => "connections",
    }
}

model! {
    /// What all connections carried since the start.
    pub struct ConnectionTotals {
        /// When this was counted.
        pub at: Option<Time> => "at",
        /// Bytes received.
        pub in_bytes_total: i64 => "inBytesTotal",
        /// Bytes sent.
        pub out_bytes_total: i64 => "outBytesTotal",
    }
}

model! {
    /// The connection to a device. Numbers are of all its paths.
    pub struct Connection {
        /// When this was counted.
        pub at: Option<Time> => "at",
        /// Bytes received.
        pub in_bytes_total: i64 => "inBytesTotal",
        /// Bytes sent.
        pub out_bytes_total: i64 => "outBytesTotal",
        /// Since when; `None` if not connected.
        pub started_at: Option<Time> => "startedAt",
        /// Whether it is connected.
        pub connected: bool => "connected",
        /// Whether it is paused here.
        pub paused: bool => "paused",
        /// The version that it runs.
        pub client_version: String => "clientVersion",
        /// Its address.
        pub address: String => "address",
        /// How it is connected.
        pub connection_type: ConnectionType => "type",
        /// Whether it is on the local network. Since 1.23.
        pub is_local: Option<bool> => "isLocal",
        /// Protocol and cipher.
        pub crypto: String => "crypto",
        /// The first path. Since 1.25.
        pub primary: Option<Box<PathStats>> => "primary",
        /// Further paths. Since 1.25, when there are any.
        pub secondary: Vec<PathStats> => "secondary",
    }
}

model! {
    /// One of the paths to a device.
    pub struct PathStats {
        /// When this was counted.
        pub at: Option<Time> => "at",
        /// Bytes received.
        pub in_bytes_total: i64 => "inBytesTotal",
        /// Bytes sent.
        pub out_bytes_total: i64 => "outBytesTotal",
        /// Since when.
        pub started_at: Option<Time> => "startedAt",
        /// The device's address.
        pub address: String => "address",
        /// How it is connected.
        pub connection_type: ConnectionType => "type",
        /// Whether it is on the local network.
        pub is_local: bool => "isLocal",
        /// Protocol and cipher.
        pub crypto: String => "crypto",
    }
}

text_enum! {
    /// How a device is connected.
    #[derive(Default)]
    pub enum ConnectionType {
        /// It is not.
        #[default]
        None = "",
        /// TCP, from here.
        TcpClient = "tcp-client",
        /// TCP, from there.
        TcpServer = "tcp-server",
        /// QUIC, from here.
        QuicClient = "quic-client",
        /// QUIC, from there.
        QuicServer = "quic-server",
        /// A relay, which this device asked for.
        RelayClient = "relay-client",
        /// A relay, which the other device asked for.
        RelayServer = "relay-server",
    }
}
