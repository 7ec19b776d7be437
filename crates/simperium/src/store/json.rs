//! Objects as they are kept.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_core::Error;
use sync_core::json::RawJson;

use crate::wire::{answer, object};

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
        answer::decoded(self.0.as_bytes())
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// As written by a client in JavaScript: an object like any other, and no
    /// reason for the store to be called corrupt.
    #[test]
    fn an_object_with_half_a_character_can_be_read() {
        let kept = Json::stored(r#"{"t":"a\ud83d","n":1.10}"#);
        let value: Value = kept.decode().unwrap();
        assert_eq!(value["t"], json!("a\u{fffd}"));
        assert_eq!(value["n"].to_string(), "1.10");
        assert!(Json::stored("{").decode::<Value>().is_err());
    }
}
