//! Contents of datastores.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::{ContentOperation, Id};
use crate::api::Content;
use crate::time::Timestamp;

/// The raw data of a content: neither parsed nor wrapped, the same bytes in
/// both directions.
///
/// ```
/// use ocss::model::ContentData;
///
/// let card = ContentData::from("BEGIN:VCARD\r\nEND:VCARD\r\n");
/// assert_eq!(card.as_str(), Some("BEGIN:VCARD\r\nEND:VCARD\r\n"));
/// let image = ContentData::from(vec![0x89, 0x50]);
/// assert_eq!(image.as_str(), None);
/// assert_eq!(image.as_bytes(), [0x89, 0x50]);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ContentData(Bytes);

impl ContentData {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if the bytes are UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8; the error holds them.
    pub fn into_string(self) -> Result<String, NotText> {
        String::from_utf8(self.0.into()).map_err(|error| NotText(Self(error.into_bytes().into())))
    }

    /// The bytes, without a copy.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Text as text, other data by its size.
impl fmt::Debug for ContentData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => fmt::Debug::fmt(text, f),
            None => write!(f, "<{} bytes>", self.len()),
        }
    }
}

impl From<&str> for ContentData {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for ContentData {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for ContentData {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Vec<u8>> for ContentData {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for ContentData {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<Bytes> for ContentData {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl PartialEq<str> for ContentData {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for ContentData {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<[u8]> for ContentData {
    fn eq(&self, other: &[u8]) -> bool {
        self.0 == other
    }
}

/// Text as a string, other data as a sequence of bytes.
impl Serialize for ContentData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.serialize_bytes(&self.0),
        }
    }
}

/// The data of a content is not text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data of this content is not UTF-8 text")]
pub struct NotText(ContentData);

impl NotText {
    /// The data.
    pub fn into_data(self) -> ContentData {
        self.0
    }
}

/// From when on changes are asked for.
///
/// A time is sent in UTC as `2009-11-01T123000Z`, its fraction cut off, so
/// that nothing is missed. A text is sent as it is.
///
/// ```
/// use ocss::model::Since;
/// use ocss::time::Timestamp;
///
/// let time: Timestamp = "2009-11-01T13:30:00.9+01:00".parse().unwrap();
/// assert_eq!(Since::from(time), Since::from("2009-11-01T123000Z"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Since(String);

impl Since {
    /// The text that is sent, and that can be kept for the next time.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Timestamp> for Since {
    fn from(time: Timestamp) -> Self {
        Self(time.compact().to_string())
    }
}

impl From<SystemTime> for Since {
    fn from(time: SystemTime) -> Self {
        Timestamp::from(time).into()
    }
}

impl From<&str> for Since {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Since {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&Since> for Since {
    fn from(since: &Since) -> Self {
        since.clone()
    }
}

/// What happened to one item.
///
/// The same change may be told twice, and a deletion may be of an item that
/// was never seen: both must be harmless to whoever follows changes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The item.
    pub id: Id,
    /// What happened to it. An entry that does not say so is an update.
    pub operation: ContentOperation,
    /// The item as it is now; `None` when it is gone.
    pub content: Option<Content>,
}

/// All changes since a time, each item once.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// The changes, in the service's order.
    pub changes: Vec<Change>,
    pub(crate) next_mark: Option<Since>,
}

impl Changes {
    /// From when on to ask the next time, by the service's clock; `None` when
    /// the service told no time at all. Keep it only after the changes are
    /// dealt with.
    pub fn next_mark(&self) -> Option<&Since> {
        self.next_mark.as_ref()
    }
}
