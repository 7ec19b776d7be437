//! Objects as they are kept.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_core::json::RawJson;
use sync_core::{Error, call};

use crate::wire::object;

/// An object as JSON text. Clones share the text.
///
/// It is user data: its `Debug` prints only how long it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

impl Json {
    /// The text of an object.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON, or is no object.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        object::raw(value).map(Self::from)
    }

    /// Text that [`as_str`](Self::as_str) gave out, read back by a store. It
    /// is not looked at.
    pub fn stored(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object as a `T`.
    ///
    /// # Errors
    ///
    /// When it has not the form of a `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        call::decode_json(self.0.as_bytes())
    }
}

impl From<RawJson> for Json {
    fn from(raw: RawJson) -> Self {
        Self(raw.as_str().into())
    }
}

impl From<&RawJson> for Json {
    fn from(raw: &RawJson) -> Self {
        Self(raw.as_str().into())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes of JSON]", self.0.len())
    }
}
