//! What is wrong with a body.

use std::fmt;

/// What is wrong with a body, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    pub(crate) kind: WireErrorKind,
    pub(crate) offset: u64,
    pub(crate) object: Option<u64>,
}

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireErrorKind {
    /// It ends before its last `]`, or in the middle of a line.
    Truncated,
    /// It is empty.
    Empty,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// It is not a JSON array.
    NotAnArray,
    /// Something that is not an object is in the array.
    NotAnObject,
    /// There is more behind the last `]`.
    TrailingData,
    /// A byte that JSON does not have there.
    Syntax,
    /// A control character in a text.
    ControlCharacter,
    /// An escape that JSON does not have.
    Escape,
    /// `NaN`, `Infinity` or `-Infinity`, which JSON does not have.
    NotANumber,
    /// Bytes that are not UTF-8.
    Utf8,
    /// Nested deeper than is allowed.
    TooDeep,
    /// An object larger than is allowed.
    TooLarge,
    /// An object without `model`, or with one that is not a text.
    NoModel,
    /// An object without `fields`, or with one that is not an object.
    NoFields,
    /// The [`Reader`](crate::wire::Reader) was used after it had failed.
    Failed,
}

impl WireError {
    /// What is wrong.
    pub fn kind(&self) -> WireErrorKind {
        self.kind
    }

    /// Where: bytes from the beginning of the body, after decompression.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// In which object, from 0, if it was in one.
    pub fn object(&self) -> Option<u64> {
        self.object
    }
}

impl fmt::Display for WireErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the body stops in the middle",
            Self::Empty => "the body is empty",
            Self::ByteOrderMark => "the body begins with a byte order mark",
            Self::NotAnArray => "the body is not a JSON array",
            Self::NotAnObject => "not an object",
            Self::TrailingData => "there is more behind the end",
            Self::Syntax => "not JSON",
            Self::ControlCharacter => "a control character in a text",
            Self::Escape => "not an escape of JSON",
            Self::NotANumber => "not a finite number",
            Self::Utf8 => "not UTF-8",
            Self::TooDeep => "nested too deeply",
            Self::TooLarge => "an object that is too large",
            Self::NoModel => "an object without a model",
            Self::NoFields => "an object without fields",
            Self::Failed => "the reader has failed before",
        })
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (byte {}", self.kind, self.offset)?;
        match self.object {
            Some(object) => write!(f, ", object {object})"),
            None => f.write_str(")"),
        }
    }
}

impl std::error::Error for WireError {}
