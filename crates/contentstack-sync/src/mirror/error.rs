//! What can go wrong with a mirror.

use sync_core::{Error, ErrorKind};

use crate::store::{StoreError, StoreErrorKind};

/// What stopped a run, or a read. The mirror is as it was after the last page
/// that it stored, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The service, or the way to it.
    #[error(transparent)]
    Service(#[from] Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service keeps forgetting its tokens: a full sync was begun this
    /// many times within one run.
    #[error("the service forgot its tokens again and again: {restarts} full syncs were begun")]
    Unsettled {
        /// How many times.
        restarts: u32,
        /// What it said the last time.
        #[source]
        last: Error,
    },
    /// The reader of changes was away for longer than tombstones are kept. It
    /// must read all rows again, and go on from the number of before that.
    #[error("the reader of changes was away for longer than deletions are remembered")]
    ChangesExpired,
}

impl MirrorError {
    /// Whether the same may well work a little later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Service(error) => error.is_retryable(),
            Self::Store(error) => {
                matches!(
                    error.kind(),
                    StoreErrorKind::Busy | StoreErrorKind::Conflict
                )
            }
            Self::Unsettled { .. } => true,
            Self::ChangesExpired => false,
        }
    }

    /// The error of the service, if it is one.
    pub fn service(&self) -> Option<&Error> {
        match self {
            Self::Service(error) | Self::Unsettled { last: error, .. } => Some(error),
            Self::Store(_) | Self::ChangesExpired => None,
        }
    }

    /// Which kind of trouble the store has, if it has.
    pub fn store(&self) -> Option<StoreErrorKind> {
        match self {
            Self::Store(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// Whether what the mirror was set up with cannot work: waiting does not
    /// help.
    pub fn is_setup(&self) -> bool {
        match self {
            Self::Service(error) => matches!(error.kind(), ErrorKind::Config | ErrorKind::Auth),
            Self::Store(error) => matches!(
                error.kind(),
                StoreErrorKind::Mismatch | StoreErrorKind::Version
            ),
            _ => false,
        }
    }
}
