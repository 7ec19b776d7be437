//! What can go wrong with a query.

use crate::model::{JsonError, Key};
use crate::store::StoreError;

/// Why a query has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The store could not be read.
    #[error("the mirror could not be read")]
    Store(#[from] StoreError),
    /// A result is not what it was to be read as.
    #[error("{key} is not what was expected")]
    Decode {
        /// Which entry or asset.
        key: Key,
        /// Where in it, and why.
        source: JsonError,
    },
    /// A regular expression that is none.
    #[error("{expression:?} is no regular expression: {reason}")]
    Regex {
        /// What was given.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was to be included into one entry grew over the limit: see
    /// [`include_limit`](super::EntryQuery::include_limit).
    #[error("what is included in {key} is more than {limit} bytes")]
    TooLarge {
        /// Into which entry.
        key: Key,
        /// The limit.
        limit: usize,
    },
}
