//! What the service sends and takes, typed.

mod checkpoint;
mod content_type;
mod file;
mod filter;
mod id;
mod item;
mod kind;
mod page;
mod time;
mod token;

pub use sync_core::json::{Extra, JsonError, RawJson};

pub use self::checkpoint::{Checkpoint, CheckpointError, Fingerprint, Position};
pub use self::content_type::ContentType;
pub use self::filter::{Filter, StartFrom};
pub use self::id::{ContentTypeUid, Key, Locale, ObjectKind, Uid};
pub(crate) use self::item::ItemParts;
pub use self::item::{
    Asset, ContentTypeDeleted, Entry, Head, Item, Other, PublishDetails, Removed, Unreadable,
};
pub use self::kind::ItemType;
pub use self::page::Page;
pub use self::time::EventTime;
pub use self::token::{PaginationToken, SyncToken, Token};
