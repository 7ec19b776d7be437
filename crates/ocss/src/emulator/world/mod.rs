//! What the server knows: plain maps, all in memory.

mod content;
mod seed;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::SystemTime;

use sha1::{Digest as _, Sha1};
use sync_core::Secret;

pub(super) use self::content::{Data, Filter, NewContent, Seen, Store, essence};
use crate::time::Timestamp;

/// A manufacturer of phones.
#[derive(Debug, Clone)]
pub(super) struct Vendor {
    pub(super) id: String,
    pub(super) name: String,
}

/// A model of phone.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) vendor: String,
}

/// The flavours of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Syncml,
    Activesync,
    Datastore,
    Gdata,
}

impl Kind {
    /// The term of its category.
    pub(super) const fn term(self) -> &'static str {
        match self {
            Self::Syncml => "syncml",
            Self::Activesync => "activesync",
            Self::Datastore => "datastore",
            Self::Gdata => "gdata",
        }
    }

    /// The name in messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Syncml => "SyncmlClient",
            Self::Activesync => "ActivesyncClient",
            Self::Datastore => "DatastoreClient",
            Self::Gdata => "GDataClient",
        }
    }
}

/// When something was made and changed, and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) published: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) version: u64,
}

impl Times {
    pub(super) const fn new(published: Timestamp) -> Self {
        Self {
            published,
            updated: published,
            version: 1,
        }
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.updated = now;
        self.version += 1;
    }
}

/// The times of what never changes: the first days of 2009.
pub(super) fn fixed_times(day: u8) -> Times {
    let published = Timestamp::from_civil(2009, 1, day, 0, 0, 0);
    Times::new(published.unwrap_or_else(|| SystemTime::UNIX_EPOCH.into()))
}

/// One half of a sync relationship.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    /// The account's name.
    pub(super) owner: String,
    pub(super) title: String,
    pub(super) times: Times,
    /// The order of listings.
    pub(super) position: u64,
    pub(super) data: ClientData,
}

/// What the flavours have of their own.
#[derive(Debug, Clone)]
pub(super) enum ClientData {
    Syncml {
        model: String,
        imei: String,
        phone_number: String,
        timezone: String,
    },
    Activesync {
        username: String,
        password: Secret<String>,
    },
    Datastore {
        name: String,
        store: Store,
    },
    Gdata {
        user_id: String,
        datastores: Vec<GdataDatastore>,
    },
}

impl Client {
    pub(super) const fn kind(&self) -> Kind {
        match self.data {
            ClientData::Syncml { .. } => Kind::Syncml,
            ClientData::Activesync { .. } => Kind::Activesync,
            ClientData::Datastore { .. } => Kind::Datastore,
            ClientData::Gdata { .. } => Kind::Gdata,
        }
    }

    pub(super) const fn store(&self) -> Option<&Store> {
        match &self.data {
            ClientData::Datastore { store, .. } => Some(store),
            _ => None,
        }
    }

    pub(super) const fn store_mut(&mut self) -> Option<&mut Store> {
        match &mut self.data {
            ClientData::Datastore { store, .. } => Some(store),
            _ => None,
        }
    }
}

/// A datastore registered with a GData client. Its token was checked and
/// dropped: nothing here ever talks to it.
#[derive(Debug, Clone)]
pub(super) struct GdataDatastore {
    pub(super) dataclass: String,
    pub(super) url: String,
    pub(super) name: String,
}

/// Two clients in a sync relationship.
#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) dominant: String,
    pub(super) times: Times,
}

/// A phone that was invited to the detection page.
#[derive(Debug, Clone)]
pub(super) struct Detection {
    pub(super) owner: String,
    pub(super) outcome: Outcome,
}

/// What came of the invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Pending,
    Unidentified,
    Identified(String),
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) vendors: Vec<Vendor>,
    pub(super) models: Vec<Model>,
    pub(super) clients: BTreeMap<String, Client>,
    pub(super) bindings: BTreeMap<u64, Binding>,
    pub(super) detections: BTreeMap<String, Detection>,
    pub(super) messages: Vec<super::Message>,
    /// The clients that were told to sync, in order.
    pub(super) syncs: Vec<String>,
    counter: u64,
}

impl World {
    /// The data of a fresh server.
    pub(super) fn fresh() -> Self {
        static SEED: LazyLock<World> = LazyLock::new(seed::world);
        SEED.clone()
    }

    /// The vendor with this id.
    pub(super) fn vendor(&self, id: &str) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| vendor.id == id)
    }

    /// The model with this id.
    pub(super) fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// An account's client.
    pub(super) fn client(&self, owner: &str, id: &str) -> Option<&Client> {
        self.clients.get(id).filter(|client| client.owner == owner)
    }

    /// An account's client, to change it.
    pub(super) fn client_mut(&mut self, owner: &str, id: &str) -> Option<&mut Client> {
        self.clients
            .get_mut(id)
            .filter(|client| client.owner == owner)
    }

    /// An account's clients, of one kind or all, in the order they were made.
    pub(super) fn clients_of(&self, owner: &str, kind: Option<Kind>) -> Vec<&Client> {
        let of_owner = self.clients.values().filter(|client| client.owner == owner);
        let mut found: Vec<_> = of_owner
            .filter(|client| kind.is_none_or(|kind| client.kind() == kind))
            .collect();
        found.sort_by_key(|client| client.position);
        found
    }

    /// A number that was not there before.
    pub(super) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// An id that was not there before.
    pub(super) fn next_id(&mut self, what: &str) -> String {
        let number = self.next();
        uuid(&format!("{what}/new/{number}"))
    }
}

/// The UUID of a name (RFC 9562, version 5, the namespace of URLs), so that
/// every fresh server has the same ids.
pub(super) fn uuid(name: &str) -> String {
    const NAMESPACE: [u8; 16] = [
        0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30,
        0xc8,
    ];
    let hash = Sha1::new()
        .chain_update(NAMESPACE)
        .chain_update(name)
        .finalize();
    let mut text = String::with_capacity(36);
    for (index, byte) in hash.iter().take(16).enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match index {
            6 => byte & 0x0f | 0x50,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_uuids_of_their_names() {
        assert_eq!(uuid("vendor/Nokia"), "0ee79057-2106-5b66-b20d-1aed04b454bd");
    }
}
