//! What new folders and devices start from.

use serde::Serialize;
use sync_core::{Call, Error};

use super::{Configuration, IdKey, patch};
use crate::endpoints;
use crate::model::config::{DefaultIgnores, Device, Folder};

impl Configuration {
    /// The template of new folders: `GET /rest/config/defaults/folder`.
    pub fn default_folder(&self) -> Call<Folder> {
        self.client.call(&endpoints::DEFAULTS_FOLDER).json()
    }

    /// Replaces the template of new folders:
    /// `PUT /rest/config/defaults/folder`, safely: see
    /// [`replace_options`](Self::replace_options).
    ///
    /// # Errors
    ///
    /// As [`replace_options`](Self::replace_options).
    pub async fn replace_default_folder(&self, folder: &Folder) -> Result<(), Error> {
        self.replace_section(
            &endpoints::DEFAULTS_FOLDER,
            &endpoints::DEFAULTS_FOLDER_PUT,
            folder,
        )
        .await
    }

    /// Changes the template of new folders: `PATCH /rest/config/defaults/folder`.
    /// See [`FolderHandle::patch`](crate::api::FolderHandle::patch) for what
    /// `changes` does.
    pub fn patch_default_folder(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        let call = self.client.call(&endpoints::DEFAULTS_FOLDER_PATCH);
        patch(call, changes, IdKey::None)
    }

    /// The template of new devices: `GET /rest/config/defaults/device`.
    pub fn default_device(&self) -> Call<Device> {
        self.client.call(&endpoints::DEFAULTS_DEVICE).json()
    }

    /// Replaces the template of new devices:
    /// `PUT /rest/config/defaults/device`, safely: see
    /// [`replace_options`](Self::replace_options).
    ///
    /// # Errors
    ///
    /// As [`replace_options`](Self::replace_options).
    pub async fn replace_default_device(&self, device: &Device) -> Result<(), Error> {
        self.replace_section(
            &endpoints::DEFAULTS_DEVICE,
            &endpoints::DEFAULTS_DEVICE_PUT,
            device,
        )
        .await
    }

    /// Changes the template of new devices: `PATCH /rest/config/defaults/device`.
    /// See [`DeviceHandle::patch`](crate::api::DeviceHandle::patch) for what
    /// `changes` does.
    pub fn patch_default_device(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        let call = self.client.call(&endpoints::DEFAULTS_DEVICE_PATCH);
        patch(call, changes, IdKey::None)
    }

    /// The ignore patterns that new folders get:
    /// `GET /rest/config/defaults/ignores`.
    pub fn default_ignores(&self) -> Call<DefaultIgnores> {
        self.client.call(&endpoints::DEFAULTS_IGNORES).json()
    }

    /// Sets the ignore patterns that new folders get:
    /// `PUT /rest/config/defaults/ignores`. Only the web interface uses them.
    pub fn set_default_ignores(&self, ignores: &DefaultIgnores) -> Call<()> {
        self.client
            .call(&endpoints::DEFAULTS_IGNORES_PUT)
            .json_body(ignores)
            .empty()
    }
}
