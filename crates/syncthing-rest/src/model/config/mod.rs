//! The daemon's configuration.
//!
//! What is read is written back: unknown keys stay in `extra`, unknown texts in
//! `Other`, and a key that the daemon did not send is not sent to it. Fields
//! that only some daemon versions have are an `Option`; set one only if the
//! daemon has sent it, because others drop unknown keys without a word.
//!
//! A `Default` here holds the daemon's own built-in defaults.

mod defaults;
mod device;
mod folder;
mod gui;
mod ldap;
mod options;

pub use defaults::{DefaultIgnores, Defaults};
pub use device::{Compression, Device, ObservedDevice, ObservedFolder};
pub use folder::{
    BlockPullOrder, CopyRangeMethod, FilesystemType, Folder, FolderDevice, FolderType, PullOrder,
    Size, Versioning, VersioningType, XattrFilter, XattrFilterEntry,
};
pub use gui::{AuthMode, Gui};
pub use ldap::{Ldap, LdapTransport};
pub use options::{DatabaseTuning, Options};

use super::{DeviceId, FolderId};
use crate::wire::model;

model! {
    /// The whole configuration: `GET` and `PUT /rest/config`.
    ///
    /// It holds secrets: the API key, the hash of the GUI's password and the
    /// passwords of encrypted folders. `Debug` does not print them; serialising
    /// does, because the daemon takes what it is sent.
    pub struct Config {
        /// The version of the format: 35 to 37 in 1.x, 51 or 52 in 2.x. Send
        /// back the one that was read; an older one makes the daemon migrate.
        pub version: i64 => "version",
        /// The folders.
        pub folders: Vec<Folder> => "folders",
        /// The devices, this one among them.
        pub devices: Vec<Device> => "devices",
        /// The web interface and this API.
        pub gui: Gui => "gui",
        /// How users are looked up if `gui.authMode` is `ldap`.
        pub ldap: Ldap => "ldap",
        /// Everything else about the daemon.
        pub options: Options => "options",
        /// Devices whose attempts to connect are not to be mentioned.
        pub ignored_devices: Vec<ObservedDevice> => "remoteIgnoredDevices",
        /// What new folders and devices start from.
        pub defaults: Defaults => "defaults",
    }
}

impl Config {
    /// The folder with this ID.
    pub fn folder(&self, id: &FolderId) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.id == *id)
    }

    /// The folder with this ID, to change it.
    pub fn folder_mut(&mut self, id: &FolderId) -> Option<&mut Folder> {
        self.folders.iter_mut().find(|folder| folder.id == *id)
    }

    /// The device with this ID.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.device_id == *id)
    }

    /// The device with this ID, to change it.
    pub fn device_mut(&mut self, id: &DeviceId) -> Option<&mut Device> {
        self.devices
            .iter_mut()
            .find(|device| device.device_id == *id)
    }
}

model! {
    /// Whether a change waits for a restart: `GET /rest/config/restart-required`.
    pub struct RestartRequired {
        /// Whether the daemon must be restarted for the configuration to apply.
        pub requires_restart: bool => "requiresRestart",
    }
}

model! {
    /// The deprecated inverse of [`RestartRequired`]:
    /// `GET /rest/system/config/insync`.
    pub struct ConfigInSync {
        /// Whether the running configuration is the saved one.
        pub config_in_sync: bool => "configInSync",
    }
}
