//! The daemon's configuration.

mod defaults;
mod sections;

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;
use sync_core::Call;

use super::checks::{self, IdKey};
use super::or_default;
use crate::model::Config;
use crate::model::config::{ConfigInSync, Device, Folder, RestartRequired};
use crate::{Client, endpoints};

/// The daemon's configuration: [`Client::config`].
///
/// Every change is in effect and saved when the call ends, unless
/// [`restart_required`](Self::restart_required) says otherwise, and makes a
/// `ConfigSaved` event. The daemon has no means against two clients that change
/// the same thing at once, so change little: [`edit`](Self::edit), a `patch_…`
/// or one folder rather than a `replace`.
///
/// What the daemon does not understand it drops without a word: a key that it
/// does not know, and a text that an enumeration does not have, for which it
/// takes the default. So an `Other(…)` that was read is written back to the same
/// daemon unharmed, and one that was made up is lost.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub(crate) client: Client,
}

impl Configuration {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The whole configuration: `GET /rest/config`. It holds secrets, among them
    /// the API key; their `Debug` does not show them.
    pub fn get(&self) -> Call<Config> {
        self.client.call(&endpoints::CONFIG).json()
    }

    /// Replaces the whole configuration: `PUT /rest/config`.
    ///
    /// Start from [`get`](Self::get) and send its `version` back. Whatever
    /// somebody else changed in between is lost, and versioning parameters of
    /// the daemon's folder template come back in every folder that lacks them
    /// (measured on 1.19.2 and 1.29.5). `edit` has neither fault.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::BadRequest`](crate::SyncthingError::BadRequest), for
    /// example for two folders of one ID; and
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// a folder has no ID or path, a device no ID, or the API key is empty.
    pub fn replace(&self, config: &Config) -> Call<()> {
        self.client
            .call(&endpoints::CONFIG_PUT)
            .json_body(config)
            .empty()
            .or_error(checks::config(config).err())
    }

    /// Whether a change waits for a restart: `GET /rest/config/restart-required`.
    pub fn restart_required(&self) -> Call<RestartRequired> {
        self.client.call(&endpoints::CONFIG_RESTART_REQUIRED).json()
    }

    /// The inverse of that, deprecated: `GET /rest/config/insync`.
    pub fn in_sync(&self) -> Call<ConfigInSync> {
        self.client.call(&endpoints::CONFIG_INSYNC).json()
    }

    /// All folders: `GET /rest/config/folders`. For one see
    /// [`FolderHandle::config`](super::FolderHandle::config).
    pub fn folders(&self) -> Call<Vec<Folder>> {
        or_default(self.client.call(&endpoints::FOLDERS))
    }

    /// Adds and changes folders: `PUT /rest/config/folders`.
    ///
    /// Despite its method it removes nothing: folders that are not in the list
    /// stay as they are (measured on 1.19.2 and 1.29.5). To remove one, use
    /// [`FolderHandle::remove`](super::FolderHandle::remove) or `edit`. What a
    /// folder leaves out is taken from the daemon's template for new folders.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// one has no ID or path.
    pub fn set_folders(&self, folders: &[Folder]) -> Call<()> {
        self.client
            .call(&endpoints::FOLDERS_PUT)
            .json_body(folders)
            .empty()
            .or_error(folders.iter().try_for_each(checks::folder).err())
    }

    /// Adds a folder, or replaces the one with the same ID:
    /// `POST /rest/config/folders`.
    ///
    /// What `folder` leaves out (its `None` fields) is as in the user's
    /// [`default_folder`](Self::default_folder). The daemon adds itself to the
    /// folder's devices. The folder's directory is made if need be, and scanned
    /// after the call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// it has no ID or path: daemons up to 1.29.5 would share the whole home
    /// directory.
    pub fn add_folder(&self, folder: &Folder) -> Call<()> {
        self.client
            .call(&endpoints::FOLDERS_POST)
            .json_body(folder)
            .empty()
            .or_error(checks::folder(folder).err())
    }

    /// All devices, this one among them: `GET /rest/config/devices`. For one see
    /// [`DeviceHandle::config`](super::DeviceHandle::config).
    pub fn devices(&self) -> Call<Vec<Device>> {
        or_default(self.client.call(&endpoints::DEVICES))
    }

    /// Adds and changes devices: `PUT /rest/config/devices`.
    ///
    /// Despite its method it removes nothing: devices that are not in the list
    /// stay as they are (measured on 1.19.2 and 1.29.5). To remove one, use
    /// [`DeviceHandle::remove`](super::DeviceHandle::remove) or `edit`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// one has no ID.
    pub fn set_devices(&self, devices: &[Device]) -> Call<()> {
        self.client
            .call(&endpoints::DEVICES_PUT)
            .json_body(devices)
            .empty()
            .or_error(devices.iter().try_for_each(checks::device).err())
    }

    /// Adds a device, or replaces the one with the same ID:
    /// `POST /rest/config/devices`. What `device` leaves out is as in the user's
    /// [`default_device`](Self::default_device).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// it has no ID.
    pub fn add_device(&self, device: &Device) -> Call<()> {
        self.client
            .call(&endpoints::DEVICES_POST)
            .json_body(device)
            .empty()
            .or_error(checks::device(device).err())
    }
}

/// Completes a `PATCH`.
pub(super) fn patch(
    call: Call<Bytes>,
    changes: &(impl Serialize + ?Sized),
    id: IdKey<'_>,
) -> Call<()> {
    match checks::patch(changes, id) {
        Ok(text) => call
            .content_type(HeaderValue::from_static("application/json"))
            .body(text)
            .empty(),
        Err(error) => call.empty().or_error(Some(error)),
    }
}
