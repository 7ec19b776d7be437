//! What a rebase or a merge could not keep.

use serde_json::Value;

use super::op::Diff;
use super::path::Path;

/// Whose change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Ours, which is rebased.
    Local,
    /// The other, which came first.
    Remote,
}

/// Something that one side did and that is not in the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// Where it was; the indexes of lists are those of the base.
    pub path: Path,
    /// Who did it.
    pub side: Side,
    /// What was done.
    pub kind: LostKind,
}

/// What was done and is not in the result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LostKind {
    /// An edit of a text.
    Text {
        /// What was written and is not there.
        inserted: String,
        /// What was deleted and is still there.
        deleted: String,
    },
    /// A value that another took the place of.
    Value(Value),
    /// A removal of what is still there.
    Removal,
}

/// A difference rebased over another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transformed {
    /// What is to be applied after the other.
    pub diff: Diff,
    /// What is in neither.
    pub lost: Vec<Lost>,
}

/// Two versions of one object as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The object with what both did.
    pub value: Value,
    /// What makes it of the remote version.
    pub diff: Diff,
    /// What is not in it. Nothing that either side wrote is missing in both.
    pub lost: Vec<Lost>,
}
