//! What happened, and what a chain of pages wants to hear of it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::super::time::Instant;
use super::Key;

/// The content type of every asset.
pub const ASSETS: &str = "sys_assets";

/// Entry or asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An entry of a content type.
    Entry,
    /// An asset.
    Asset,
}

impl Kind {
    /// `entry` or `asset`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Asset => "asset",
        }
    }
}

/// The seven types of items, and items that were put in as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EventType {
    /// `entry_published`.
    EntryPublished,
    /// `entry_unpublished`.
    EntryUnpublished,
    /// `entry_deleted`.
    EntryDeleted,
    /// `asset_published`.
    AssetPublished,
    /// `asset_unpublished`.
    AssetUnpublished,
    /// `asset_deleted`.
    AssetDeleted,
    /// `content_type_deleted`.
    ContentTypeDeleted,
    /// Anything else.
    Other,
}

impl EventType {
    const ALL: [Self; 7] = [
        Self::EntryPublished,
        Self::EntryUnpublished,
        Self::EntryDeleted,
        Self::AssetPublished,
        Self::AssetUnpublished,
        Self::AssetDeleted,
        Self::ContentTypeDeleted,
    ];

    /// As the service writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EntryPublished => "entry_published",
            Self::EntryUnpublished => "entry_unpublished",
            Self::EntryDeleted => "entry_deleted",
            Self::AssetPublished => "asset_published",
            Self::AssetUnpublished => "asset_unpublished",
            Self::AssetDeleted => "asset_deleted",
            Self::ContentTypeDeleted => "content_type_deleted",
            Self::Other => "other",
        }
    }

    pub(super) const fn is_published(self) -> bool {
        matches!(self, Self::EntryPublished | Self::AssetPublished)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or(())
    }
}

/// Something that happened.
#[derive(Debug)]
pub(in super::super) struct Event {
    pub(in super::super) kind: EventType,
    pub(in super::super) at: Instant,
    pub(in super::super) key: Option<Key>,
    content_type: Option<String>,
    /// The whole item, as it is sent.
    pub(in super::super) item: String,
    /// Where `data` is in it.
    data: std::ops::Range<usize>,
}

impl Event {
    fn new(
        kind: EventType,
        at: Instant,
        key: Option<&Key>,
        content_type: &str,
        data: &Value,
    ) -> Self {
        let mut item = format!(
            "{{\"type\":\"{kind}\",\"event_at\":\"{at}\",\"content_type_uid\":{},\"data\":",
            Value::from(content_type)
        );
        let start = item.len();
        item.push_str(&data.to_string());
        let data = start..item.len();
        item.push('}');
        Self {
            kind,
            at,
            key: key.cloned(),
            content_type: Some(content_type.to_owned()),
            item,
            data,
        }
    }

    pub(super) fn published(key: &Key, content_type: &str, at: Instant, data: &Value) -> Self {
        let kind = match key.kind {
            Kind::Entry => EventType::EntryPublished,
            Kind::Asset => EventType::AssetPublished,
        };
        Self::new(kind, at, Some(key), content_type, data)
    }

    pub(super) fn removed(key: &Key, content_type: &str, kind: EventType, at: Instant) -> Self {
        let data = json!({"uid": key.uid, "locale": key.locale});
        Self::new(kind, at, Some(key), content_type, &data)
    }

    pub(super) fn type_deleted(uid: &str, at: Instant) -> Self {
        Self::new(EventType::ContentTypeDeleted, at, None, uid, &json!({}))
    }

    pub(super) fn raw(item: &Value, at: Instant) -> Self {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let kind = text("type").and_then(|kind| kind.parse().ok());
        Self {
            kind: kind.unwrap_or(EventType::Other),
            at: text("event_at").and_then(Instant::parse).unwrap_or(at),
            key: None,
            content_type: text("content_type_uid").map(str::to_owned),
            item: item.to_string(),
            data: 0..0,
        }
    }

    pub(super) fn data(&self) -> &str {
        self.item.get(self.data.clone()).unwrap_or_default()
    }
}

/// What was asked for at the beginning of a chain, and stays so.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Filter {
    pub(in super::super) content_type: Option<String>,
    pub(in super::super) locale: Option<String>,
    pub(in super::super) start_from: Option<Instant>,
    pub(in super::super) types: Option<BTreeSet<EventType>>,
}

impl Filter {
    /// Whether this is told of in a delta.
    pub(super) fn takes(&self, event: &Event) -> bool {
        let of_type = match &self.content_type {
            Some(wanted) => event.content_type.as_ref() == Some(wanted),
            None => true,
        };
        // What has no locale is everybody's.
        let in_locale = match (&self.locale, &event.key) {
            (Some(wanted), Some(key)) => key.locale == *wanted,
            _ => true,
        };
        let in_time = self.start_from.is_none_or(|start| event.at >= start);
        let of_kind = match &self.types {
            Some(wanted) => event.kind == EventType::Other || wanted.contains(&event.kind),
            None => true,
        };
        of_type && in_locale && in_time && of_kind
    }

    /// Whether this is told of in an initial sync, where only what is published
    /// counts unless types are named.
    pub(super) fn takes_initially(&self, event: &Event) -> bool {
        let by_default = event.kind.is_published() || event.kind == EventType::Other;
        self.takes(event) && (self.types.is_some() || by_default)
    }
}
