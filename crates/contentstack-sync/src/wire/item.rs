//! One item.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::string;
use crate::model::{
    Asset, ContentTypeDeleted, ContentTypeUid, Entry, EventTime, Extra, Item, ItemParts, ItemType,
    Other, RawJson, Removed, Unreadable,
};

/// A key, borrowed where it has no escapes.
pub(super) struct Name<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// The fields of an item, where they lie in the answer.
#[derive(Default)]
pub(super) struct Draft<'de> {
    kind: Option<&'de RawValue>,
    event_at: Option<&'de RawValue>,
    content_type: Option<&'de RawValue>,
    data: Option<&'de RawValue>,
    extra: Vec<(Cow<'de, str>, &'de RawValue)>,
}

impl<'de> Deserialize<'de> for Draft<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DraftVisitor;

        impl<'de> Visitor<'de> for DraftVisitor {
            type Value = Draft<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Draft<'de>, A::Error> {
                let mut draft = Draft::default();
                while let Some(Name(name)) = map.next_key()? {
                    let value = map.next_value()?;
                    match &*name {
                        "type" => draft.kind = Some(value),
                        "event_at" => draft.event_at = Some(value),
                        "content_type_uid" => draft.content_type = Some(value),
                        "data" => draft.data = Some(value),
                        _ => draft.extra.push((name, value)),
                    }
                }
                Ok(draft)
            }
        }

        deserializer.deserialize_map(DraftVisitor)
    }
}

/// Why something is no item, and what there is of it.
struct Flaw {
    error: &'static str,
    kind: ItemType,
    parts: ItemParts,
}

impl<'de> Draft<'de> {
    /// Copies what the item keeps: its data once, and little else.
    fn finish(self, names: &mut Names) -> Result<Item, Box<Flaw>> {
        let mut extra = Extra::new();
        let mut other = |name: &str, value: &'de RawValue| {
            extra.insert(name, value.to_owned());
        };
        for (name, value) in self.extra {
            other(&name, value);
        }
        // A known name with something else than text is kept with the unknown.
        let mut known = |name, value: Option<&'de RawValue>| {
            let value = value?;
            let text = string(value.get());
            if text.is_none() {
                other(name, value);
            }
            text
        };
        let event_at = known("event_at", self.event_at).map(|at| EventTime::from(&*at));
        let content_type = known("content_type_uid", self.content_type);
        let kind = known("type", self.kind);
        let data = match self.data {
            Some(data) if data.get() == "null" => {
                other("data", data);
                None
            }
            data => data.map(|data| RawJson::from(data.to_owned())),
        };
        let parts = ItemParts {
            event_at,
            content_type: content_type.map(|name| names.share(&name)),
            data,
            extra,
        };
        let Some(kind) = kind.map(|kind| ItemType::from(&*kind)) else {
            return Err(Box::new(Flaw {
                error: "it does not say its type",
                kind: ItemType::Other("".into()),
                parts,
            }));
        };
        let is_object = |data: &RawJson| data.as_str().starts_with('{');
        if kind.object().is_some() && !parts.data.as_ref().is_some_and(is_object) {
            return Err(Box::new(Flaw {
                error: "it has no data",
                kind,
                parts,
            }));
        }
        Ok(match kind {
            ItemType::EntryPublished => Item::EntryPublished(Entry { parts }),
            ItemType::EntryUnpublished => Item::EntryUnpublished(Removed { parts }),
            ItemType::EntryDeleted => Item::EntryDeleted(Removed { parts }),
            ItemType::AssetPublished => Item::AssetPublished(Asset { parts }),
            ItemType::AssetUnpublished => Item::AssetUnpublished(Removed { parts }),
            ItemType::AssetDeleted => Item::AssetDeleted(Removed { parts }),
            ItemType::ContentTypeDeleted => Item::ContentTypeDeleted(ContentTypeDeleted { parts }),
            ItemType::Other(_) => Item::Other(kind, Other { parts }),
        })
    }
}

/// The few content types of a page, each in memory once.
#[derive(Default)]
pub(super) struct Names(Vec<ContentTypeUid>);

impl Names {
    /// More than a page usually has; looking through them must stay cheap.
    const MOST: usize = 16;

    fn share(&mut self, name: &str) -> ContentTypeUid {
        if let Some(known) = self.0.iter().find(|known| known.as_str() == name) {
            return known.clone();
        }
        let new = ContentTypeUid::from(name);
        if self.0.len() < Self::MOST {
            self.0.push(new.clone());
        }
        new
    }
}

/// Reads an item on the way through its page. What is wrong with an item is
/// an error here: see [`item`] for what becomes of it.
pub(super) struct Strict<'a>(pub(super) &'a mut Names);

impl<'de> serde::de::DeserializeSeed<'de> for Strict<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Item, D::Error> {
        let draft = Draft::deserialize(deserializer)?;
        draft
            .finish(self.0)
            .map_err(|flaw| D::Error::custom(flaw.error))
    }
}

/// Reads one item, whatever it is.
pub(crate) fn item(text: &str) -> Item {
    item_with(text, &mut Names::default())
}

pub(super) fn item_with(text: &str, names: &mut Names) -> Item {
    let flaw = match serde_json::from_str::<Draft<'_>>(text) {
        Ok(draft) => match draft.finish(names) {
            Ok(item) => return item,
            Err(flaw) => flaw,
        },
        Err(_) => Box::new(Flaw {
            error: "it is not a JSON object",
            kind: ItemType::Other("".into()),
            parts: ItemParts::default(),
        }),
    };
    Item::Unreadable(Unreadable {
        raw: kept(text),
        error: flaw.error,
        kind: flaw.kind,
        parts: flaw.parts,
    })
}

/// What came in the place of an item, and cannot be shown to be one.
pub(super) fn spoiled(text: &str, error: &'static str) -> Item {
    Item::Unreadable(Unreadable {
        raw: kept(text),
        error,
        kind: ItemType::Other("".into()),
        parts: ItemParts::default(),
    })
}

/// The text as JSON: as it is, or as a string if it is none.
fn kept(text: &str) -> RawJson {
    serde_json::from_str(text)
        .or_else(|_| serde_json::value::to_raw_value(text).map(RawJson::from))
        .unwrap_or_default()
}

/// Writes an item down.
pub(crate) fn write(kind: &ItemType, parts: &ItemParts) -> RawJson {
    #[derive(serde::Serialize)]
    struct Written<'a> {
        #[serde(rename = "type")]
        kind: &'a ItemType,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_at: Option<&'a EventTime>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content_type_uid: Option<&'a ContentTypeUid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a RawJson>,
        #[serde(flatten)]
        extra: std::collections::BTreeMap<&'a str, &'a RawValue>,
    }

    let written = Written {
        kind,
        event_at: parts.event_at.as_ref(),
        content_type_uid: parts.content_type.as_ref(),
        data: parts.data.as_ref(),
        extra: parts.extra.iter().collect(),
    };
    serde_json::value::to_raw_value(&written).map_or_else(|_| RawJson::null(), RawJson::from)
}
