//! What a sync is about.

use std::collections::BTreeSet;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{ContentTypeUid, EventTime, ItemType, Locale};

/// What a sync is limited to. It is given with the initial call only, and the
/// service keeps it in the tokens from then on.
///
/// The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Filter {
    /// One content type (`content_type_uid`). The service takes no more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<ContentTypeUid>,
    /// One locale (`locale`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Only what was published from then on (`start_from`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<StartFrom>,
    /// Only items of these types (`type`). None: published entries and assets
    /// at first, and everything after. A sync of published items only never
    /// hears of deletions.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<ItemType>,
}

impl Filter {
    /// No limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits to one content type.
    #[must_use]
    pub fn content_type(mut self, uid: impl Into<ContentTypeUid>) -> Self {
        self.content_type = Some(uid.into());
        self
    }

    /// Limits to one locale.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<Locale>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Limits to what was published from then on.
    #[must_use]
    pub fn start_from(mut self, date: impl Into<StartFrom>) -> Self {
        self.start_from = Some(date.into());
        self
    }

    /// Limits to items of these types.
    #[must_use]
    pub fn types<T: Into<ItemType>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self
    }
}

/// From when on: an ISO 8601 date, sent as it is.
///
/// From a [`SystemTime`] it becomes `2018-08-14T00:00:00.000Z`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StartFrom(Box<str>);

impl StartFrom {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for StartFrom {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for StartFrom {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<SystemTime> for StartFrom {
    fn from(at: SystemTime) -> Self {
        Self(super::time::format_utc(at).into())
    }
}

impl From<&EventTime> for StartFrom {
    fn from(at: &EventTime) -> Self {
        Self(at.as_str().into())
    }
}

impl fmt::Display for StartFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StartFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}
