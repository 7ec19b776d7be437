//! Phones that speak SyncML.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use sync_core::{Error, Secret};

use super::Model;
use super::face::{Face as _, ResourceRef, Target, collection, resource};
use super::operations::{MODEL, SYNCML_SETUP, SYNCML_SYNC};
use crate::client::{Request, Role};
use crate::error::name_missing;
use crate::model::{Id, SyncmlData};
use crate::wire;

resource! {
    /// A phone that speaks SyncML. By design of the service it cannot be
    /// changed: a new phone is a new client.
    SyncmlClient => SyncmlData, |id, loaded| {
        Ok(SyncmlData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            imei: wire::property(loaded, "imei"),
            model: loaded.entry.property("model_uuid").map(Id::from),
            phone_number: wire::property(loaded, "phone_number"),
            timezone: wire::property(loaded, "timezone"),
        })
    }
}

impl SyncmlClient {
    /// The IMEI of the device, if any.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn imei(&self) -> Result<Option<String>, Error> {
        Ok(wire::property(&*self.0.load().await?, "imei"))
    }

    /// The model of the device.
    ///
    /// # Errors
    ///
    /// When the client or, where only a link leads to it, the model cannot be
    /// loaded.
    pub async fn model(&self) -> Result<Option<Model>, Error> {
        let loaded = self.0.load().await?;
        let model = self
            .0
            .related("model", loaded.entry.property("model_uuid"), &MODEL);
        Ok(model.await?.map(Model))
    }

    /// The number of the device.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn phone_number(&self) -> Result<Option<String>, Error> {
        Ok(wire::property(&*self.0.load().await?, "phone_number"))
    }

    /// The time zone that is registered for the device, such as `Europe/Oslo`.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn timezone(&self) -> Result<Option<String>, Error> {
        Ok(wire::property(&*self.0.load().await?, "timezone"))
    }

    /// Sends a message with the settings for this service to the device. Who
    /// has the phone needs the pincode to open it; it is text, and leading
    /// zeros count. Never sent twice by itself. As with other secrets, errors
    /// leave one of less than 4 bytes out only where it is all that an element
    /// has.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked or does not do it.
    pub async fn send_setup(&self, pincode: impl Into<Secret<String>>) -> Result<(), Error> {
        let pincode = pincode.into();
        let url = self.0.action_url("setup", Role::SyncmlSetup).await?;
        let request = Request::new(&SYNCML_SETUP, url).entry(&wire::pincode(&pincode))?;
        self.act(request.secrets([pincode])).await
    }

    /// Begins a sync with the device from the service's side, if possible.
    /// Never begun twice by itself.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked; an error of the class of its answer
    /// when it cannot do it.
    pub async fn sync(&self) -> Result<(), Error> {
        let url = self.0.action_url("sync", Role::SyncmlSync).await?;
        self.act(Request::new(&SYNCML_SYNC, url)).await
    }

    async fn act(&self, request: Request) -> Result<(), Error> {
        let done = self.0.api.send(request.protected(true), |_| Ok(())).await;
        done.map_err(|error| name_missing(error, self.0.kind.name, &self.0.id))
    }
}

collection! {
    /// Phones that speak SyncML.
    Syncml of SyncmlClient
}

impl Syncml {
    /// A new client for a phone with this number and model (or the id of one).
    /// These arguments are not documented; they are the properties that the
    /// service's entries have.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub fn new(
        &self,
        phone_number: impl Into<String>,
        model: impl Into<ResourceRef<Model>>,
    ) -> NewSyncml {
        let model = match model.into().target {
            Target::Node(node) => node.id.clone(),
            Target::Id(id) => id,
        };
        NewSyncml {
            collection: self.clone(),
            phone_number: phone_number.into(),
            model,
            timezone: None,
        }
    }
}

/// A SyncML client about to be made. Nothing happens until it is awaited.
#[derive(Clone, Debug)]
#[must_use = "nothing is made until it is awaited"]
pub struct NewSyncml {
    collection: Syncml,
    phone_number: String,
    model: Id,
    timezone: Option<String>,
}

impl NewSyncml {
    /// The time zone of the phone, such as `Europe/Oslo`. By default the user's
    /// or the server's.
    pub fn timezone(mut self, timezone: impl Into<String>) -> Self {
        self.timezone = Some(timezone.into());
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked or does not take it.
    pub async fn send(self) -> Result<SyncmlClient, Error> {
        let entry = wire::syncml(&self.phone_number, &self.model, self.timezone.as_deref());
        self.collection
            .0
            .create(entry, Vec::new())
            .await
            .map(SyncmlClient::from_node)
    }
}

impl IntoFuture for NewSyncml {
    type Output = Result<SyncmlClient, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
