//! What is kept of an entity.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Json;
use crate::model::{Ccid, ChangeErrorCode, Key, Operation};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// This much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl From<SystemTime> for Millis {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Which reading of the index an entity was last seen in. Grows with every
/// index run of a bucket; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

/// An entity as this device has it: what the server has of it, and what the
/// user has made of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The last version that came from the server; `None` for an entity that
    /// only this device has.
    pub ghost: Option<Ghost>,
    /// The object as the user sees it.
    pub local: Local,
    /// The index run in which the server had it.
    pub seen: Generation,
}

impl Record {
    /// An entity that is as the server has it.
    pub fn synced(version: u64, data: Json, seen: Generation) -> Self {
        Self {
            ghost: Some(Ghost { version, data }),
            local: Local::Same,
            seen,
        }
    }

    /// The object as the user sees it; `None` if there is none.
    pub fn object(&self) -> Option<&Json> {
        match &self.local {
            Local::Same => self.ghost.as_ref().map(|ghost| &ghost.data),
            Local::Changed(object) => Some(object),
            Local::Deleted => None,
        }
    }

    /// The version of the ghost.
    pub fn version(&self) -> Option<u64> {
        self.ghost.as_ref().map(|ghost| ghost.version)
    }
}

/// A version of an entity as the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    /// The version, from 1.
    pub version: u64,
    /// The object.
    pub data: Json,
}

/// How the user's object differs from the ghost. Most do not, so that most
/// texts are kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Local {
    /// It is the ghost's.
    #[default]
    Same,
    /// It is this one.
    Changed(Json),
    /// The user has deleted it.
    Deleted,
}

/// The place of a change in the queue: the oldest has the lowest number.
/// Stores give them out, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub u64);

/// What is to be sent of an entity: one for each key at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Where it stands.
    pub state: PendingState,
    /// The change that was made of it, and is sent again unchanged until the
    /// server has answered. Some while [`InFlight`](PendingState::InFlight) or
    /// [`Acknowledged`](PendingState::Acknowledged).
    pub change: Option<QueuedChange>,
    /// Whether the object was edited after the change was made, so that there
    /// is another one to follow it.
    pub edited: bool,
    /// Whether the next change carries the whole object instead of a diff.
    pub full: bool,
    /// How often a change of this entity was refused since it last succeeded.
    pub attempts: u32,
    /// Not to be sent before.
    pub not_before: Millis,
    /// What the server said to it last.
    pub last_error: Option<ChangeErrorCode>,
}

/// Where a pending entity stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PendingState {
    /// Edited; no change was made of it yet.
    #[default]
    Dirty,
    /// A change was made of it and may have been sent.
    InFlight,
    /// The server has made its change, and the entity is to be read to see what
    /// came of it ([`Transaction::set_reload`](super::Transaction::set_reload)).
    Acknowledged,
    /// The server will not have it as it is: kept until it is edited again.
    Parked,
}

impl PendingState {
    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::Dirty,
        Self::InFlight,
        Self::Acknowledged,
        Self::Parked,
    ];

    /// A name that stays, for stores to write down.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dirty => "dirty",
            Self::InFlight => "in-flight",
            Self::Acknowledged => "acknowledged",
            Self::Parked => "parked",
        }
    }

    /// The one of this [name](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// A change as it goes to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedChange {
    /// Its id.
    pub ccid: Ccid,
    /// What it does.
    pub operation: Operation,
    /// The version that it is based on, or deletes; `None` for a new entity.
    pub sv: Option<u64>,
    /// The exact text of the change object.
    pub payload: Json,
    /// The object as it is after the change; `None` for a deletion. What the
    /// user edits meanwhile is the difference from it.
    pub sent: Option<Json>,
}

/// The number of a conflict; grows. Stores give them out, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConflictId(pub u64);

/// What a conflict was about, kept until the user has dealt with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictCopy {
    /// The entity.
    pub key: Key,
    /// What happened.
    pub kind: ConflictKind,
    /// When.
    pub at: Millis,
    /// What both sides began with, where it is known.
    pub base: Option<Json>,
    /// This device's object before; `None` if the user had deleted it.
    pub local: Option<Json>,
    /// The server's object; `None` if it was deleted there.
    pub remote: Option<Json>,
    /// What came of it; `None` if the entity is gone.
    pub result: Option<Json>,
}

/// What happened in a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConflictKind {
    /// Text of one side found no place in the merged text, or went with a deletion
    /// that found another place than its own.
    LostText,
    /// Both sides have set the same field to something else.
    Overwritten,
    /// Deleted by another device while it was edited here.
    DeletedRemotely,
    /// Edited by another device while it was deleted here.
    DeletedLocally,
    /// The server refused the change for good.
    Rejected,
}

impl ConflictKind {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::LostText,
        Self::Overwritten,
        Self::DeletedRemotely,
        Self::DeletedLocally,
        Self::Rejected,
    ];

    /// A name that stays, for stores to write down.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LostText => "lost-text",
            Self::Overwritten => "overwritten",
            Self::DeletedRemotely => "deleted-remotely",
            Self::DeletedLocally => "deleted-locally",
            Self::Rejected => "rejected",
        }
    }

    /// The one of this [name](Self::as_str).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
