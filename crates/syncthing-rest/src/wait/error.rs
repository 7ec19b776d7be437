//! Why a wait ended without what was waited for.

use std::fmt;

use sync_core::Error;

use super::{Obstacle, Snapshot, State};
use crate::model::FileError;

/// A wait that ended without what was waited for.
#[derive(Debug)]
#[non_exhaustive]
pub struct WaitError {
    /// Why it ended.
    pub reason: WaitReason,
    /// How everything was when last looked at; `None` if the wait ended before
    /// that, or was not for folders.
    pub last: Option<Box<Snapshot>>,
}

/// Why a [wait](WaitError) ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitReason {
    /// The time was over. With it what things were like when last looked at; in
    /// sync means that they were not so for long enough.
    Deadline(Option<State>),
    /// Waiting on is of no use.
    Stuck {
        /// Why.
        obstacle: Obstacle,
        /// The first files that could not be pulled, if that is why.
        files: Vec<FileError>,
    },
    /// A call failed in a way that waiting does not cure.
    Failed(Error),
}

impl WaitError {
    pub(super) fn new(reason: WaitReason, last: Option<Snapshot>) -> Self {
        Self {
            reason,
            last: last.map(Box::new),
        }
    }

    /// Whether it ended because its time was over.
    pub fn is_deadline(&self) -> bool {
        matches!(self.reason, WaitReason::Deadline(_))
    }
}

impl From<Error> for WaitError {
    fn from(error: Error) -> Self {
        Self::new(WaitReason::Failed(error), None)
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            WaitReason::Deadline(None) => f.write_str("the time to wait is over"),
            WaitReason::Deadline(Some(state)) => write!(f, "the time to wait is over: {state}"),
            WaitReason::Stuck { obstacle, files } => {
                write!(f, "{obstacle}")?;
                match files.first() {
                    Some(file) => write!(f, ", among them {}: {}", file.path, file.error),
                    None => Ok(()),
                }
            }
            WaitReason::Failed(_) => f.write_str("a call failed"),
        }
    }
}

impl std::error::Error for WaitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            WaitReason::Failed(error) => Some(error),
            _ => None,
        }
    }
}
