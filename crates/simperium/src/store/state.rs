//! How far a bucket is.

use super::Generation;
use crate::model::{AppId, ClientId, Cv};

/// Whose data a store holds, and the device that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The app.
    pub app: AppId,
    /// The user, as the server names them; `None` until it has.
    pub user: Option<String>,
    /// This device. The same for the whole life of the store.
    pub client: ClientId,
}

/// How far a bucket is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketState {
    /// The change version up to which everything is applied, or parked for
    /// reload; `None` before the first index was read to its end.
    pub cv: Option<Cv>,
    /// The reading of the index that is under way.
    pub index_run: Option<IndexRun>,
    /// The last generation that an index run had.
    pub generation: Generation,
}

/// A reading of the index that has begun and has not ended. It goes on where
/// it was, after a restart too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexRun {
    /// The `current` of the first page: the changes after it close the gap
    /// that opened while the pages were read. `None` before the first page.
    pub first_current: Option<Cv>,
    /// Where the next page begins; `None` for the first.
    pub mark: Option<String>,
    /// What entities are marked with that the run has seen.
    pub generation: Generation,
    /// How many entries came so far.
    pub received: u64,
}
