//! What can go wrong with a store.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// Which kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store is of another owner: another app or user, or the mirror of
    /// something else. Take another store, or the settings of before.
    Mismatch,
    /// Somebody else has moved on what is in the store meanwhile, mostly
    /// another process. Nothing was changed; load it and go on from there.
    Conflict,
    /// Another process holds the store.
    Busy,
    /// There is no room left. What was there is as before.
    Full,
    /// The store cannot be written to.
    ReadOnly,
    /// The store is damaged, or is something else.
    Corrupt,
    /// The store was written by a newer version of the crate.
    Version,
    /// Reading or writing failed.
    Io,
    /// The store was closed.
    Closed,
    /// Something else.
    Other,
}

impl StoreErrorKind {
    fn sentence(self) -> &'static str {
        match self {
            Self::Mismatch => "the store belongs to something else",
            Self::Conflict => "somebody else has changed the store",
            Self::Busy => "another process holds the store",
            Self::Full => "there is no room left for the store",
            Self::ReadOnly => "the store cannot be written to",
            Self::Corrupt => "the store is damaged, or no store",
            Self::Version => "the store was written by a newer version",
            Self::Io => "the store cannot be read or written",
            Self::Closed => "the store is closed",
            Self::Other => "the store failed",
        }
    }
}

/// A store that could not do what it was asked to. What was there before is
/// still there.
pub struct StoreError {
    kind: StoreErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// An error of this kind; `message` says what in particular, and may be
    /// empty. It must not quote what is stored.
    pub fn new(kind: StoreErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Which kind of trouble.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.sentence())?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreError")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
