//! Devices that speak ActiveSync.

use sync_core::{Error, Secret};

use super::face::{Face as _, changes, collection, resource};
use crate::client::{Field, Value};
use crate::model::ActivesyncData;
use crate::wire;

resource! {
    /// A device that speaks ActiveSync.
    ///
    /// Passwords are never read, only sent: see
    /// [`set_password`](Self::set_password).
    ActivesyncClient => ActivesyncData, |id, loaded| {
        Ok(ActivesyncData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            username: username(loaded),
        })
    }
}

/// The documentation of the service's wire shows `user_id` only.
fn username(loaded: &crate::client::Loaded) -> Option<String> {
    wire::property(loaded, "username").or_else(|| wire::property(loaded, "user_id"))
}

impl ActivesyncClient {
    /// The name that it authenticates with.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn username(&self) -> Result<Option<String>, Error> {
        match self.0.staged_text(Field::Username) {
            Some(staged) => Ok(Some(staged)),
            None => Ok(username(&*self.0.load().await?)),
        }
    }
}

collection! {
    /// Devices that speak ActiveSync.
    Activesync of ActivesyncClient
}

impl Activesync {
    /// A new client that authenticates with this name and password. These
    /// arguments are not documented; they are the properties that can be
    /// changed.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked or does not take it.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(
        &self,
        username: impl AsRef<str>,
        password: impl Into<Secret<String>>,
    ) -> Result<ActivesyncClient, Error> {
        let password = password.into();
        let entry = wire::activesync(username.as_ref(), &password);
        self.0
            .create(entry, vec![password])
            .await
            .map(ActivesyncClient::from_node)
    }
}

changes! {
    /// What can be changed of an ActiveSync client.
    ActivesyncUpdate of ActivesyncClient in Activesync {
        /// The name that it authenticates with.
        set_username / username(username: impl Into<String>) => {
            Username: Value::Text(username.into())
        }
        /// The password, proven by the old one. Neither can be read again.
        set_password / password(old_pass: impl Into<Secret<String>>, password: impl Into<Secret<String>>) => {
            OldPass: Value::Secret(old_pass.into()),
            Password: Value::Secret(password.into())
        }
    }
}
