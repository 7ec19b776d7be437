//! One device.

use bytes::Bytes;
use serde::Serialize;
use sync_core::Call;

use super::checks::{self, IdKey};
use super::config::patch;
use crate::model::DeviceId;
use crate::model::config::Device;
use crate::model::db::Completion;
use crate::{Client, Endpoint, endpoints};

/// One device: [`Client::device`].
#[derive(Clone, Debug)]
pub struct DeviceHandle {
    pub(crate) client: Client,
    id: DeviceId,
}

impl DeviceHandle {
    pub(super) fn new(client: Client, id: DeviceId) -> Self {
        Self { client, id }
    }

    /// Which device.
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// Begins a call that has the device in its path.
    fn config_call(&self, endpoint: &'static Endpoint) -> Call<Bytes> {
        // Checked first, as the error of the path would not say what to do.
        let call = self.client.call(endpoint);
        call.or_error(checks::named(self.id).err())
            .path(self.id.to_string())
    }

    /// How much it has of all the folders that are shared with it:
    /// `GET /rest/db/completion`. See [`Database::completion`](super::Database::completion).
    pub fn completion(&self) -> Call<Completion> {
        self.client.db().completion_of(self.id)
    }

    /// Closes the connection to it and makes no other: `POST /rest/system/pause`.
    ///
    /// The daemon keeps this in its configuration, over restarts.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NotFound`](crate::SyncthingError::NotFound) when it is
    /// not configured.
    pub fn pause(&self) -> Call<()> {
        self.client
            .call(&endpoints::PAUSE)
            .query("device", self.id.to_string())
            .empty()
            .or_error(checks::named(self.id).err())
    }

    /// Undoes [`pause`](Self::pause): `POST /rest/system/resume`. That the
    /// device connects again is another matter, and takes its time.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub fn resume(&self) -> Call<()> {
        self.client
            .call(&endpoints::RESUME)
            .query("device", self.id.to_string())
            .empty()
            .or_error(checks::named(self.id).err())
    }

    /// Its configuration: `GET /rest/config/devices/{id}`.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NotFound`](crate::SyncthingError::NotFound).
    pub fn config(&self) -> Call<Device> {
        self.config_call(&endpoints::DEVICE).json()
    }

    /// Changes some of its configuration: `PATCH /rest/config/devices/{id}`.
    ///
    /// `changes` is an object of the keys to change. A `null` changes nothing,
    /// lists are replaced as a whole, keys that the daemon does not know are
    /// dropped without a word, and so is the text of an enumeration: its default
    /// takes the place.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::NotFound`](crate::SyncthingError::NotFound); and
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// `changes` is no object or names another device.
    pub fn patch(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        let call = self.config_call(&endpoints::DEVICE_PATCH);
        patch(call, changes, IdKey::Device(self.id))
    }

    /// Adds it, or replaces its whole configuration:
    /// `PUT /rest/config/devices/{id}`.
    ///
    /// What `device` leaves out (its `None` fields) is reset to the user's
    /// defaults. Prefer [`patch`](Self::patch) to change something.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// `device` has another ID: the daemon would go by that one.
    pub fn replace(&self, device: &Device) -> Call<()> {
        let error =
            checks::device(device).and_then(|()| checks::same_id(&self.id, &device.device_id));
        self.config_call(&endpoints::DEVICE_PUT)
            .json_body(device)
            .empty()
            .or_error(error.err())
    }

    /// Removes it from the configuration and from all folders:
    /// `DELETE /rest/config/devices/{id}`.
    ///
    /// The daemon says 200 for a device that it does not know, and for itself,
    /// which it adds again at once.
    pub fn remove(&self) -> Call<()> {
        self.config_call(&endpoints::DEVICE_DELETE).empty()
    }
}
