//! Contents of datastores.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use http::HeaderValue;
use sync_core::Error;

use super::face::{Face as _, changes, collection, resource};
use super::operations::CONTENTS_DATA;
use crate::client::{Field, Loaded, Request, Value};
use crate::error::{not_found, protocol};
use crate::model::{
    Change, Changes, ContentData, ContentOperation, ContentSnapshot, Dataclass, Since,
};
use crate::wire;

resource! {
    /// One content of a datastore.
    Content => ContentSnapshot, |id, loaded| {
        Ok(ContentSnapshot {
            id: id.clone(),
            created: loaded.entry.published,
            modified: loaded.entry.modified(),
            title: wire::title(&loaded.entry),
            media_type: media_type(loaded),
            dataclass: loaded.entry.property("dataclass").map(Dataclass::from),
            operation: loaded.entry.operation().map(ContentOperation::from),
            data: wire::content_data(&loaded.entry)?,
        })
    }
}

fn media_type(loaded: &Loaded) -> Option<String> {
    loaded
        .entry
        .content
        .as_ref()
        .map(|content| content.media_type().to_owned())
}

impl Content {
    /// The raw data, the same bytes that were stored.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be;
    /// [`is_not_found`](crate::OcssErrorExt::is_not_found) when the content is
    /// deleted.
    pub async fn data(&self) -> Result<ContentData, Error> {
        if let Some((data, _)) = self.0.staged_data() {
            return Ok(data);
        }
        let loaded = self.0.load().await?;
        if let Some(data) = wire::content_data(&loaded.entry)? {
            return Ok(data);
        }
        match loaded
            .entry
            .content
            .as_ref()
            .and_then(|content| content.src())
        {
            Some(src) => self.fetch(&loaded, src).await,
            None => Err(not_found(None, self.0.kind.name, &self.0.id)),
        }
    }

    /// Data that the service keeps beside the entry.
    async fn fetch(&self, loaded: &Loaded, src: &str) -> Result<ContentData, Error> {
        let url = self.0.api.own_link(&loaded.url, src)?;
        let accept =
            media_type(loaded).and_then(|media_type| HeaderValue::from_str(&media_type).ok());
        let request = Request::new(&CONTENTS_DATA, url)
            .protected(true)
            .accept(accept.unwrap_or(HeaderValue::from_static("*/*")));
        self.0
            .api
            .send(request, |answer| Ok(answer.body.into()))
            .await
    }

    /// The data as text.
    ///
    /// # Errors
    ///
    /// As [`data`](Self::data), and when it is not UTF-8.
    pub async fn text(&self) -> Result<String, Error> {
        let data = self.data().await?;
        data.into_string()
            .map_err(|error| protocol(error.to_string()))
    }

    /// The category it is stored under.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn dataclass(&self) -> Result<Option<Dataclass>, Error> {
        match self.0.staged_text(Field::Dataclass) {
            Some(staged) => Ok(Some(staged.into())),
            None => Ok(self
                .0
                .load()
                .await?
                .entry
                .property("dataclass")
                .map(Dataclass::from)),
        }
    }

    /// What happened to it. Only contents of a collection with a
    /// [`since`](ContentCollection::since) filter know.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn operation(&self) -> Result<Option<ContentOperation>, Error> {
        Ok(self
            .0
            .load()
            .await?
            .entry
            .operation()
            .map(ContentOperation::from))
    }

    /// The title or display name.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn title(&self) -> Result<Option<String>, Error> {
        match self.0.staged_text(Field::Title) {
            Some(staged) => Ok(Some(staged)),
            None => Ok(wire::title(&self.0.load().await?.entry)),
        }
    }

    /// The media type of the data. In Python: `type`.
    ///
    /// # Errors
    ///
    /// When it has to be loaded, and cannot be.
    pub async fn media_type(&self) -> Result<Option<String>, Error> {
        match self.0.staged_data() {
            Some((_, staged)) => Ok(Some(staged)),
            None => Ok(media_type(&*self.0.load().await?)),
        }
    }
}

collection! {
    /// The contents of a datastore, all of them or those that pass its
    /// filters.
    ContentCollection of Content
}

impl ContentCollection {
    /// A new handle with the changes since a time only: contents that were
    /// added, changed or deleted since then, each with its
    /// [`operation`](Content::operation). No request is made.
    pub fn since(&self, since: impl Into<Since>) -> Self {
        let since = since.into();
        Self(self.0.filtered(|filter| filter.since = Some(since)))
    }

    /// A new handle with the contents of one category only. No request is made.
    pub fn dataclass(&self, dataclass: impl Into<Dataclass>) -> Self {
        let dataclass = dataclass.into();
        Self(self.0.filtered(|filter| filter.dataclass = Some(dataclass)))
    }

    /// The changes since a time, and from when on to ask the next time. Always
    /// asked of the service.
    ///
    /// # Errors
    ///
    /// When the service cannot be asked;
    /// [`is_client`](crate::OcssErrorExt::is_client) when it cannot read the time.
    pub async fn changes(&self, since: impl Into<Since>) -> Result<Changes, Error> {
        let (nodes, walked) = self.since(since).0.changes().await?;
        let mut changes = Vec::with_capacity(nodes.len());
        for node in nodes {
            let operation = node
                .load()
                .await?
                .entry
                .operation()
                .map(ContentOperation::from);
            let operation = operation.unwrap_or(ContentOperation::Update);
            let gone = operation == ContentOperation::Delete;
            changes.push(Change {
                id: node.id.clone(),
                operation,
                content: (!gone).then(|| Content::from_node(node)),
            });
        }
        Ok(Changes {
            changes,
            next_mark: walked.mark().map(Since::from),
        })
    }

    /// A new content: its raw data and the media type of it, such as
    /// `text/x-vcard`. Text must be UTF-8 without characters that XML cannot
    /// hold. XML is sent as markup where that keeps every byte of it, else as
    /// characters, which a strict service refuses. All other data is sent as
    /// Base64.
    #[allow(
        clippy::new_ret_no_self,
        clippy::wrong_self_convention,
        reason = "the documented name"
    )]
    pub fn new(&self, data: impl Into<ContentData>, media_type: impl Into<String>) -> NewContent {
        NewContent {
            collection: self.clone(),
            data: data.into(),
            media_type: media_type.into(),
            dataclass: None,
            title: None,
        }
    }
}

/// A content about to be made. Nothing happens until it is awaited.
#[derive(Clone, Debug)]
#[must_use = "nothing is made until it is awaited"]
pub struct NewContent {
    collection: ContentCollection,
    data: ContentData,
    media_type: String,
    dataclass: Option<Dataclass>,
    title: Option<String>,
}

impl NewContent {
    /// The category to store it under. Without it, the service goes by the
    /// media type, and falls back to [`Dataclass::MISC`].
    pub fn dataclass(mut self, dataclass: impl Into<Dataclass>) -> Self {
        self.dataclass = Some(dataclass.into());
        self
    }

    /// A title. Without it, the service makes one up.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// [`is_client`](crate::OcssErrorExt::is_client) before anything is sent:
    /// the data is text that XML cannot hold, or not what its type says. Else
    /// when the service cannot be asked or does not take it. When the
    /// connection was lost it may have been made nevertheless: it is not
    /// tried again.
    pub async fn send(self) -> Result<Content, Error> {
        let Self {
            collection,
            data,
            media_type,
            dataclass,
            title,
        } = self;
        let entry = wire::content(&data, &media_type, dataclass.as_ref(), title.as_deref())?;
        collection
            .0
            .create(entry, Vec::new())
            .await
            .map(Content::from_node)
    }
}

impl IntoFuture for NewContent {
    type Output = Result<Content, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

changes! {
    /// What can be changed of a content.
    ContentUpdate of Content in ContentCollection {
        /// The raw data, and its media type.
        set_data / data(data: impl Into<ContentData>, media_type: impl Into<String>) => {
            Data: Value::Data { data: data.into(), media_type: media_type.into() }
        }
        /// The title or display name.
        set_title / title(title: impl Into<String>) => { Title: Value::Text(title.into()) }
        /// The category it is stored under.
        set_dataclass / dataclass(dataclass: impl Into<Dataclass>) => {
            Dataclass: Value::Text(dataclass.into().as_str().to_owned())
        }
    }
}
