//! What is read.

use serde::{Deserialize, Serialize};

use super::{DeadReason, Millis};
use crate::model::{ContentTypeUid, EventTime, Key, Locale, ObjectKind, RawJson, Uid};

/// The number of a change. Grows with every change of a mirror, with gaps.
///
/// Store the last one that was dealt with, and go on from there: see
/// [`Store::changes`](super::Store::changes). The default comes before all.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

/// Content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number of its last change.
    pub seq: Seq,
    /// What and where.
    pub key: Key,
    /// Of which type; `None` for assets, and where no item said so.
    pub content_type: Option<ContentTypeUid>,
    /// When it was published, by the service's clock.
    pub event_at: EventTime,
    /// Its `url`, if it has one: of an entry the path on the site, of an asset
    /// the address of its file.
    pub url: Option<Box<str>>,
    /// `data`, byte by byte as it was sent.
    pub data: RawJson,
}

/// Which rows. All, unless something is set; what is set must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Entries or assets.
    pub kind: Option<ObjectKind>,
    /// Entries of this type.
    pub content_type: Option<ContentTypeUid>,
    /// Published to this locale.
    pub locale: Option<Locale>,
    /// With this uid, in any locale.
    pub uid: Option<Uid>,
    /// With this url.
    pub url: Option<Box<str>>,
}

impl Scan {
    /// All rows.
    pub fn all() -> Self {
        Self::default()
    }

    /// All entries.
    pub fn entries() -> Self {
        Self::default().kind(ObjectKind::Entry)
    }

    /// All assets.
    pub fn assets() -> Self {
        Self::default().kind(ObjectKind::Asset)
    }

    /// Only this kind.
    #[must_use]
    pub fn kind(mut self, kind: ObjectKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only entries of this type.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<ContentTypeUid>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Only what is published to this locale.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<Locale>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Only this entry or asset.
    #[must_use]
    pub fn uid(mut self, uid: impl Into<Uid>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// Only what has this url.
    #[must_use]
    pub fn url(mut self, url: impl Into<Box<str>>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Whether a row is one of these.
    pub fn matches(
        &self,
        key: &Key,
        content_type: Option<&ContentTypeUid>,
        url: Option<&str>,
    ) -> bool {
        self.kind.is_none_or(|kind| kind == key.kind)
            && self.uid.as_ref().is_none_or(|uid| *uid == key.uid)
            && self
                .locale
                .as_ref()
                .is_none_or(|locale| *locale == key.locale)
            && (self.content_type.is_none() || self.content_type.as_ref() == content_type)
            && (self.url.is_none() || self.url.as_deref() == url)
    }
}

/// A row that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRow {
    /// The number of the change.
    pub seq: Seq,
    /// What and where.
    pub key: Key,
    /// Of which type, where it is known.
    pub content_type: Option<ContentTypeUid>,
    /// The row as it is now; `None` if it is gone.
    pub row: Option<Row>,
}

/// What has changed after a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the order of their numbers.
    pub rows: Vec<ChangedRow>,
    /// From where to go on: the number of the last row, or, when there are no
    /// more, the last number that there is.
    pub next: Seq,
    /// Whether tombstones after the number have been pruned already. Then
    /// `rows` is empty: the reader must begin again with all rows.
    pub expired: bool,
}

/// What something refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// Entry or asset; `None` where the content does not say.
    pub kind: Option<ObjectKind>,
    /// Its uid.
    pub uid: Uid,
}

/// The number of a dead letter; grows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DeadLetterId(pub u64);

/// An item that could not be applied. It is kept as it was sent, and tried
/// again with every run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number.
    pub id: DeadLetterId,
    /// The whole item.
    pub raw: RawJson,
    /// Which kind of trouble.
    pub reason: DeadReason,
    /// What was wrong the last time.
    pub error: String,
    /// When it came first.
    pub since: Millis,
    /// How often it was tried, 1 at first.
    pub attempts: u32,
}

/// What is noted about the file of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Whose file it is.
    pub uid: Uid,
    /// Where it comes from: every version of a file has its own url.
    pub url: Box<str>,
    /// How it went.
    pub state: DownloadState,
    /// How often it was tried.
    pub attempts: u32,
}

/// How a download went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadState {
    /// The file is here.
    Done {
        /// Where, relative to the folder of the files.
        path: Box<str>,
        /// How many bytes.
        size: u64,
    },
    /// Not now.
    Failed {
        /// What is wrong, for people.
        error: String,
        /// When to try again; `None`: never by itself.
        retry_at: Option<Millis>,
    },
}
