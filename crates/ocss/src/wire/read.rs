//! Properties out of entries.

use std::borrow::Cow;

use sync_core::Error;

use crate::atom::Entry;
use crate::atom::names::OC;
use crate::client::Loaded;
use crate::error::protocol;
use crate::model::{ClientType, ContentData, GdataDatastore};

/// A property as text of its own.
pub(crate) fn property(loaded: &Loaded, name: &str) -> Option<String> {
    loaded.entry.property(name).map(str::to_owned)
}

/// The title.
pub(crate) fn title(entry: &Entry) -> Option<String> {
    entry.title.as_ref().map(|title| title.value().into_owned())
}

/// The name; for want of one the title.
pub(crate) fn name(entry: &Entry) -> String {
    entry
        .property("name")
        .map_or_else(|| title(entry).unwrap_or_default(), str::to_owned)
}

/// The flavour of a client: as its category says, else by where it is.
pub(crate) fn client_type(entry: &Entry) -> Option<ClientType> {
    let category = entry.categories.iter().find(|category| {
        let scheme = category.scheme().and_then(|scheme| scheme.strip_prefix(OC));
        scheme == Some("#kind")
    });
    if let Some(category) = category {
        return Some(category.term().into());
    }
    let links = ["self", "edit"]
        .into_iter()
        .filter_map(|rel| entry.link(rel))
        .map(|link| link.href());
    let mut places = links.chain(entry.id.as_deref());
    places.find_map(|place| {
        let (_, rest) = place.split_once("/services/")?;
        let mut segments = rest.split('/');
        let kind = segments.next()?;
        // One segment only is the id of a client in the generic collection.
        segments.next().filter(|id| !id.is_empty())?;
        Some(match kind {
            "google" => ClientType::Gdata,
            kind => kind.into(),
        })
    })
}

/// The address of a picture: as the model says, else by a link, resolved. It
/// may be anywhere.
pub(crate) fn image_url(loaded: &Loaded) -> Option<String> {
    let entry = &loaded.entry;
    if let Some(url) = entry.property_url("image_url", &loaded.url.to_string()) {
        return Some(url.into());
    }
    let link = ["image", "enclosure", "icon"]
        .into_iter()
        .find_map(|rel| loaded.href(rel));
    link.map(str::to_owned)
}

/// The datastores of a GData client.
pub(crate) fn gdata_datastores(entry: &Entry) -> Vec<GdataDatastore> {
    let Some(list) = entry.property_element("datastores") else {
        return Vec::new();
    };
    let stores = list
        .children()
        .iter()
        .filter(|element| element.is(OC, "datastore"));
    stores
        .map(|store| {
            let text = |name| {
                let child = store.child(OC, name);
                child.map(|child| child.text().trim().to_owned())
            };
            let dataclass = text("dataclass").unwrap_or_default();
            GdataDatastore {
                url: text("url").unwrap_or_default(),
                name: text("name").unwrap_or_else(|| dataclass.clone()),
                dataclass,
            }
        })
        .collect()
}

/// The data of a content, if it is in the entry.
///
/// # Errors
///
/// When it should be Base64 and is not.
pub(crate) fn content_data(entry: &Entry) -> Result<Option<ContentData>, Error> {
    match &entry.content {
        Some(content) if content.src().is_none() => {
            let data = content
                .data()
                .map_err(|error| protocol(error.to_string()))?;
            Ok(Some(match data {
                Cow::Borrowed(bytes) => bytes.into(),
                Cow::Owned(bytes) => bytes.into(),
            }))
        }
        _ => Ok(None),
    }
}

/// What an answer about a detection says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detected {
    Pending,
    Unidentified,
    /// The entry is that of the model.
    Model,
}

/// Reads an answer about a detection: either its state or a model.
pub(crate) fn detected(entry: &Entry) -> Result<Detected, Error> {
    let detection = entry
        .extensions
        .iter()
        .find(|element| element.is(OC, "detection"));
    let Some(detection) = detection else {
        return Ok(Detected::Model);
    };
    let status = detection.child(OC, "status").map(|status| status.text());
    match status.as_deref().map(str::trim) {
        Some("unidentified") => Ok(Detected::Unidentified),
        Some("pending") => Ok(Detected::Pending),
        _ => Err(protocol(
            "the service tells a state of the detection that is not known",
        )),
    }
}
