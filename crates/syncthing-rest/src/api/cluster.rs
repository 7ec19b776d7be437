//! What other devices offer.

use sync_core::Call;

use super::{checks, or_default};
use crate::model::cluster::{PendingDevices, PendingFolders};
use crate::model::{DeviceId, FolderId};
use crate::{Client, endpoints};

/// Devices and folders that wait for a decision: [`Client::cluster`].
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) client: Client,
}

impl Cluster {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Devices that tried to connect and are not configured:
    /// `GET /rest/cluster/pending/devices`.
    pub fn pending_devices(&self) -> Call<PendingDevices> {
        or_default(self.client.call(&endpoints::PENDING_DEVICES))
    }

    /// Forgets that a device tried to connect:
    /// `DELETE /rest/cluster/pending/devices`.
    ///
    /// The daemon says 200 for a device that never tried, too. The device is
    /// listed again when it tries the next time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for the empty ID, which
    /// the daemon would take without doing anything.
    pub fn dismiss_device(&self, device: DeviceId) -> Call<()> {
        self.client
            .call(&endpoints::PENDING_DEVICE_DELETE)
            .query("device", device.to_string())
            .empty()
            .or_error(checks::named(device).err())
    }

    /// Folders that devices offered and that are not shared with them:
    /// `GET /rest/cluster/pending/folders`.
    pub fn pending_folders(&self) -> Call<PendingFolders> {
        or_default(self.client.call(&endpoints::PENDING_FOLDERS))
    }

    /// The same, of one device.
    pub fn pending_folders_of(&self, device: DeviceId) -> Call<PendingFolders> {
        let call = self.client.call(&endpoints::PENDING_FOLDERS);
        or_default(call.query("device", device.to_string())).or_error(checks::named(device).err())
    }

    /// Forgets that a folder was offered, by `device` or (`None`) by all:
    /// `DELETE /rest/cluster/pending/folders`.
    ///
    /// The daemon says 200 for a folder that was never offered, too. The offer
    /// comes again with the next connection; to silence it for good, put the
    /// folder into the device's `ignoredFolders`.
    pub fn dismiss_folder(
        &self,
        folder: impl Into<FolderId>,
        device: impl Into<Option<DeviceId>>,
    ) -> Call<()> {
        let device = device.into();
        let empty = device.and_then(|device| checks::named(device).err());
        self.client
            .call(&endpoints::PENDING_FOLDER_DELETE)
            .query("folder", folder.into())
            .query_opt("device", device.map(|device| device.to_string()))
            .empty()
            .or_error(empty)
    }
}
