//! The body of a sync: reading it piece by piece, and writing it.
//!
//! A body is one JSON array of objects `{"model": …, "pk": …, "fields": {…}}`,
//! or, between two of ours, one such object in each line ([`Format::Lines`]).

mod encode;
mod error;
pub(crate) mod escape;
mod object;
mod profile;
pub(crate) mod raw;
mod reader;
pub(crate) mod scan;
mod writer;

pub use self::error::{WireError, WireErrorKind};
pub use self::object::Object;
pub use self::profile::Profile;
pub use self::raw::{LoneSurrogate, RawArray, RawElements, RawText, RawValue};
pub use self::reader::{Reader, ReaderOptions};
pub use self::writer::{UnknownRow, Writer};

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One JSON array, `application/json`: what Django sends.
    #[default]
    Array,
    /// One object in each line, `application/x-ndjson`.
    Lines,
}
