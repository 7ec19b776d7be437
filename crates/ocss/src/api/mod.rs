//! The interface itself: collections and resources.
//!
//! The names are those of the service's Python library; its attributes became
//! methods. What is a property there, and may have to be fetched, is an
//! `async` method here.

mod activesync;
mod bindings;
mod clients;
mod contents;
mod datastore;
mod face;
mod gdata;
mod operations;
mod phones;
mod syncml;

pub use self::activesync::{Activesync, ActivesyncClient, ActivesyncUpdate};
pub use self::bindings::{Binding, BindingUpdate, Bindings};
pub use self::clients::{Client, ClientRef, Clients, UnknownClient};
pub use self::contents::{Content, ContentCollection, ContentUpdate, NewContent};
pub use self::datastore::{Datastore, DatastoreClient, DatastoreUpdate};
pub use self::face::ResourceRef;
pub use self::gdata::{Gdata, GdataClient, GdataUpdate};
pub use self::phones::{Model, Models, Phones, Vendor, Vendors};
pub use self::syncml::{NewSyncml, Syncml, SyncmlClient};
