//! Entries and feeds into what the interface speaks of, and back. Pure.

mod read;
mod write;

use sync_core::Error;

pub(crate) use self::read::{
    Detected, client_type, content_data, detected, gdata_datastores, image_url, name, property,
    title,
};
pub(crate) use self::write::{
    activesync, apply, binding, complete, content, datastore, detection, flatten, gdata,
    gdata_datastore, holds, pincode, syncml,
};
use crate::atom::{Entry, Item, XmlError, names};
use crate::client::{Answer, Node, unreadable};
use crate::time::Timestamp;

/// A page of a listing.
pub(crate) struct FeedPage {
    pub(crate) items: Vec<Item>,
    pub(crate) next: Option<String>,
    pub(crate) total: Option<u64>,
    pub(crate) updated: Option<Timestamp>,
    /// How much memory its items take, about.
    pub(crate) taken: u64,
}

/// Reads a page.
pub(crate) fn feed(answer: &Answer<'_>) -> Result<FeedPage, Error> {
    let mut reader = answer.options().items(&answer.body).map_err(unreadable)?;
    let mut items = Vec::new();
    let mut taken = 0;
    while let Some(item) = reader.next() {
        items.push(item.map_err(unreadable)?);
        taken += reader.cost() + Node::COST as u64;
        let limit = answer.limits.memory;
        if taken > limit {
            return Err(unreadable(XmlError::TooMuchMemory { limit }));
        }
    }
    let head = reader.into_head();
    Ok(FeedPage {
        next: head.next_page().map(str::to_owned),
        total: head.total_results,
        updated: head.updated,
        taken,
        items,
    })
}

/// An item as an entry: what is left of a deleted one becomes an entry that
/// says so.
pub(crate) fn entry_of(item: Item) -> Entry {
    match item {
        Item::Entry(entry) => entry,
        Item::Deleted(tombstone) => {
            let mut entry = Entry::new();
            entry.id = Some(tombstone.reference.clone());
            entry.edited = tombstone.when;
            entry.set_property("content", "operation", "delete");
            entry
        }
    }
}

/// Whether an element or attribute is of the service's own vocabulary.
fn is_oc(namespace: &str) -> bool {
    namespace == names::OC
}
