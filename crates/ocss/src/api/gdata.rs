//! Data stores elsewhere that speak GData.

use sync_core::Error;

use super::face::{Face as _, changes, collection, resource};
use super::operations::GDATA_ADD;
use crate::client::{Field, Loaded, Request, Role, Value};
use crate::error::{local, name_missing};
use crate::model::{AddDatastore, GdataData, GdataDatastore};
use crate::wire;

resource! {
    /// A user of a data store elsewhere that speaks GData.
    GdataClient => GdataData, |id, loaded| {
        Ok(GdataData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            user_id: user_id(loaded),
            datastores: wire::gdata_datastores(&loaded.entry),
        })
    }
}

fn user_id(loaded: &Loaded) -> Option<String> {
    wire::property(loaded, "user_id").or_else(|| wire::title(&loaded.entry))
}

impl GdataClient {
    /// The user it belongs to; of GMail, the e-mail address.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn user_id(&self) -> Result<Option<String>, Error> {
        match self.0.staged_text(Field::UserId) {
            Some(staged) => Ok(Some(staged)),
            None => Ok(user_id(&*self.0.load().await?)),
        }
    }

    /// The datastores that are registered with it.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn datastores(&self) -> Result<Vec<GdataDatastore>, Error> {
        Ok(wire::gdata_datastores(&self.0.load().await?.entry))
    }

    /// Registers a datastore. Its key and secret are sent and never come back.
    ///
    /// # Errors
    ///
    /// [`is_client`](crate::OcssErrorExt::is_client) before anything is sent:
    /// there is no address or no scope. Else when the service cannot be asked
    /// or does not take it.
    pub async fn add_datastore(&self, datastore: AddDatastore) -> Result<(), Error> {
        if datastore.url.trim().is_empty() {
            return Err(local("a datastore needs an address"));
        }
        let no_scope = datastore.scopes.iter().all(|scope| scope.trim().is_empty());
        if no_scope {
            return Err(local(
                "a datastore needs a base URL that its token is valid for",
            ));
        }
        let url = self
            .0
            .action_url("datastores", Role::GdataDatastores)
            .await?;
        let request = Request::new(&GDATA_ADD, url)
            .protected(true)
            .entry(&wire::gdata_datastore(&datastore))?
            .secrets([datastore.key.clone(), datastore.secret.clone()]);
        let added = self
            .0
            .api
            .send(request, |answer| match answer.body.is_empty() {
                true => Ok(None),
                false => answer.into_loaded().map(Some),
            });
        let added = added
            .await
            .map_err(|error| name_missing(error, self.0.kind.name, &self.0.id));
        // Whatever became of it, what is cached is of before.
        self.0.forget();
        if let Some(loaded) = added? {
            if loaded.id()? == self.0.id {
                self.0.store(loaded);
            }
        }
        Ok(())
    }
}

collection! {
    /// Data stores elsewhere that speak GData.
    Gdata of GdataClient
}

impl Gdata {
    /// A new client for a user; of GMail, the e-mail address.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked or does not take it.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(&self, user_id: impl AsRef<str>) -> Result<GdataClient, Error> {
        let entry = wire::gdata(user_id.as_ref());
        self.0
            .create(entry, Vec::new())
            .await
            .map(GdataClient::from_node)
    }
}

changes! {
    /// What can be changed of a GData client.
    GdataUpdate of GdataClient in Gdata {
        /// The user it belongs to.
        set_user_id / user_id(user_id: impl Into<String>) => { UserId: Value::Text(user_id.into()) }
    }
}
