//! Manufacturers, models, and how to tell the model of a phone.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use sync_core::{Error, Operation};
use tokio::time::Instant;

use super::face::{collection, resource};
use super::operations::{DETECT_AUTO, DETECT_MANUAL, DETECT_POLL, MODEL, VENDOR};
use crate::client::{
    Answer, CollectionNode, KindInfo, Loaded, Locator, Node, Parameter, Request, Role,
    SyncServerApi, entry,
};
use crate::error::{OcssError, OcssErrorExt as _, protocol, unauthenticated, unsupported};
use crate::model::{Detection, DetectionCode, ModelData, VendorData};
use crate::wire::{self, Detected};

/// Groups what there is about phones; itself it is nothing.
#[derive(Clone)]
pub struct Phones(SyncServerApi);

impl Phones {
    pub(crate) fn new(api: SyncServerApi) -> Self {
        Self(api)
    }

    /// All manufacturers. No request is made, and no credentials are needed.
    pub fn vendors(&self) -> Vendors {
        Vendors(all(&self.0, &VENDOR))
    }

    /// All models. No request is made; credentials are needed to detect only.
    pub fn models(&self) -> Models {
        Models(all(&self.0, &MODEL))
    }
}

/// The collection of all resources of a kind.
pub(super) fn all(api: &SyncServerApi, kind: &'static KindInfo) -> Arc<CollectionNode> {
    CollectionNode::new(api.clone(), kind, Locator::Role(kind.role))
}

impl fmt::Debug for Phones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<Phones collection>")
    }
}

resource! {
    /// A manufacturer of phones. Read-only.
    Vendor => VendorData, |id, loaded| {
        Ok(VendorData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            name: wire::name(&loaded.entry),
        })
    }
}

impl Vendor {
    /// Its name.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn name(&self) -> Result<String, Error> {
        Ok(wire::name(&self.0.load().await?.entry))
    }

    /// Its models. No request is made.
    pub fn models(&self) -> Models {
        let locator = Locator::Under {
            owner: Arc::clone(&self.0),
            rel: "models",
            role: Role::VendorModels,
        };
        Models(CollectionNode::new(self.0.api.clone(), &MODEL, locator))
    }
}

collection! {
    /// Manufacturers of phones. Read-only.
    Vendors of Vendor
}

impl Vendors {
    /// Not possible: manufacturers are read-only.
    ///
    /// # Errors
    ///
    /// Always [`is_not_allowed`](crate::OcssErrorExt::is_not_allowed). Nothing is sent.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(&self) -> Result<Vendor, Error> {
        Err(unsupported("a Vendor cannot be added here"))
    }
}

resource! {
    /// A model of phone. Read-only.
    Model => ModelData, |id, loaded| {
        Ok(ModelData {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            name: wire::name(&loaded.entry),
            vendor: loaded.entry.property("vendor_uuid").map(Into::into),
            image_url: wire::image_url(loaded),
        })
    }
}

impl Model {
    /// Its name.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn name(&self) -> Result<String, Error> {
        Ok(wire::name(&self.0.load().await?.entry))
    }

    /// The address of a picture of it, if there is one. It may be anywhere, and
    /// is no business of this client.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn image_url(&self) -> Result<Option<String>, Error> {
        Ok(wire::image_url(&*self.0.load().await?))
    }

    /// Its manufacturer.
    ///
    /// # Errors
    ///
    /// When the model or, where only a link leads to it, the manufacturer
    /// cannot be loaded; [`is_server`](crate::OcssErrorExt::is_server) when
    /// the service does not tell it.
    pub async fn vendor(&self) -> Result<Vendor, Error> {
        let loaded = self.0.load().await?;
        let id = loaded.entry.property("vendor_uuid");
        let vendor = self.0.related("vendor", id, &VENDOR).await?;
        vendor
            .map(Vendor)
            .ok_or_else(|| protocol("the service does not tell the vendor of the model"))
    }
}

collection! {
    /// Models of phones, of one manufacturer or of all. Read-only.
    ///
    /// The `detect_*` methods look among all models, whatever the collection,
    /// and need credentials.
    Models of Model
}

/// The longest pause of [`Models::detect_wait`].
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Models {
    /// Not possible: models are read-only.
    ///
    /// # Errors
    ///
    /// Always [`is_not_allowed`](crate::OcssErrorExt::is_not_allowed). Nothing is sent.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub async fn new(&self) -> Result<Model, Error> {
        Err(unsupported("a Model cannot be added here"))
    }

    /// Tells the model of a phone by its number alone; `None` when that does
    /// not work out.
    ///
    /// # Errors
    ///
    /// [`is_not_allowed`](crate::OcssErrorExt::is_not_allowed): there are no
    /// credentials, or the user may not do this.
    pub async fn detect_auto(&self, number: impl AsRef<str>) -> Result<Option<Model>, Error> {
        let url = self.detection(Role::DetectAuto, &DETECT_AUTO).await?;
        let layout = self.0.api.layout().await?;
        let url = layout.query(&url, &[(Parameter::Number, number.as_ref())])?;
        match self.ask(&DETECT_AUTO, url).await {
            Ok(Some((Detected::Model, loaded))) => self.model(loaded).map(Some),
            Ok(_) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a message to the phone that invites its owner to a page where the
    /// model is told. Never sent twice by itself.
    ///
    /// # Errors
    ///
    /// [`is_not_allowed`](crate::OcssErrorExt::is_not_allowed): there are no
    /// credentials, or the user may not do this.
    pub async fn detect_manual(&self, number: impl AsRef<str>) -> Result<DetectionCode, Error> {
        let url = self.detection(Role::DetectManual, &DETECT_MANUAL).await?;
        let request = Request::new(&DETECT_MANUAL, url)
            .protected(true)
            .entry(&wire::detection(number.as_ref()))?;
        let code = self.0.api.send(request, |answer| {
            let loaded = answer.into_loaded()?;
            let code = loaded.entry.property("code").map(DetectionCode::new);
            code.ok_or_else(|| protocol("the service gave no code for the detection"))
        });
        code.await
    }

    /// How far the detection with this code is.
    ///
    /// # Errors
    ///
    /// [`is_client`](crate::OcssErrorExt::is_client): there is no such code.
    pub async fn detect_poll(&self, code: impl AsRef<str>) -> Result<Detection, Error> {
        let url = self.detection(Role::DetectPoll, &DETECT_POLL).await?;
        let layout = self.0.api.layout().await?;
        let url = layout.query(&url, &[(Parameter::Code, code.as_ref())])?;
        match self.ask(&DETECT_POLL, url).await {
            Ok(None) | Ok(Some((Detected::Pending, _))) => Ok(Detection::Pending),
            Ok(Some((Detected::Unidentified, _))) => Ok(Detection::Unidentified),
            Ok(Some((Detected::Model, loaded))) => self.model(loaded).map(Detection::Identified),
            // The documentation wants it so: a code is an argument, not a key.
            Err(error) if error.is_not_found() => Err(error
                .with_message("no detection has this code")
                .with_detail(OcssError::Client)),
            Err(error) => Err(error),
        }
    }

    /// Asks again and again, after pauses of 1 s at first and 30 s at most,
    /// until the detection is done or `limit` has passed: then it is still
    /// [`Detection::Pending`].
    ///
    /// # Errors
    ///
    /// As [`detect_poll`](Self::detect_poll).
    pub async fn detect_wait(
        &self,
        code: impl AsRef<str>,
        limit: Duration,
    ) -> Result<Detection, Error> {
        let deadline = Instant::now().checked_add(limit);
        let mut pause = Duration::from_secs(1);
        loop {
            let detection = self.detect_poll(code.as_ref()).await?;
            let next = Instant::now() + pause;
            if detection != Detection::Pending || deadline.is_some_and(|deadline| next > deadline) {
                return Ok(detection);
            }
            tokio::time::sleep_until(next).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Where a detection is asked for. Without credentials, nothing is.
    async fn detection(&self, role: Role, operation: &'static Operation) -> Result<Uri, Error> {
        let api = &self.0.api;
        if !api.has_auth() {
            return Err(unauthenticated().with_operation(operation));
        }
        api.layout().await?.collection(api.base_url(), role, None)
    }

    /// `None` when the service has nothing to say.
    async fn ask(
        &self,
        operation: &'static Operation,
        url: Uri,
    ) -> Result<Option<(Detected, Loaded)>, Error> {
        let request = Request::new(operation, url).protected(true);
        let read = |answer: Answer<'_>| {
            if answer.status == http::StatusCode::NO_CONTENT {
                return Ok(None);
            }
            let loaded = entry(answer)?;
            Ok(Some((wire::detected(&loaded.entry)?, loaded)))
        };
        self.0.api.send(request, read).await
    }

    fn model(&self, loaded: Loaded) -> Result<Model, Error> {
        Node::loaded(&self.0.api, &MODEL, Locator::Role(Role::Models), loaded).map(Model)
    }
}
