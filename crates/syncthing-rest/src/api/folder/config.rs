//! The configuration of one folder.

use serde::Serialize;
use sync_core::Call;

use super::super::checks::{self, IdKey};
use super::super::config::patch;
use super::FolderHandle;
use crate::model::config::Folder;
use crate::{Endpoint, endpoints};

impl FolderHandle {
    /// Begins a call that has the folder in its path.
    fn config_call(&self, endpoint: &'static Endpoint) -> Call<bytes::Bytes> {
        // Checked first, as the error of the path would not say what to do.
        let call = self.client.call(endpoint);
        call.or_error(checks::addressable(&self.id).err())
            .path(&self.id)
    }

    /// Its configuration: `GET /rest/config/folders/{id}`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, for an
    /// ID with a slash: the daemon finds no such folder by its path. So with all
    /// calls about the configuration of a folder; [`edit`](Self::edit) knows
    /// another way, and so does the whole list of
    /// [`folders`](crate::api::Configuration::folders).
    pub fn config(&self) -> Call<Folder> {
        self.config_call(&endpoints::FOLDER).json()
    }

    /// Changes some of its configuration: `PATCH /rest/config/folders/{id}`.
    ///
    /// `changes` is an object of the keys to change. A `null` changes nothing,
    /// lists are replaced as a whole (`devices`, above all), objects are merged,
    /// so that a key of `versioning.params` cannot be removed this way. Keys that
    /// the daemon does not know are dropped without a word, and so is the text of
    /// an enumeration: its default takes the place.
    ///
    /// ```no_run
    /// # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
    /// use serde_json::json;
    ///
    /// client.folder("photos").patch(&json!({"rescanIntervalS": 600})).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SyncthingError::BadRequest`](crate::SyncthingError::BadRequest) for a
    /// value of the wrong type; [`ErrorKind::Config`](crate::ErrorKind::Config),
    /// with nothing sent, when `changes` is no object, names another folder or
    /// takes the path away.
    pub fn patch(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        let call = self.config_call(&endpoints::FOLDER_PATCH);
        patch(call, changes, IdKey::Folder(&self.id))
    }

    /// Adds it, or replaces its whole configuration:
    /// `PUT /rest/config/folders/{id}`.
    ///
    /// What `folder` leaves out (its `None` fields) is reset to the user's
    /// defaults. Prefer [`patch`](Self::patch) to change something.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config), with nothing sent, when
    /// `folder` has no path, or another ID: the daemon would go by that one.
    pub fn replace(&self, folder: &Folder) -> Call<()> {
        let error = checks::folder(folder).and_then(|()| checks::same_id(&self.id, &folder.id));
        self.config_call(&endpoints::FOLDER_PUT)
            .json_body(folder)
            .empty()
            .or_error(error.err())
    }

    /// Removes it from the daemon: `DELETE /rest/config/folders/{id}`. Its files
    /// stay. The daemon says 200 for a folder that it does not know, too.
    pub fn remove(&self) -> Call<()> {
        self.config_call(&endpoints::FOLDER_DELETE).empty()
    }

    /// Stops syncing it, over restarts: a `PATCH` of `paused`.
    pub fn pause(&self) -> Call<()> {
        self.patch(&serde_json::json!({ "paused": true }))
    }

    /// Undoes [`pause`](Self::pause). The folder starts with a scan.
    pub fn resume(&self) -> Call<()> {
        self.patch(&serde_json::json!({ "paused": false }))
    }
}
