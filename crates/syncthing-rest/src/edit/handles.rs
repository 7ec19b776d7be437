//! The edits, where a user looks for them.

use sync_core::Error;

use super::{EditError, Edited, cluster, edit, edit_device, edit_folder};
use crate::api::{Cluster, Configuration, DeviceHandle, FolderHandle};
use crate::model::config::{Device, Folder, FolderDevice, FolderType};
use crate::model::{Config, DeviceId, FolderId};

impl Configuration {
    /// Reads the configuration, lets `change` edit it, and sends what has
    /// changed in the fewest calls that reach it; see [`edit`](crate::edit).
    ///
    /// What somebody else changes meanwhile stays, unless it is the same key.
    /// Only for what has no address of its own is the whole sent back: ignored
    /// devices, and the removal of a folder with a slash in its ID.
    ///
    /// A change of `gui` is sent last. It makes the daemon open its API anew,
    /// which cuts calls that are under way after 100 ms; and it may be that the
    /// next call needs another address or key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent: an ID
    /// twice, a folder without a path, this device removed, the version changed.
    pub async fn edit(&self, change: impl FnOnce(&mut Config)) -> Result<Edited, EditError> {
        self.try_edit(|config| {
            change(config);
            Ok(())
        })
        .await
    }

    /// As [`edit`](Self::edit); nothing is sent if `change` fails.
    ///
    /// # Errors
    ///
    /// As [`edit`](Self::edit), and the error of `change`.
    pub async fn try_edit(
        &self,
        change: impl FnOnce(&mut Config) -> Result<(), Error>,
    ) -> Result<Edited, EditError> {
        Box::pin(edit(&self.client, change)).await
    }
}

impl FolderHandle {
    /// Reads its configuration, lets `change` edit it, and sends what has
    /// changed. Works for every ID, also one with a slash.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if
    /// the ID was changed or the path taken away.
    pub async fn edit(&self, change: impl FnOnce(&mut Folder)) -> Result<Edited, EditError> {
        let change = |folder: &mut Folder| {
            change(folder);
            Ok(())
        };
        Box::pin(edit_folder(&self.client, self.id(), change)).await
    }

    /// Shares it with a device, which is then offered the folder. Does nothing
    /// if it is shared with it already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if no
    /// such device is configured: the daemon would answer 200 and drop it.
    pub async fn share_with(&self, device: impl Into<FolderDevice>) -> Result<Edited, EditError> {
        let device = device.into();
        self.client
            .device(device.device_id)
            .config()
            .await
            .map_err(|error| match error.status().map(|status| status.as_u16()) {
                Some(404) => Error::config(format!(
                    "device {} is not configured; add or accept it first",
                    device.device_id.short()
                )),
                _ => error,
            })?;
        self.edit(|folder| {
            if !folder.is_shared_with(&device.device_id) {
                folder.devices.push(device);
            }
        })
        .await
    }

    /// Ends sharing it with a device. What the device has, it keeps.
    ///
    /// # Errors
    ///
    /// As [`edit`](Self::edit).
    pub async fn unshare(&self, device: DeviceId) -> Result<Edited, EditError> {
        self.edit(|folder| folder.devices.retain(|shared| shared.device_id != device))
            .await
    }
}

impl DeviceHandle {
    /// Reads its configuration, lets `change` edit it, and sends what has
    /// changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if
    /// the ID was changed.
    pub async fn edit(&self, change: impl FnOnce(&mut Device)) -> Result<Edited, EditError> {
        let change = |device: &mut Device| {
            change(device);
            Ok(())
        };
        Box::pin(edit_device(&self.client, &self.id(), change)).await
    }
}

impl Cluster {
    /// Adds a device, so that the two can connect: from the user's template for
    /// devices, with the name that it gave when it tried to connect. `change`
    /// may set more, such as its addresses.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if
    /// the device is configured already.
    pub async fn accept_device(
        &self,
        device: DeviceId,
        change: impl FnOnce(&mut Device),
    ) -> Result<Edited, EditError> {
        Box::pin(cluster::accept_device(&self.client, device, change)).await
    }

    /// Takes a folder that a device has offered: adds it in the directory `path`,
    /// from the user's template for folders and with the label of the offer, and
    /// shares it with that device.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent: no
    /// path, no such offer, the folder is here already (then
    /// [`share_with`](FolderHandle::share_with) takes the offer), or it is
    /// offered encrypted and the type is not
    /// [`ReceiveEncrypted`](FolderType::ReceiveEncrypted).
    pub async fn accept_folder(
        &self,
        folder: impl Into<FolderId>,
        from: DeviceId,
        path: &str,
        folder_type: FolderType,
    ) -> Result<Edited, EditError> {
        let folder = folder.into();
        Box::pin(cluster::accept_folder(
            &self.client,
            &folder,
            from,
            path,
            folder_type,
        ))
        .await
    }

    /// Never mentions a device's attempts to connect again. The daemon has no
    /// call for that: the whole configuration is read and sent back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if
    /// the device is configured.
    pub async fn ignore_device(&self, device: DeviceId) -> Result<Edited, EditError> {
        Box::pin(cluster::ignore_device(&self.client, device)).await
    }

    /// Undoes [`ignore_device`](Self::ignore_device).
    ///
    /// # Errors
    ///
    /// As [`Configuration::edit`].
    pub async fn unignore_device(&self, device: DeviceId) -> Result<Edited, EditError> {
        Box::pin(cluster::unignore_device(&self.client, device)).await
    }

    /// Never mentions a device's offer of a folder again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, if
    /// there is no such offer.
    pub async fn ignore_folder(
        &self,
        folder: impl Into<FolderId>,
        from: DeviceId,
    ) -> Result<Edited, EditError> {
        let folder = folder.into();
        Box::pin(cluster::ignore_folder(&self.client, &folder, from)).await
    }

    /// Undoes [`ignore_folder`](Self::ignore_folder).
    ///
    /// # Errors
    ///
    /// As [`DeviceHandle::edit`].
    pub async fn unignore_folder(
        &self,
        folder: impl Into<FolderId>,
        from: DeviceId,
    ) -> Result<Edited, EditError> {
        let folder = folder.into();
        Box::pin(cluster::unignore_folder(&self.client, &folder, from)).await
    }
}
