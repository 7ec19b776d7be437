//! The public types: identities, values with a vocabulary, and snapshots.
//!
//! Everything here is plain data. What talks to the service is in
//! [`api`](crate::api).

mod content;
mod detection;
mod gdata;
mod id;
mod snapshot;
mod vocabulary;

pub use self::content::{Change, Changes, ContentData, NotText, Since};
pub use self::detection::{Detection, DetectionCode};
pub use self::gdata::{AddDatastore, GdataClass, GdataDatastore, TokenType};
pub use self::id::{BindingId, Id};
pub use self::snapshot::{
    ActivesyncData, BindingData, ClientData, ContentSnapshot, DatastoreData, GdataData, ModelData,
    SyncmlData, VendorData,
};
pub use self::vocabulary::{ClientType, ContentOperation, Dataclass, Dominant};
