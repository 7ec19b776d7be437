//! Pages of an index.

use std::borrow::Cow;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sync_core::Error;
use sync_core::json::RawJson;

use super::answer;
use crate::model::{Cv, Key};
use crate::protocol::IndexEntry;

/// A page. Its objects are pieces of the answer, not decoded yet.
#[derive(Debug)]
pub(crate) struct RawPage {
    pub(crate) current: Option<Cv>,
    pub(crate) index: Vec<RawEntry>,
    pub(crate) mark: Option<String>,
}

/// An entry of a page.
#[derive(Debug)]
pub(crate) struct RawEntry {
    pub(crate) key: Key,
    pub(crate) version: u64,
    pub(crate) data: Option<Bytes>,
}

/// Reads a page.
pub(crate) fn page(head: &Parts, body: &Bytes) -> Result<RawPage, Error> {
    // As text, so that its characters are looked at once.
    let usual = std::str::from_utf8(body).ok();
    let usual = usual.and_then(|text| serde_json::from_str::<Usual<'_>>(text).ok());
    if let Some(page) = usual {
        let entry = |entry: UsualEntry<'_>| RawEntry {
            key: Key::received(&entry.id),
            version: entry.v,
            data: entry.d.map(|data| body.slice_ref(data.get().as_bytes())),
        };
        return Ok(RawPage {
            current: page.current,
            index: page.index.into_iter().map(entry).collect(),
            mark: page.mark,
        });
    }
    let page: Lenient = answer::json(head, body)?;
    let entry = |entry: IndexEntry| RawEntry {
        key: Key::received(&entry.id),
        version: entry.v,
        data: entry.d.map(|data| Bytes::from(data.as_str().to_owned())),
    };
    Ok(RawPage {
        current: page.current,
        index: page.index.into_iter().map(entry).collect(),
        mark: page.mark,
    })
}

/// What the service sends.
///
/// Unlike a frame's, a page must have its list: an answer without one is
/// another thing, and no empty bucket.
#[derive(Deserialize)]
struct Usual<'a> {
    #[serde(default)]
    current: Option<Cv>,
    #[serde(borrow)]
    index: Vec<UsualEntry<'a>>,
    #[serde(default, deserialize_with = "mark")]
    mark: Option<String>,
}

#[derive(Deserialize)]
struct UsualEntry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    v: u64,
    #[serde(borrow, default)]
    d: Option<&'a RawValue>,
}

/// What it may have sent at some time, and what takes longer to read: ids as
/// numbers, versions as text.
#[derive(Deserialize)]
struct Lenient {
    #[serde(default)]
    current: Option<Cv>,
    index: Vec<IndexEntry>,
    #[serde(default, deserialize_with = "mark")]
    mark: Option<String>,
}

/// Text or a number; whatever else it is ends the list.
fn mark<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = RawJson::deserialize(deserializer)?;
    let text = raw.as_str();
    Ok(match text.as_bytes().first() {
        Some(b'"') => raw.decode().ok(),
        Some(b'0'..=b'9' | b'-') => Some(text.to_owned()),
        _ => None,
    }
    .filter(|mark: &String| !mark.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Option<RawPage> {
        let (head, ()) = http::Response::new(()).into_parts();
        super::page(&head, &Bytes::from(text.to_owned())).ok()
    }

    #[test]
    fn objects_are_pieces_of_the_answer() {
        let read = page(r#"{"index":[{"id":"a","v":1,"d":{"n": 1.0}},{"id":"b","v":2}]}"#).unwrap();
        assert_eq!(read.index[0].data.as_deref(), Some(&br#"{"n": 1.0}"#[..]));
        assert!(read.index[1].data.is_none());
        // In other forms, too.
        let read =
            page(r#"{"index":[{"id":7,"v":"1","d":{"n": 1.0}},{"id":"b\n","v":2,"d":null}]}"#);
        let index = read.unwrap().index;
        assert_eq!((index[0].key.as_str(), index[0].version), ("7", 1));
        assert_eq!(index[0].data.as_deref(), Some(&br#"{"n": 1.0}"#[..]));
        assert_eq!(
            (index[1].key.as_str(), index[1].data.is_none()),
            ("b\n", true)
        );
    }

    #[test]
    fn a_mark_is_text_or_a_number_or_none() {
        for (mark, expected) in [
            ("\"abc\"", Some("abc")),
            ("12", Some("12")),
            ("null", None),
            ("false", None),
            ("{}", None),
            ("\"\"", None),
        ] {
            let text = format!(r#"{{"current":"c","index":[],"mark":{mark}}}"#);
            assert_eq!(page(&text).unwrap().mark.as_deref(), expected, "{mark}");
        }
    }

    #[test]
    fn an_answer_without_a_list_is_no_empty_bucket() {
        assert!(page("{}").is_none());
        assert!(page(r#"{"index":null}"#).is_none());
        assert!(page(r#"{"index":[]}"#).unwrap().current.is_none());
    }
}
