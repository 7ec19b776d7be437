//! Storage within the service.

use std::sync::Arc;

use sync_core::Error;

use super::ContentCollection;
use super::face::{Face as _, changes, collection, resource};
use super::operations::CONTENT;
use crate::client::{CollectionNode, Field, Locator, Role, Value};
use crate::model::DatastoreData;
use crate::wire;

resource! {
    /// Storage within the service.
    DatastoreClient => DatastoreData, |id, loaded| {
        Ok(DatastoreData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            name: wire::name(&loaded.entry),
        })
    }
}

impl DatastoreClient {
    /// The name it was given.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn name(&self) -> Result<String, Error> {
        match self.0.staged_text(Field::Name) {
            Some(staged) => Ok(staged),
            None => Ok(wire::name(&self.0.load().await?.entry)),
        }
    }

    /// What is stored in it. No request is made.
    pub fn contents(&self) -> ContentCollection {
        let locator = Locator::Under {
            owner: Arc::clone(&self.0),
            rel: "contents",
            role: Role::Contents,
        };
        ContentCollection(CollectionNode::new(self.0.api.clone(), &CONTENT, locator))
    }
}

collection! {
    /// Storage within the service.
    Datastore of DatastoreClient
}

impl Datastore {
    /// A new datastore of this name. This argument is not documented; it is
    /// the property that the service's entries have.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked or does not take it.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(&self, name: impl AsRef<str>) -> Result<DatastoreClient, Error> {
        let entry = wire::datastore(name.as_ref());
        self.0
            .create(entry, Vec::new())
            .await
            .map(DatastoreClient::from_node)
    }
}

changes! {
    /// What can be changed of a datastore.
    DatastoreUpdate of DatastoreClient in Datastore {
        /// The name.
        set_name / name(name: impl Into<String>) => { Name: Value::Text(name.into()) }
    }
}
