//! What can go wrong with a syncer.

use sync_core::Error;

use super::Status;
use crate::model::NameError;
use crate::store::{StoreError, StoreErrorKind};

/// Why a call of a syncer failed. What was stored before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// What the syncer was set up with; an object that cannot be written as a
    /// JSON object, or read as what was asked for.
    #[error(transparent)]
    Service(#[from] Error),
    /// The store. The edit was not made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A name that the service would not take.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A bucket that the syncer was not given.
    #[error("the syncer does not have the bucket {0}")]
    UnknownBucket(String),
    /// There is no object to patch.
    #[error("there is no such object")]
    NotFound,
    /// It is not done yet, and the time is up.
    #[error(
        "the time was up before everything was synced ({status}); objects with edits that the \
         service does not have: {pending}"
    )]
    TimedOut {
        /// How many objects have edits that the service has not acknowledged.
        /// With none, not all of what the service has is here.
        pending: u64,
        /// The connection: with a token that is refused, no longer wait helps.
        status: Status,
    },
    /// The syncer was stopped, or it failed.
    #[error("the syncer has stopped")]
    Stopped,
}

impl SyncError {
    /// Whether the same may well work a little later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Service(error) => error.is_retryable(),
            Self::Store(error) => matches!(error.kind(), StoreErrorKind::Busy),
            Self::TimedOut { status, .. } => {
                !matches!(status, Status::Unauthorized | Status::OtherUser)
            }
            _ => false,
        }
    }

    /// Which kind of trouble the store has, if it has.
    pub fn store(&self) -> Option<StoreErrorKind> {
        match self {
            Self::Store(error) => Some(error.kind()),
            _ => None,
        }
    }
}
