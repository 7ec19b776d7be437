//! Where to go on after a restart.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Filter, PaginationToken, SyncToken};

/// Where a sync stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Nothing was fetched yet.
    #[default]
    Start,
    /// In the middle of a result: its next page.
    Page(PaginationToken),
    /// At the end of a result: what has changed since.
    Delta(SyncToken),
}

/// Which stack, environment, branch and host a sync is of, without naming
/// them: a digest that holds no secret.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(Box<str>);

impl Fingerprint {
    /// The digest of these parts, in order.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
        digest.update(b"contentstack-sync 1");
        for part in parts {
            // With its length, so that no two lists of parts look alike.
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = digest.finish();
        let hex: String = digest.as_ref()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(hex.into())
    }

    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Fingerprint {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Fingerprint {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where to go on after a restart, and with what: position, filter and stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The form of this value: [`Checkpoint::VERSION`].
    pub version: u32,
    /// Where the sync stands.
    pub position: Position,
    /// What it is limited to.
    #[serde(default)]
    pub filter: Filter,
    /// What it is of.
    pub stack: Fingerprint,
}

impl Checkpoint {
    /// The form that this version of the crate writes.
    pub const VERSION: u32 = 1;

    /// A checkpoint.
    pub fn new(stack: Fingerprint, filter: Filter, position: Position) -> Self {
        Self {
            version: Self::VERSION,
            position,
            filter,
            stack,
        }
    }
}

/// Why a checkpoint cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is of another stack, environment, branch or host.
    #[error("the checkpoint is of another stack, environment, branch or host")]
    OtherStack,
    /// It is of a sync with another filter, which its token keeps.
    #[error("the checkpoint is of a sync with another filter")]
    OtherFilter,
    /// It was written in a form that this version does not know.
    #[error("the checkpoint was written by another version of this crate")]
    OtherVersion,
    /// It is no checkpoint at all.
    #[error("this is no checkpoint")]
    Unreadable,
}
