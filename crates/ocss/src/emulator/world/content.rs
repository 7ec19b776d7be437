//! What is in a datastore, and what happened to it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Times;
use crate::time::Timestamp;

/// The data of a content item, in the form it is written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::emulator) enum Data {
    /// Of a textual type, or XML that markup would not keep as it is.
    Text(String),
    /// Of an XML type: one element.
    Markup(String),
    /// Of any other type.
    Binary(Vec<u8>),
}

/// An item.
#[derive(Debug, Clone)]
pub(in crate::emulator) struct Content {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) title: String,
    pub(in crate::emulator) dataclass: String,
    pub(in crate::emulator) media_type: String,
    pub(in crate::emulator) data: Data,
    pub(in crate::emulator) times: Times,
    /// Deleted items are kept, for those who ask what has changed.
    pub(in crate::emulator) deleted: bool,
    position: u64,
}

/// What happened to an item since a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Operation {
    Insert,
    Update,
    Delete,
}

impl Operation {
    pub(in crate::emulator) const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// An item as a listing shows it.
pub(in crate::emulator) type Seen<'a> = (&'a Content, Option<Operation>);

/// What a listing is limited to.
#[derive(Debug, Clone, Default)]
pub(in crate::emulator) struct Filter {
    pub(in crate::emulator) since: Option<Timestamp>,
    pub(in crate::emulator) dataclass: Option<String>,
}

/// A datastore's contents.
#[derive(Debug, Clone, Default)]
pub(in crate::emulator) struct Store {
    items: BTreeMap<String, Content>,
    live: usize,
}

impl Store {
    /// How many items there are.
    pub(in crate::emulator) const fn len(&self) -> usize {
        self.live
    }

    pub(in crate::emulator) fn get(&self, id: &str) -> Option<&Content> {
        self.items.get(id).filter(|item| !item.deleted)
    }

    pub(in crate::emulator) fn get_mut(&mut self, id: &str) -> Option<&mut Content> {
        self.items.get_mut(id).filter(|item| !item.deleted)
    }

    /// Adds an item, and says where it is. An item of the same id is replaced.
    pub(in crate::emulator) fn insert(&mut self, new: NewContent, times: Times) -> &Content {
        let position = self.items.len() as u64;
        let content = Content {
            title: new.title.unwrap_or_else(|| new.id.clone()),
            dataclass: new
                .dataclass
                .unwrap_or_else(|| dataclass_for(&new.media_type).to_owned()),
            media_type: new.media_type,
            data: new.data,
            times,
            deleted: false,
            position,
            id: new.id.clone(),
        };
        if self.get(&new.id).is_none() {
            self.live += 1;
        }
        let place = self.items.entry(new.id);
        match place {
            Entry::Vacant(place) => place.insert(content),
            Entry::Occupied(mut place) => {
                place.insert(content);
                place.into_mut()
            }
        }
    }

    /// Deletes an item and keeps its tombstone.
    pub(in crate::emulator) fn delete(&mut self, id: &str, now: Timestamp) -> bool {
        let Some(item) = self.get_mut(id) else {
            return false;
        };
        item.deleted = true;
        item.data = Data::Text(String::new());
        item.title.clone_from(&item.id);
        item.times.touch(now);
        self.live -= 1;
        true
    }

    /// The items that a filter lets through: all that is there, or with a time
    /// everything that has changed since, what was deleted too.
    pub(in crate::emulator) fn list(&self, filter: &Filter) -> Vec<Seen<'_>> {
        let seen = |item: &Content| -> Option<Option<Operation>> {
            let since = match filter.since {
                None if item.deleted => return None,
                None => return Some(None),
                Some(since) => since,
            };
            (item.times.updated >= since).then_some(Some(match () {
                () if item.deleted => Operation::Delete,
                () if item.times.published >= since => Operation::Insert,
                () => Operation::Update,
            }))
        };
        let of_class = |item: &&Content| {
            filter
                .dataclass
                .as_ref()
                .is_none_or(|class| *class == item.dataclass)
        };
        let mut found: Vec<Seen<'_>> = self
            .items
            .values()
            .filter(of_class)
            .filter_map(|item| Some((item, seen(item)?)))
            .collect();
        match filter.since {
            Some(_) => found.sort_by_key(|(item, _)| (item.times.updated, item.position)),
            None => found.sort_by_key(|(item, _)| item.position),
        }
        found
    }
}

/// An item that is not there yet.
#[derive(Debug)]
pub(in crate::emulator) struct NewContent {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) title: Option<String>,
    pub(in crate::emulator) dataclass: Option<String>,
    pub(in crate::emulator) media_type: String,
    pub(in crate::emulator) data: Data,
}

/// A media type in lower case and without parameters.
pub(in crate::emulator) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The dataclass of an item that was given none.
pub(in crate::emulator) fn dataclass_for(media_type: &str) -> &'static str {
    match essence(media_type).as_str() {
        "text/x-vcard" | "text/vcard" => "contacts",
        "text/x-vcalendar" | "text/calendar" => "events",
        "text/plain" | "text" => "notes",
        _ => "Misc",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix(second, 0).unwrap()
    }

    fn store() -> Store {
        let mut store = Store::default();
        for (id, time) in [("a", 10), ("b", 20), ("c", 30)] {
            let new = NewContent {
                id: id.to_owned(),
                title: None,
                dataclass: None,
                media_type: "text/plain".to_owned(),
                data: Data::Text(id.to_owned()),
            };
            store.insert(new, Times::new(at(time)));
        }
        store
    }

    fn changes(store: &Store, since: i64) -> Vec<(&str, &str)> {
        let filter = Filter {
            since: Some(at(since)),
            dataclass: None,
        };
        let list = store.list(&filter);
        list.iter()
            .map(|(item, op)| (item.id.as_str(), op.unwrap().as_str()))
            .collect()
    }

    #[test]
    fn a_change_is_the_net_effect_since_the_mark() {
        let mut store = store();
        store.get_mut("a").unwrap().times.touch(at(40));
        store.get_mut("c").unwrap().times.touch(at(41));
        assert!(store.delete("b", at(42)));
        assert!(!store.delete("b", at(43)));
        assert_eq!(
            changes(&store, 30),
            [("a", "update"), ("c", "insert"), ("b", "delete")]
        );
        assert_eq!(changes(&store, 42), [("b", "delete")]);
        assert_eq!(store.len(), 2);
        assert_eq!(store.list(&Filter::default()).len(), 2);
    }

    #[test]
    fn the_bound_of_a_mark_is_part_of_it() {
        assert_eq!(changes(&store(), 20), [("b", "insert"), ("c", "insert")]);
        assert_eq!(changes(&store(), 31), []);
    }
}
