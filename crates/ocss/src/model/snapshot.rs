//! Resources as plain values, for those who want no more waiting.
//!
//! Each is what the service told last, without the changes that are staged.

use serde::Serialize;

use super::{ClientType, ContentData, ContentOperation, Dataclass, Dominant, GdataDatastore, Id};
use crate::time::Timestamp;

macro_rules! snapshots {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
            #[non_exhaustive]
            pub struct $name {
                /// Its id.
                pub id: Id,
                /// When it was made, if the service says so.
                pub created: Option<Timestamp>,
                /// When it changed last, if the service says so.
                pub modified: Option<Timestamp>,
                $($(#[$field_doc])* pub $field: $type,)*
            }
        )*
    };
}

snapshots! {
    /// A manufacturer.
    VendorData {
        /// Its name.
        pub name: String,
    }

    /// A phone model.
    ModelData {
        /// Its name.
        pub name: String,
        /// The id of its vendor, where the entry names it.
        pub vendor: Option<Id>,
        /// The address of a picture.
        pub image_url: Option<String>,
    }

    /// A client of which only the general things are known.
    ClientData {
        /// The title of its entry.
        pub title: Option<String>,
        /// Its flavour, where the entry tells it.
        pub client_type: Option<ClientType>,
    }

    /// A phone that speaks SyncML.
    SyncmlData {
        /// The IMEI of the device, if any.
        pub imei: Option<String>,
        /// The id of its model, where the entry names it.
        pub model: Option<Id>,
        /// The number of the device.
        pub phone_number: Option<String>,
        /// The time zone that is registered for the device.
        pub timezone: Option<String>,
    }

    /// A device that speaks ActiveSync.
    ActivesyncData {
        /// The name that it authenticates with.
        pub username: Option<String>,
    }

    /// Storage within the service.
    DatastoreData {
        /// The name it was given.
        pub name: String,
    }

    /// A data store elsewhere that speaks GData.
    GdataData {
        /// The user it belongs to.
        pub user_id: Option<String>,
        /// The datastores that are registered with it.
        pub datastores: Vec<GdataDatastore>,
    }

    /// Two clients in a relationship.
    BindingData {
        /// Which client takes precedence.
        pub dominant: Option<Dominant>,
        /// The id of the source, where the entry names it.
        pub source: Option<Id>,
        /// The id of the target, where the entry names it.
        pub target: Option<Id>,
    }

    /// A content of a datastore.
    ContentSnapshot {
        /// Its title or display name.
        pub title: Option<String>,
        /// The media type of its data.
        #[serde(rename = "type")]
        pub media_type: Option<String>,
        /// The category it is stored under.
        pub dataclass: Option<Dataclass>,
        /// What happened to it; only in answers to a question with `since`.
        pub operation: Option<ContentOperation>,
        /// The data, unless it is deleted or kept elsewhere.
        pub data: Option<ContentData>,
    }
}
