//! Places in an entry, and what stands there.
//!
//! Entries are kept as the exact text that the service sent, and are looked at
//! as that text: nothing of it is decoded but what a path leads through.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How deep entries are looked into, as deep as serde_json reads.
pub(crate) const MAX_DEPTH: usize = 120;

/// The place of a field: `title`, `seo.share_image`, `sections.0.hero.headline`.
///
/// | segment | in an object | in a list |
/// |---|---|---|
/// | a number | the field of that name | the element at that place, from 0 |
/// | a name | the field of that name | that field of every element |
///
/// So `sections.hero.headline` is the headline of every hero among the modular
/// blocks, and `sections.0.hero.headline` only that of the first block.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FieldPath(Box<[Box<str>]>);

impl FieldPath {
    /// A path of these segments, for names that have a dot in them.
    pub fn of<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self(
            segments
                .into_iter()
                .map(|segment| segment.into().into_boxed_str())
                .collect(),
        )
    }

    /// Its segments.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|segment| &**segment)
    }

    pub(crate) fn as_slice(&self) -> &[Box<str>] {
        &self.0
    }

    /// Shows every value that the path leads to, as JSON text. What `show`
    /// answers says whether to go on.
    pub(crate) fn each<'d>(&self, data: &'d str, show: &mut dyn FnMut(&'d str) -> bool) {
        walk(data, &self.0, show);
    }

    /// The first value that the path leads to.
    pub(crate) fn first<'d>(&self, data: &'d str) -> Option<&'d str> {
        let mut found = None;
        self.each(data, &mut |value| {
            found = Some(value);
            false
        });
        found
    }
}

/// Segments are separated by dots.
impl From<&str> for FieldPath {
    fn from(path: &str) -> Self {
        Self::of(path.split('.'))
    }
}

/// Segments are separated by dots.
impl From<String> for FieldPath {
    fn from(path: String) -> Self {
        path.as_str().into()
    }
}

/// Segments are separated by dots.
impl From<&String> for FieldPath {
    fn from(path: &String) -> Self {
        path.as_str().into()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.join("."), f)
    }
}

/// Says whether to go on.
fn walk<'d>(value: &'d str, path: &[Box<str>], show: &mut dyn FnMut(&'d str) -> bool) -> bool {
    let Some((segment, rest)) = path.split_first() else {
        return show(value);
    };
    match value.as_bytes().first() {
        Some(b'{') => match member(value, segment) {
            Some(value) => walk(value, rest, show),
            None => true,
        },
        Some(b'[') => match segment.parse::<usize>() {
            Ok(index) => match elements(value).nth(index) {
                Some(value) => walk(value, rest, show),
                None => true,
            },
            Err(_) => elements(value)
                .filter(|element| element.starts_with('{'))
                .all(|element| walk(element, path, show)),
        },
        _ => true,
    }
}

/// The value of a field in an object.
pub(crate) fn member<'d>(object: &'d str, name: &str) -> Option<&'d str> {
    let mut found = None;
    let mut reader = serde_json::Deserializer::from_str(object);
    // Reading stops at the field, which serde_json takes for broken JSON.
    let _ = reader.deserialize_map(Member {
        name,
        found: &mut found,
    });
    found
}

/// The elements of a list.
pub(crate) fn elements(list: &str) -> std::vec::IntoIter<&str> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(list);
    let _ = reader.deserialize_seq(Elements(&mut found));
    found.into_iter()
}

/// The fields of an object, in order.
pub(crate) fn members(object: &str) -> std::vec::IntoIter<(String, &str)> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(object);
    let _ = reader.deserialize_map(Members(&mut found));
    found.into_iter()
}

/// The text of a JSON string.
pub(crate) fn text(value: &str) -> Option<std::borrow::Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(inner.into());
    }
    serde_json::from_str::<String>(value).ok().map(Into::into)
}

struct Member<'f, 'd> {
    name: &'f str,
    found: &'f mut Option<&'d str>,
}

impl<'d> Visitor<'d> for Member<'_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(same) = fields.next_key_seed(Is(self.name))? {
            if same {
                *self.found = Some(fields.next_value::<&RawValue>()?.get());
                return Ok(());
            }
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Whether a key is this one.
struct Is<'n>(&'n str);

impl<'d> DeserializeSeed<'d> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

struct Elements<'f, 'd>(&'f mut Vec<&'d str>);

impl<'d> Visitor<'d> for Elements<'_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            self.0.push(item.get());
        }
        Ok(())
    }
}

struct Members<'f, 'd>(&'f mut Vec<(String, &'d str)>);

impl<'d> Visitor<'d> for Members<'_, 'd> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some((key, value)) = fields.next_entry::<String, &RawValue>()? {
            self.0.push((key, value.get()));
        }
        Ok(())
    }
}
