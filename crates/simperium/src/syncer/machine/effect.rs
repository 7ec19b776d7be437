//! What the machine asks for, and what it tells.

use std::fmt;

use sync_core::Secret;

use crate::jsondiff::Lost;
use crate::model::{Ccid, ChangeErrorCode, Key};
use crate::store::{ConflictId, ConflictKind, Json};

/// Something to be done once the transaction is kept, in this order. If the
/// transaction fails, its effects are not to be done, and the machine is to be
/// made anew from the store. Buckets are numbered as in
/// [`Machine::load`](super::Machine::load).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Send this frame.
    Send(String),
    /// Send this frame, which holds the token.
    SendSecret(Secret<String>),
    /// Close the connection, and open another.
    Reconnect {
        /// The token was refused: take another one.
        renew_token: bool,
    },
    /// Read the newest version of an entity over HTTP; then call
    /// [`fetched`](super::Machine::fetched).
    Fetch {
        /// The bucket.
        bucket: usize,
        /// The entity.
        key: Key,
    },
    /// One version of an entity, as [`revisions`](super::Machine::revisions)
    /// asked for. They come as the server answers.
    Revision {
        /// The bucket.
        bucket: usize,
        /// The entity.
        key: Key,
        /// The version.
        version: u64,
        /// The object; `None` if the server does not keep this version.
        object: Option<Json>,
    },
    /// All versions of an entity have come.
    RevisionsEnd {
        /// The bucket.
        bucket: usize,
        /// The entity.
        key: Key,
    },
    /// Tell whoever listens.
    Event {
        /// The bucket.
        bucket: usize,
        /// What happened.
        event: BucketEvent,
    },
}

/// Something that happened in a bucket.
#[derive(Clone)]
#[non_exhaustive]
pub enum BucketEvent {
    /// The index is being read.
    Indexing {
        /// How many entities have come so far.
        received: u64,
        /// Whether these are all.
        is_all: bool,
    },
    /// Everything the server had when it was asked is here.
    Ready,
    /// The server does not open the bucket: a bad name, no permission. It is
    /// tried again with the next connection.
    Refused {
        /// The code, such as 500.
        code: u16,
        /// For people.
        message: String,
    },
    /// An entity came from elsewhere.
    Added {
        /// Its key.
        key: Key,
        /// The version.
        version: u64,
        /// The object.
        object: Json,
        /// The client that made it, where that is known.
        by: Option<String>,
    },
    /// An object changed for something that happened elsewhere.
    Changed {
        /// Its key.
        key: Key,
        /// The server's version that is in it.
        version: u64,
        /// The object as it was here; `None` if it was deleted here and is back.
        before: Option<Json>,
        /// The object as it is now.
        object: Json,
        /// The client that changed it, where that is known.
        by: Option<String>,
    },
    /// An entity was deleted elsewhere.
    Removed {
        /// Its key.
        key: Key,
        /// The object as it was here.
        before: Json,
        /// The client that deleted it, where that is known.
        by: Option<String>,
    },
    /// The server has a change of this device.
    Acknowledged {
        /// The entity.
        key: Key,
        /// The change.
        ccid: Ccid,
        /// The version that it made, where there is one.
        version: Option<u64>,
    },
    /// Something could not be kept on its own.
    Conflict(Box<Conflict>),
    /// The server will not have a change. The object stays as it is here, and
    /// nothing of it is sent until it is edited or
    /// [retried](super::Machine::retry).
    Rejected {
        /// The entity.
        key: Key,
        /// The change.
        ccid: Ccid,
        /// Why.
        code: ChangeErrorCode,
        /// The object that was refused; `None` for a deletion.
        object: Option<Json>,
    },
}

/// What could not be kept on its own when two sides met.
#[derive(Clone, PartialEq)]
pub struct Conflict {
    /// The entity.
    pub key: Key,
    /// What happened.
    pub kind: ConflictKind,
    /// What both sides began with, where that is known.
    pub base: Option<Json>,
    /// The object of this device; `None` if it was deleted here.
    pub local: Option<Json>,
    /// The server's object; `None` if it was deleted there.
    pub remote: Option<Json>,
    /// What came of it; `None` if the entity is gone.
    pub result: Option<Json>,
    /// What is not in the result, in particular.
    pub lost: Vec<Lost>,
    /// The copy that the store keeps: there is one whenever something is not in
    /// the result, but for numbers and switches that were set on both sides.
    pub copy: Option<ConflictId>,
}

// Objects are user data.
impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict")
            .field("key", &self.key)
            .field("kind", &self.kind)
            .field("lost", &self.lost.len())
            .field("copy", &self.copy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BucketEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut named = |name, key: &Key| f.debug_tuple(name).field(key).finish();
        match self {
            Self::Added { key, .. } => named("Added", key),
            Self::Changed { key, .. } => named("Changed", key),
            Self::Removed { key, .. } => named("Removed", key),
            Self::Acknowledged { key, .. } => named("Acknowledged", key),
            Self::Rejected { key, code, .. } => {
                f.debug_tuple("Rejected").field(key).field(code).finish()
            }
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::Indexing { received, .. } => f.debug_tuple("Indexing").field(received).finish(),
            Self::Ready => f.write_str("Ready"),
            Self::Refused { code, message } => {
                f.debug_tuple("Refused").field(code).field(message).finish()
            }
        }
    }
}
