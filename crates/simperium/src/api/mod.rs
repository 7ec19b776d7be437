//! Buckets: entities, their index and history, and their changes.

mod all;
mod bucket;
mod bulk;
mod changes;
mod delete;
mod entries;
mod history;
mod index;
mod item;
mod poll;
mod write;

pub use self::all::All;
pub use self::bucket::Bucket;
pub use self::bulk::Bulk;
pub use self::changes::Changes;
pub use self::delete::Delete;
pub use self::entries::Entries;
pub use self::history::History;
pub use self::index::{Index, IndexPage};
pub use self::item::Item;
pub use self::poll::{ChangeEvent, ChangeStream};
pub use self::write::Write;
