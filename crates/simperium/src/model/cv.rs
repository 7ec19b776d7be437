//! Places in the order of a bucket's changes.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use sync_core::json::RawJson;

/// A change version: the place of a change in the order of all changes of its
/// bucket. Opaque, and different in every bucket.
///
/// The service writes it as text; old data has it as a number. Both are read.
///
/// ```
/// use simperium::model::Cv;
///
/// let cv: Cv = serde_json::from_str("\"4f8c2ad10000000000000001\"")?;
/// assert_eq!(cv, Cv::new("4f8c2ad10000000000000001"));
/// assert_eq!(serde_json::from_str::<Cv>("51")?, Cv::new("51"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Cv(String);

impl Cv {
    /// A change version that was stored earlier.
    pub fn new(cv: impl Into<String>) -> Self {
        Self(cv.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Self> for Cv {
    fn from(cv: &Self) -> Self {
        cv.clone()
    }
}

impl From<&str> for Cv {
    fn from(cv: &str) -> Self {
        Self::new(cv)
    }
}

impl From<String> for Cv {
    fn from(cv: String) -> Self {
        Self(cv)
    }
}

impl AsRef<str> for Cv {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;

        let raw = RawJson::deserialize(deserializer)?;
        let text = raw.as_str();
        let cv = match text.as_bytes().first() {
            Some(b'"') => raw.decode().ok(),
            Some(b'0'..=b'9') => Some(text.to_owned()),
            _ => None,
        };
        cv.map(Self)
            .ok_or_else(|| D::Error::custom("a change version is text or a number"))
    }
}
