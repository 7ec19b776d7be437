//! One answer.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sync_core::Error;

use super::item::{Name, Names, Strict, item_with, spoiled};
use super::text::{number, text};
use crate::error;
use crate::model::{Item, Page, Token};

/// Reads a page. Items are read on the way through it, each copied once; only
/// a page with something odd in it is gone through again.
///
/// # Errors
///
/// The answer is not JSON, not an object, its items are no list, or it has no token.
pub(crate) fn page(body: &[u8]) -> Result<Page, Error> {
    let utf8 = match std::str::from_utf8(body) {
        Ok(utf8) => utf8.trim_start_matches('\u{feff}'),
        Err(_) => {
            let (repaired, damage) = repair(body);
            return patient(&repaired, &damage)?.finish();
        }
    };
    match quick(utf8) {
        Ok(draft) => draft.finish(),
        Err(_) => patient(utf8, &[])?.finish(),
    }
}

/// What there is in an answer.
struct Draft<I> {
    items: Option<I>,
    pagination_token: Option<Box<str>>,
    sync_token: Option<Box<str>>,
    skip: Option<u64>,
    limit: Option<u64>,
    total_count: Option<u64>,
    sequential: bool,
}

impl<I> Default for Draft<I> {
    fn default() -> Self {
        Self {
            items: None,
            pagination_token: None,
            sync_token: None,
            skip: None,
            limit: None,
            total_count: None,
            sequential: false,
        }
    }
}

impl<I> Draft<I> {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "pagination_token" => {
                self.pagination_token = token(map.next_value()?);
            }
            "sync_token" => self.sync_token = token(map.next_value()?),
            "skip" => self.skip = number(map.next_value::<&RawValue>()?.get()),
            "limit" => self.limit = number(map.next_value::<&RawValue>()?.get()),
            "total_count" => self.total_count = number(map.next_value::<&RawValue>()?.get()),
            other => {
                self.sequential |= other == "last_seq_id";
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    /// The items as they are, and the rest to be given others.
    fn take_items(self) -> (Option<I>, Draft<Vec<Item>>) {
        let draft = Draft {
            items: None,
            pagination_token: self.pagination_token,
            sync_token: self.sync_token,
            skip: self.skip,
            limit: self.limit,
            total_count: self.total_count,
            sequential: self.sequential,
        };
        (self.items, draft)
    }
}

impl Draft<Vec<Item>> {
    fn finish(self) -> Result<Page, Error> {
        let next = match (self.pagination_token, self.sync_token) {
            // Where both are given, the result is not at its end.
            (Some(token), _) => Token::Page(String::from(token).into()),
            (None, Some(token)) => Token::Sync(String::from(token).into()),
            (None, None) if self.sequential => {
                return Err(Error::decode(
                    "the answer is of the withdrawn sequential mode: it has neither a \
                     pagination_token nor a sync_token",
                ));
            }
            (None, None) => {
                return Err(Error::decode(
                    "the answer has neither a pagination_token nor a sync_token",
                ));
            }
        };
        Ok(Page {
            items: self.items.unwrap_or_default(),
            next,
            skip: self.skip,
            limit: self.limit,
            total_count: self.total_count,
            resync: false,
        })
    }
}

/// A token, unless it is `null` or empty.
fn token(raw: &RawValue) -> Option<Box<str>> {
    let text = text(raw.get()).filter(|text| !text.is_empty())?;
    Some(text.into())
}

/// Reads a page in which all is as it should be.
fn quick(text: &str) -> Result<Draft<Vec<Item>>, serde_json::Error> {
    let mut document = serde_json::Deserializer::from_str(text);
    let draft = document.deserialize_map(Quick)?;
    document.end()?;
    Ok(draft)
}

struct Quick;

impl<'de> Visitor<'de> for Quick {
    type Value = Draft<Vec<Item>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft::default();
        while let Some(Name(name)) = map.next_key()? {
            if name == "items" {
                draft.items = Some(map.next_value_seed(Items)?);
            } else {
                draft.field(&name, &mut map)?;
            }
        }
        Ok(draft)
    }
}

struct Items;

impl<'de> DeserializeSeed<'de> for Items {
    type Value = Vec<Item>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Item>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Item>, A::Error> {
        let mut list = Vec::new();
        let mut names = Names::default();
        while let Some(item) = items.next_element_seed(Strict(&mut names))? {
            if list.is_empty() {
                // As many as pages have.
                list.reserve(100);
            }
            list.push(item);
        }
        list.shrink_to_fit();
        Ok(list)
    }
}

/// Reads a page item by item, whatever they are.
fn patient(text: &str, damage: &[Range<usize>]) -> Result<Draft<Vec<Item>>, Error> {
    // The message could quote the answer, and with it a token.
    let broken = |error: serde_json::Error| {
        if error.is_eof() {
            return error::incomplete();
        }
        Error::decode(format!(
            "the answer is not the JSON of a page (line {}, column {})",
            error.line(),
            error.column()
        ))
    };
    let mut document = serde_json::Deserializer::from_str(text);
    let draft = document.deserialize_map(Patient).map_err(broken)?;
    document.end().map_err(broken)?;
    let (items, mut draft) = draft.take_items();
    let list: Vec<&RawValue> = match items {
        None => Vec::new(),
        Some(items) if items.get() == "null" => Vec::new(),
        Some(items) => serde_json::from_str(items.get())
            .map_err(|_| Error::decode("the items of the answer are not a list"))?,
    };
    let mut names = Names::default();
    let items = list.into_iter();
    let items = items
        .map(|raw| {
            let from = raw.get().as_ptr().addr() - text.as_ptr().addr();
            let to = from + raw.get().len();
            if damage.iter().any(|hole| hole.start < to && hole.end > from) {
                spoiled(raw.get(), "it is not UTF-8")
            } else {
                item_with(raw.get(), &mut names)
            }
        })
        .collect();
    draft.items = Some(items);
    Ok(draft)
}

struct Patient;

impl<'de> Visitor<'de> for Patient {
    type Value = Draft<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut draft = Draft::default();
        while let Some(Name(name)) = map.next_key()? {
            if name == "items" {
                draft.items = Some(map.next_value()?);
            } else {
                draft.field(&name, &mut map)?;
            }
        }
        Ok(draft)
    }
}

/// The text with U+FFFD for what is not UTF-8, and where that is.
fn repair(body: &[u8]) -> (Cow<'_, str>, Vec<Range<usize>>) {
    let mut text = String::with_capacity(body.len());
    let mut damage = Vec::new();
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let from = text.len();
            text.push(char::REPLACEMENT_CHARACTER);
            damage.push(from..text.len());
        }
    }
    (Cow::Owned(text), damage)
}
