//! What new items start from.

use super::{Device, Folder};
use crate::wire::model;

model! {
    /// What new folders and devices start from: `/rest/config/defaults`.
    pub struct Defaults {
        /// The template for folders.
        pub folder: Folder => "folder",
        /// The template for devices.
        pub device: Device => "device",
        /// The first ignore patterns of a new folder.
        pub ignores: DefaultIgnores => "ignores",
    }
}

model! {
    /// The first ignore patterns of a new folder: `/rest/config/defaults/ignores`.
    pub struct DefaultIgnores {
        /// The patterns, a line each.
        pub lines: Vec<String> => "lines",
    }
}
