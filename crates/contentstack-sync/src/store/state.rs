//! How far a mirror is.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::Seq;
use crate::model::{ContentTypeUid, Filter, Fingerprint, Position, RawJson, SyncToken};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// This much earlier, or the beginning of time.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }

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

/// Which full sync a row came with. Grows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

/// Whose mirror it is. A store serves one only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Stack, environment, branch and host.
    pub stack: Fingerprint,
    /// What is mirrored of it.
    pub filter: Filter,
    /// Of which types entries are mirrored; none: of all.
    #[serde(default)]
    pub content_types: BTreeSet<ContentTypeUid>,
}

/// The name of a chain, for example `main` or `article`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChainName(Arc<str>);

impl ChainName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ChainName {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for ChainName {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for ChainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// A chain of pages: one filter, one position. A mirror has one, or with a
/// sharded load one for each shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Its name, unlike any other of the mirror.
    pub name: ChainName,
    /// What it brings.
    pub filter: Filter,
    /// Which page comes next.
    pub position: Position,
    /// With which token the delta began whose pages are being read: from there
    /// it can be read again.
    pub since: Option<SyncToken>,
    /// Pages of the present result so far.
    pub pages: u64,
    /// Items of the present result so far.
    pub items: u64,
    /// Items of the present result in all, as far as the service said so.
    pub total: Option<u64>,
    /// Deltas that were read to their end.
    pub deltas: u64,
}

impl Chain {
    /// A chain that has not begun.
    pub fn new(name: impl Into<ChainName>, filter: Filter) -> Self {
        Self {
            name: name.into(),
            filter,
            position: Position::Start,
            since: None,
            pages: 0,
            items: 0,
            total: None,
            deltas: 0,
        }
    }

    /// Whether its full load is done.
    pub fn is_loaded(&self) -> bool {
        matches!(self.position, Position::Delta(_)) || self.since.is_some()
    }
}

/// The beginning of a generation.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Whose mirror it is. The first one is kept for good.
    pub identity: Identity,
    /// The generation that is being built now, to be thrown away.
    pub replaces: Option<Generation>,
    /// Why there is a full sync, for the report of a run that takes it up.
    pub reason: String,
    /// The chains that it takes. At least one.
    pub chains: Vec<Chain>,
}

/// A generation that readers do not see yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Building {
    /// Its number.
    pub generation: Generation,
    /// Why it was begun.
    pub reason: String,
}

/// What a store keeps, without the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Whose mirror it is; `None` before the first [`Begin`].
    pub identity: Option<Identity>,
    /// What readers see; `None` until the first full sync is complete.
    pub readable: Option<Generation>,
    /// What is being built.
    pub building: Option<Building>,
    /// The chains, in the order of their names: of the generation that is
    /// being built, or else of the readable one.
    pub chains: Vec<Chain>,
    /// The last number that readers may see.
    pub seq: Seq,
    /// How many dead letters there are.
    pub dead_letters: u64,
}

impl State {
    /// Whether the mirror is complete: a full sync is done, and a delta after
    /// it, for what was changed in between.
    pub fn is_ready(&self) -> bool {
        match (&self.readable, &self.building) {
            (None, _) => false,
            (Some(_), None) => self.chains.iter().all(|chain| chain.deltas > 0),
            // It was, or there would be no later one.
            (Some(_), Some(_)) => true,
        }
    }
}

/// How much there is in the readable generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Entries, each locale by itself.
    pub entries: u64,
    /// Assets, each locale by itself.
    pub assets: u64,
    /// Rows that are gone and remembered.
    pub tombstones: u64,
    /// Items that could not be applied.
    pub dead_letters: u64,
}

impl Counts {
    /// Nothing yet.
    pub const fn none() -> Self {
        Self {
            entries: 0,
            assets: 0,
            tombstones: 0,
            dead_letters: 0,
        }
    }
}

/// The schema of a content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSchema {
    /// Which type.
    pub uid: ContentTypeUid,
    /// What the service says of it, as it was sent.
    pub schema: RawJson,
}
