//! Sync relationships.

use sync_core::Error;

use super::clients::client;
use super::face::{Face as _, changes, collection, resource};
use super::operations::CLIENT;
use super::{Client, ClientRef};
use crate::client::{Node, Role, Value};
use crate::error::{name_missing, protocol};
use crate::model::{BindingData, BindingId, Dominant, Id};
use crate::wire;

resource! {
    /// Two clients in a sync relationship.
    Binding => BindingData, |id, loaded| {
        Ok(BindingData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            dominant: loaded.entry.property("dominant").map(Dominant::from),
            source: loaded.entry.property("source").map(Id::from),
            target: loaded.entry.property("target").map(Id::from),
        })
    }
}

impl Binding {
    /// Its number; `None` when the service has given it an id that is none.
    pub fn number(&self) -> Option<BindingId> {
        self.id().as_str().parse().ok()
    }

    /// Which client takes precedence when changes conflict.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn dominant(&self) -> Result<Option<Dominant>, Error> {
        if let Some(staged) = self.0.staged_text(crate::client::Field::Dominant) {
            return Ok(Some(Dominant::from(staged.as_str())));
        }
        Ok(self
            .0
            .load()
            .await?
            .entry
            .property("dominant")
            .map(Dominant::from))
    }

    /// The source, as its own kind. One request each time.
    ///
    /// # Errors
    ///
    /// When the binding or the client cannot be loaded.
    pub async fn source(&self) -> Result<Client, Error> {
        self.end("source_client", "source").await
    }

    /// The target, as its own kind. One request each time.
    ///
    /// # Errors
    ///
    /// When the binding or the client cannot be loaded.
    pub async fn target(&self) -> Result<Client, Error> {
        self.end("target_client", "target").await
    }

    /// The client at one end: where the link leads, else by its id.
    async fn end(&self, rel: &str, property: &str) -> Result<Client, Error> {
        let api = &self.0.api;
        let loaded = self.0.load().await?;
        let id = loaded.entry.property(property).map(Id::from);
        let url = match (loaded.link(api, rel)?, &id) {
            (Some(link), _) => link,
            (None, Some(id)) => {
                let layout = api.layout().await?;
                let clients = layout.collection(api.base_url(), Role::Clients, None)?;
                layout.item(api.base_url(), Role::Clients, &clients, None, id)?
            }
            (None, None) => {
                return Err(protocol(format!(
                    "the service does not tell the {property} of the binding"
                )));
            }
        };
        let found = Node::fetch(api, &CLIENT, url)
            .await
            .map_err(|error| match &id {
                Some(id) => name_missing(error, CLIENT.name, id),
                None => error,
            });
        client(api, found?)
    }
}

collection! {
    /// The sync relationships between clients.
    Bindings of Binding
}

impl Bindings {
    /// Binds two clients, given as such or by their ids; the source takes
    /// precedence when changes conflict.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked or does not take them.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(
        &self,
        source: impl Into<ClientRef>,
        target: impl Into<ClientRef>,
    ) -> Result<Binding, Error> {
        let entry = wire::binding(&source.into().0, &target.into().0);
        self.0
            .create(entry, Vec::new())
            .await
            .map(Binding::from_node)
    }
}

changes! {
    /// What can be changed of a binding.
    BindingUpdate of Binding in Bindings {
        /// Which client takes precedence when changes conflict. That this can
        /// be changed is not documented.
        set_dominant / dominant(dominant: Dominant) => {
            Dominant: Value::Text(dominant.as_str().to_owned())
        }
    }
}
