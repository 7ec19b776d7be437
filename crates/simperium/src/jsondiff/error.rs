//! What can be wrong with a difference, and where.

use super::path::{Path, Step};

/// Why a difference could not be read, made or applied.
///
/// A change that fails this way is never applied in part: reload the object
/// it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at {path}")]
pub struct DiffError {
    path: Path,
    kind: DiffErrorKind,
}

impl DiffError {
    pub(crate) fn new(kind: impl Into<DiffErrorKind>) -> Self {
        Self {
            path: Path::default(),
            kind: kind.into(),
        }
    }

    /// Puts a step before the path.
    pub(crate) fn within(mut self, step: impl Into<Step>) -> Self {
        self.path.put_before(step);
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> &DiffErrorKind {
        &self.kind
    }

    /// Where in the object it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What is wrong with a difference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiffErrorKind {
    /// The outermost value is not a JSON object.
    #[error("not an object")]
    NotAnObject,
    /// An operation that no version of the protocol knows. The official
    /// programs pass over it, and then hold another object than its sender.
    #[error("an unknown operation")]
    UnknownOperation,
    /// An operation without its value, or with one of the wrong form.
    #[error("an operation of the wrong form")]
    MalformedOperation,
    /// An operation on a key or an index that is not there.
    #[error("an operation on something missing")]
    Missing,
    /// An operation on a value of another type.
    #[error("an operation on a value of another type")]
    WrongType,
    /// A sum that no number can hold: of integers, more than 38 digits (64 bits
    /// without the feature `exact-numbers`); of others, more than a double.
    #[error("a number out of range")]
    NumberRange,
    /// A text delta that cannot be read or does not fit its text.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// The lines of a list's delta are not its elements as JSON.
    #[error("a list delta that breaks its elements")]
    ListText,
    /// More levels than the limit.
    #[error("nested too deeply")]
    TooDeep,
}

/// Why a text delta cannot be read or applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// A token that begins with none of `=`, `-` and `+`.
    #[error("a delta with an unknown token")]
    Token,
    /// A `=` or `-` without a number of its own, or a negative one.
    #[error("a delta with a broken number")]
    Number,
    /// Inserted text that is not escaped, or whose escapes are not UTF-8.
    #[error("a delta with broken escapes")]
    Escape,
    /// Inserted text with one half of a surrogate pair, which no string of
    /// this language can hold.
    #[error("a delta with half a character")]
    LoneSurrogate,
    /// The kept and deleted lengths are not those of the text.
    #[error("a delta of another length than its text")]
    Length,
    /// A length that ends between the halves of a surrogate pair.
    #[error("a delta that cuts a character in two")]
    SplitCharacter,
}
