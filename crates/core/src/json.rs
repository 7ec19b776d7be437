//! JSON as it was sent: exact numbers, unknown fields kept, errors with a place.

mod halves;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::halves::whole_characters;

/// How many bytes around the place of an error are shown.
const SNIPPET: usize = 120;

/// Decodes a whole JSON document.
///
/// # Errors
///
/// Where and why the document is not a `T`. Decoding is done twice then, the
/// second time with a record of the path, so that the first costs nothing more.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(bytes).map_err(|error| JsonError::locate::<T>(bytes, error))
}

/// Why a document is not what was expected, and where.
pub struct JsonError {
    path: String,
    snippet: String,
    source: serde_json::Error,
}

impl JsonError {
    fn locate<T: DeserializeOwned>(bytes: &[u8], error: serde_json::Error) -> Self {
        let mut document = serde_json::Deserializer::from_slice(bytes);
        let path = match serde_path_to_error::deserialize::<_, T>(&mut document) {
            Err(error) => error.path().to_string(),
            // The document is fine and something follows it.
            Ok(_) => String::from("."),
        };
        let at = offset(bytes, error.line(), error.column());
        let mut from = at.saturating_sub(SNIPPET / 2);
        // Not in the middle of a character.
        while bytes.get(from).is_some_and(|byte| byte & 0xc0 == 0x80) {
            from += 1;
        }
        let to = bytes.len().min(from + SNIPPET);
        Self {
            path,
            snippet: crate::redact::snippet(&bytes[from..to], SNIPPET),
            source: error,
        }
    }

    /// The place, for example `folders[3].devices`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.source.line()
    }

    /// The column, from 1.
    pub fn column(&self) -> usize {
        self.source.column()
    }

    /// Some bytes around the place. They may hold a secret: scrub them before
    /// they are shown.
    pub fn snippet(&self) -> &str {
        &self.snippet
    }
}

fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let start: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    (start + column).min(bytes.len())
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}, ", self.path)?;
        match self.source.classify() {
            // Says what it saw, which may be a value.
            serde_json::error::Category::Data => {
                f.write_str("a value of the wrong type or form")?
            }
            _ => f.write_str("broken JSON")?,
        }
        write!(f, " (line {}, column {})", self.line(), self.column())
    }
}

impl fmt::Debug for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// No source: serde_json's message can quote the value that it did not like.
impl std::error::Error for JsonError {}

/// Reads `null` as the default.
///
/// # Errors
///
/// As the type itself.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A JSON value kept as the exact text it came in.
///
/// It may be anything, so its `Debug` prints only how long it is.
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The `null` value.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value as a `T`.
    ///
    /// # Errors
    ///
    /// As [`decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        decode(self.as_str().as_bytes())
    }
}

impl Default for RawJson {
    fn default() -> Self {
        Self::null()
    }
}

impl From<Box<RawValue>> for RawJson {
    fn from(value: Box<RawValue>) -> Self {
        Self(value)
    }
}

impl From<RawJson> for Box<RawValue> {
    fn from(value: RawJson) -> Self {
        value.0
    }
}

/// Equal when the texts are.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes of JSON]", self.as_str().len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(Self)
    }
}

/// Fields that a newer server sent and that have no name here, kept as the
/// exact text they came in.
#[derive(Clone, Default)]
pub struct Extra(BTreeMap<String, Box<RawValue>>);

impl Extra {
    /// No fields.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// A field as a `T`; `None` if it is missing or of another form.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.0.get(key)?.get()).ok()
    }

    /// The fields with their JSON text, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_str(), &**value))
    }

    /// Sets a field to its JSON text and returns what was there.
    pub fn insert(
        &mut self,
        key: impl Into<String>,
        value: Box<RawValue>,
    ) -> Option<Box<RawValue>> {
        self.0.insert(key.into(), value)
    }

    /// Takes a field out.
    pub fn remove(&mut self, key: &str) -> Option<Box<RawValue>> {
        self.0.remove(key)
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|(a, b)| a.0 == b.0 && a.1.get() == b.1.get())
    }
}

impl Eq for Extra {}

/// Names only: a value may be a secret that this version does not know of.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Serialize for Extra {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_place_and_never_the_value() {
        #[derive(Debug, Deserialize)]
        struct Outer {
            #[allow(dead_code)]
            list: Vec<Inner>,
        }
        #[derive(Debug, Deserialize)]
        struct Inner {
            #[allow(dead_code)]
            number: u32,
        }
        let text = br#"{"list":[{"number":1},{"number":"hunter2"}]}"#;
        let error = decode::<Outer>(text).unwrap_err();
        assert_eq!(error.path(), "list[1].number");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(error.snippet().contains("number"), "{}", error.snippet());
        assert_eq!((error.line(), error.column()), (1, 41));
    }

    #[test]
    fn trailing_text_is_an_error() {
        assert_eq!(decode::<u8>(b"1 2").unwrap_err().path(), ".");
    }

    #[test]
    fn unknown_fields_keep_their_exact_text() {
        let text = r#"{"a":1.10,"b":123456789012345678901234567890,"c":1e400}"#;
        let extra: Extra = decode(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&extra).unwrap(), text);
        assert_eq!(extra.get::<f64>("a"), Some(1.1));
        assert_eq!(format!("{extra:?}"), r#"{"a", "b", "c"}"#);
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_end_of_the_stack() {
        let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        let error = decode::<serde_json::Value>(&deep).unwrap_err();
        assert!(error.snippet().len() <= 120);
        // What is only kept is not walked through.
        let kept: RawJson = decode(&deep).unwrap();
        assert_eq!(kept.as_str().len(), deep.len());
        assert!(kept.decode::<serde_json::Value>().is_err());
    }

    #[test]
    fn a_value_that_is_kept_is_not_printed() {
        let raw: RawJson = decode(br#"  {"key": "hunter2"} "#).unwrap();
        assert_eq!(raw.as_str(), r#"{"key": "hunter2"}"#);
        assert_eq!(format!("{raw:?}"), "[18 bytes of JSON]");
        assert_eq!(RawJson::default(), RawJson::null());
    }

    #[test]
    fn null_is_the_default() {
        #[derive(Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "null_as_default")]
            list: Vec<u8>,
        }
        for text in [r#"{"list":null}"#, "{}", r#"{"list":[]}"#] {
            assert!(decode::<Holder>(text.as_bytes()).unwrap().list.is_empty());
        }
        assert_eq!(decode::<Holder>(br#"{"list":[7]}"#).unwrap().list, [7]);
    }
}
