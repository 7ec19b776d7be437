//! What happens in a bucket, as its subscribers see it.

use std::fmt;

use super::Status;
use super::machine::{BucketEvent, Conflict};
use crate::jsondiff::{Diff, DiffError, diff};
use crate::model::{Ccid, ChangeErrorCode, Key};
use crate::store::Json;

/// What happened in a bucket.
///
/// What this program does itself is not among it, but for what becomes of it
/// at the service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The index is being read: on a device's first sync, and when the service
    /// has forgotten how far this device was.
    Indexing {
        /// How many entities have come so far.
        done: u64,
        /// How many there are. The service does not say so before the last page:
        /// `None` until that has come, and then as many as `done`.
        total: Option<u64>,
    },
    /// Everything that the service had is here. Comes after each connecting.
    Ready,
    /// The service does not open the bucket: a bad name, no permission. It is
    /// tried again with the next connection.
    Refused {
        /// The code, such as 500.
        code: u16,
        /// For people.
        message: String,
    },
    /// An object came from another device.
    Added {
        /// Its key.
        key: Key,
        /// Its version.
        version: u64,
        /// The object.
        object: Json,
        /// The id of the client that made it, where that is known.
        by: Option<String>,
    },
    /// An object is another now, as it was changed elsewhere.
    Changed {
        /// Its key.
        key: Key,
        /// The version of the service that is in it.
        version: u64,
        /// The id of the client that changed it, where that is known.
        by: Option<String>,
        /// What has changed in the object as it is seen here.
        patch: Patch,
    },
    /// An object was removed elsewhere, and is gone here.
    Removed {
        /// Its key.
        key: Key,
        /// The object as it was here.
        before: Json,
        /// The id of the client that removed it, where that is known.
        by: Option<String>,
    },
    /// The service has an edit of this device.
    Acknowledged {
        /// The key of the object.
        key: Key,
        /// The id of the change.
        ccid: Ccid,
        /// The version that it made, where the service said it.
        version: Option<u64>,
    },
    /// Two edits could not both be kept. What is not in the result is here, and
    /// in the store until [`settle`](super::SyncedBucket::settle) is called.
    Conflict(Box<Conflict>),
    /// The service will not have an edit of this device as it is. The object
    /// stays as it is here, and is sent again once it is edited.
    Rejected {
        /// The key of the object.
        key: Key,
        /// The id of the change.
        ccid: Ccid,
        /// Why.
        reason: ChangeErrorCode,
        /// The object that was refused; `None` for a deletion.
        object: Option<Json>,
    },
    /// The connection is another now.
    Connection(Status),
    /// So many events were thrown away, as they were not taken in time. What
    /// the objects are now is in the store.
    Lagged(u64),
}

/// What has changed in an object.
#[derive(Clone, PartialEq, Eq)]
pub struct Patch {
    before: Option<Json>,
    after: Json,
}

impl Patch {
    /// The object before; `None` if it had been deleted here, and is back.
    pub fn before(&self) -> Option<&Json> {
        self.before.as_ref()
    }

    /// The object now.
    pub fn after(&self) -> &Json {
        &self.after
    }

    /// The difference between the two; from an empty object, if there was none.
    ///
    /// # Errors
    ///
    /// The objects are nested too deeply to be compared.
    pub fn diff(&self) -> Result<Diff, DiffError> {
        let value = |json: &Json| json.decode().unwrap_or_default();
        let before = match &self.before {
            Some(before) => value(before),
            None => serde_json::json!({}),
        };
        diff(&before, &value(&self.after))
    }
}

// Objects are user data.
impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch").finish_non_exhaustive()
    }
}

impl From<BucketEvent> for Event {
    fn from(event: BucketEvent) -> Self {
        match event {
            BucketEvent::Indexing { received, is_all } => Self::Indexing {
                done: received,
                total: is_all.then_some(received),
            },
            BucketEvent::Ready => Self::Ready,
            BucketEvent::Refused { code, message } => Self::Refused { code, message },
            BucketEvent::Added {
                key,
                version,
                object,
                by,
            } => Self::Added {
                key,
                version,
                object,
                by,
            },
            BucketEvent::Changed {
                key,
                version,
                before,
                object,
                by,
            } => Self::Changed {
                key,
                version,
                by,
                patch: Patch {
                    before,
                    after: object,
                },
            },
            BucketEvent::Removed { key, before, by } => Self::Removed { key, before, by },
            BucketEvent::Acknowledged { key, ccid, version } => {
                Self::Acknowledged { key, ccid, version }
            }
            BucketEvent::Conflict(conflict) => Self::Conflict(conflict),
            BucketEvent::Rejected {
                key,
                ccid,
                code,
                object,
            } => Self::Rejected {
                key,
                ccid,
                reason: code,
                object,
            },
        }
    }
}
