//! What an entry refers to: found in its data, without a schema.
//!
//! Sync never embeds what an entry refers to; it names it. [`extract`] finds
//! those names wherever they stand:
//!
//! | where | what it looks like |
//! |---|---|
//! | reference field | `[{"uid":"blt…","_content_type_uid":"author"}]` |
//! | reference field of old stacks | `["blt…"]` |
//! | file field | `"blt…"`, or a list of them |
//! | JSON rich text | `attrs` with `entry-uid` and `content-type-uid`, or `asset-uid` |
//! | HTML rich text | `data-sys-entry-uid`, `data-sys-asset-uid` |
//! | Markdown, or any text | the address of an asset, of any region: `/v3/assets/{stack}/{uid}/…` |
//!
//! A bare uid does not say what it names, and some are of users or of folders:
//! those are [`ReferenceKind::Unknown`], and a look at what there is decides.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use sync_core::json::{RawJson, whole_characters};

use crate::model::{ContentTypeUid, Uid};
use crate::query::rich_text::html;
use crate::query::urls;

/// The content type under which the service lists assets.
const ASSETS: &str = "sys_assets";

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    /// An entry.
    Entry,
    /// An asset.
    Asset,
    /// A bare uid: an asset, an entry, or something that is not synced at all.
    Unknown,
}

/// A mention of an entry or an asset in the data of another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference {
    /// What it leads to.
    pub kind: ReferenceKind,
    /// The uid of that.
    pub uid: Uid,
    /// The content type, where the reference names it; never that of assets.
    pub content_type: Option<ContentTypeUid>,
    /// Where in the data it stands, as the conditions of a query name it:
    /// `sections.0.hero.image`.
    pub path: Box<str>,
}

/// All references in the `data` of an item, in the order in which they stand
/// there, repetitions included.
///
/// The item's own uid, and the users, folders and environments that the service
/// notes with it, are left out. Values nested deeper than 120 levels are not
/// looked at; what was found before is returned.
pub fn extract(data: &RawJson) -> Vec<Reference> {
    let mut search = Search::of(data.as_str());
    let mut document = serde_json::Deserializer::from_str(data.as_str());
    // A `RawJson` is JSON; only too deep a nesting ends the search early, or
    // half of a character.
    if Node::of(&mut search).deserialize(&mut document).is_err() {
        if let Some(text) = whole_characters(data.as_str().as_bytes()) {
            search = Search::of(&text);
            let mut document = serde_json::Deserializer::from_str(&text);
            let _ = Node::of(&mut search).deserialize(&mut document);
        }
    }
    let Search { mut found, own, .. } = search;
    // The address of an asset names the asset itself.
    found.retain(|reference| {
        reference.kind != ReferenceKind::Asset || own.as_ref() != Some(&reference.uid)
    });
    found
}

/// Whether a text has the form of the uids that the service gives to entries
/// and assets: `blt` and at least 12 hexadecimal digits.
pub(crate) fn is_uid(text: &str) -> bool {
    text.strip_prefix("blt").is_some_and(|digits| {
        (12..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Keys of an item's own that name other things than content.
pub(crate) fn is_system(key: &str) -> bool {
    matches!(
        key,
        "uid"
            | "ACL"
            | "created_by"
            | "deleted_by"
            | "parent_uid"
            | "publish_details"
            | "stackHeaders"
            | "updated_by"
    )
}

struct Search {
    found: Vec<Reference>,
    path: String,
    depth: usize,
    own: Option<Uid>,
    /// Whether any text may have markup that embeds something.
    markup: bool,
    /// Whether any text may have the address of an asset.
    addresses: bool,
}

impl Search {
    /// One look at everything spares one at each text.
    fn of(data: &str) -> Self {
        let bytes = data.as_bytes();
        let find = |word: &[u8]| memmem::find(bytes, word).is_some();
        // Letters may be escaped, though nobody does that.
        let escaped = find(b"\\u00");
        Self {
            found: Vec::new(),
            path: String::new(),
            depth: 0,
            own: None,
            markup: escaped || find(b"data-sys-") || find(b"DATA-SYS-"),
            addresses: escaped || find(b"assets"),
        }
    }

    fn push(&mut self, kind: ReferenceKind, uid: &str, content_type: Option<&str>) {
        if uid.is_empty() {
            return;
        }
        let kind = match content_type {
            Some(ASSETS) => ReferenceKind::Asset,
            _ => kind,
        };
        self.found.push(Reference {
            kind,
            uid: Uid::from(uid),
            content_type: content_type
                .filter(|uid| kind == ReferenceKind::Entry && !uid.is_empty())
                .map(ContentTypeUid::from),
            path: self.path.as_str().into(),
        });
    }

    fn text(&mut self, text: &str) {
        if is_uid(text) {
            self.push(ReferenceKind::Unknown, text, None);
            return;
        }
        if self.markup {
            html::embedded(text, |uid, kind, content_type| {
                self.push(kind, uid, content_type);
            });
        }
        if self.addresses {
            urls::asset_uids(text, |uid| self.push(ReferenceKind::Asset, uid, None));
        }
    }

    fn at_key<T>(&mut self, key: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.below(|path| path.push_str(key), inside)
    }

    fn at_index<T>(&mut self, index: usize, inside: impl FnOnce(&mut Self) -> T) -> T {
        use fmt::Write as _;
        let segment = |path: &mut String| {
            // Writing to a text does not fail.
            let _ = write!(path, "{index}");
        };
        self.below(segment, inside)
    }

    /// Runs `inside` with one more segment on the path.
    fn below<T>(
        &mut self,
        segment: impl FnOnce(&mut String),
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        segment(&mut self.path);
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        self.path.truncate(length);
        result
    }
}

/// One value of the data.
struct Node<'s> {
    search: &'s mut Search,
    /// Keeps a text for the object that it is in, instead of judging it.
    keep: bool,
}

impl<'s> Node<'s> {
    fn of(search: &'s mut Search) -> Self {
        Self {
            search,
            keep: false,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        if self.keep {
            return Ok(Some(Cow::Borrowed(text)));
        }
        self.search.text(text);
        Ok(None)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        if self.keep {
            return Ok(Some(Cow::Owned(text.to_owned())));
        }
        self.search.text(text);
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let search = self.search;
        let mut index = 0_usize;
        while search
            .at_index(index, |search| items.next_element_seed(Node::of(search)))?
            .is_some()
        {
            index += 1;
        }
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let search = self.search;
        let top = search.depth == 0;
        let mut named = Named::default();
        while let Some(key) = fields.next_key_seed(KeySeed)? {
            if top && is_system(&key) {
                let value = fields.next_value_seed(OwnSeed)?;
                if key == "uid" {
                    search.own = value.as_deref().map(Uid::from);
                }
                continue;
            }
            let slot = named.slot(&key);
            let keep = slot.is_some();
            let value =
                search.at_key(&key, |search| fields.next_value_seed(Node { search, keep }))?;
            if let (Some(slot), Some(text)) = (slot, value) {
                *named.at(slot) = Some(text);
            }
        }
        if !top {
            named.judge(search);
        }
        Ok(None)
    }
}

/// What an object says about what it refers to.
#[derive(Default)]
struct Named<'de>([Option<Cow<'de, str>>; 5]);

#[derive(Clone, Copy)]
enum Slot {
    Uid,
    ContentType,
    RichEntry,
    RichContentType,
    RichAsset,
}

impl<'de> Named<'de> {
    fn slot(&self, key: &str) -> Option<Slot> {
        Some(match key {
            "uid" => Slot::Uid,
            "_content_type_uid" => Slot::ContentType,
            "entry-uid" => Slot::RichEntry,
            "content-type-uid" => Slot::RichContentType,
            "asset-uid" => Slot::RichAsset,
            _ => return None,
        })
    }

    fn at(&mut self, slot: Slot) -> &mut Option<Cow<'de, str>> {
        &mut self.0[slot as usize]
    }

    fn judge(self, search: &mut Search) {
        let [uid, content_type, entry, rich_type, asset] = &self.0;
        match (uid, content_type) {
            (Some(uid), Some(content_type)) => {
                search.push(ReferenceKind::Entry, uid, Some(content_type));
            }
            (Some(uid), None) if is_uid(uid) => search.push(ReferenceKind::Unknown, uid, None),
            _ => {}
        }
        if let Some(uid) = entry {
            search.push(ReferenceKind::Entry, uid, rich_type.as_deref());
        }
        if let Some(uid) = asset {
            search.push(ReferenceKind::Asset, uid, None);
        }
    }
}

/// A key; borrowed unless it has escapes.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// A value of which only a text is of interest.
struct OwnSeed;

impl<'de> DeserializeSeed<'de> for OwnSeed {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        use serde::Deserialize as _;
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str(raw.get()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_character_hides_nothing_that_comes_after_it() {
        let text = r#"{"title":"\ud83d \udc00\n\\ud800","emoji":"\ud83d\ude00",
            "author":[{"uid":"blt0000000000000001","_content_type_uid":"author"}]}"#;
        let data: RawJson = serde_json::from_str(text).unwrap();
        let found = extract(&data);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].uid.as_str(), "blt0000000000000001");
    }
}
