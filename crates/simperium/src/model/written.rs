//! What became of a write.

use std::sync::Arc;

use sync_core::Error;

use super::name::{Ccid, Key};

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The entity is new: its version is 1.
    Created,
    /// The given keys were set, and the others left as they were.
    Merged,
    /// The object is now the given one.
    Replaced,
    /// The object was like this already; there is no new version (412).
    Unchanged,
    /// This change was made before: an earlier attempt came through, and only
    /// its answer was lost (409).
    AlreadyApplied,
}

/// What came of a write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Written<T> {
    /// The entity.
    pub key: Key,
    /// The id that the change was sent with.
    pub ccid: Ccid,
    /// The entity's version now. `None` if the service did not say it, as with
    /// [`Outcome::AlreadyApplied`].
    pub version: Option<u64>,
    /// What was done.
    pub outcome: Outcome,
    /// The whole object, if it was asked for.
    pub object: Option<T>,
    /// Why there is no object, although it was asked for: it could not be read,
    /// or is no `T`. What is said of the write holds all the same.
    pub object_error: Option<Arc<Error>>,
}

/// What a deletion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeleteOutcome {
    /// The entity is gone.
    Deleted,
    /// It was gone already: an earlier attempt came through, and only its
    /// answer was lost, or the service says that nothing has changed.
    AlreadyApplied,
}

/// What came of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deleted {
    /// The entity.
    pub key: Key,
    /// The id that the change was sent with.
    pub ccid: Ccid,
    /// The version that the deletion made, if the service said it.
    pub version: Option<u64>,
    /// What was done.
    pub outcome: DeleteOutcome,
}
