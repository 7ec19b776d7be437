//! What content says about itself.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::{number, text};
use crate::model::{EventTime, Head, PublishDetails};

/// Reads what is to be known about content, skipping the rest. Whatever is
/// missing or of another form is `None`.
pub(crate) fn head(data: &str) -> Head {
    let mut head = Head::default();
    each_field(data, |name, raw| match name {
        "uid" => head.uid = filled(raw).map(|text| (&*text).into()),
        "locale" => head.locale = filled(raw).map(|text| (&*text).into()),
        "_version" => head.version = number(raw),
        "title" => head.title = text(raw).map(|text| text.into()),
        "url" => head.url = text(raw).map(|text| text.into()),
        "publish_details" if raw.starts_with('{') => head.publish_details = Some(details(raw)),
        _ => {}
    });
    head
}

fn details(raw: &str) -> PublishDetails {
    let mut details = PublishDetails::default();
    each_field(raw, |name, raw| match name {
        "environment" => details.environment = text(raw).map(|text| text.into()),
        "locale" => details.locale = filled(raw).map(|text| (&*text).into()),
        "time" => details.time = text(raw).map(|text| EventTime::from(&*text)),
        "user" => details.user = text(raw).map(|text| text.into()),
        _ => {}
    });
    details
}

/// A text that names something: an empty one names nothing.
fn filled(raw: &str) -> Option<Cow<'_, str>> {
    text(raw).filter(|text| !text.is_empty())
}

/// The names of fields that are of interest in content.
const KNOWN: [&str; 6] = [
    "uid",
    "locale",
    "_version",
    "title",
    "url",
    "publish_details",
];
/// And in publish details.
const KNOWN_DETAILS: [&str; 4] = ["environment", "locale", "time", "user"];

/// Calls `take` with the JSON text of each field of interest.
fn each_field(object: &str, take: impl FnMut(&str, &str)) {
    let mut document = serde_json::Deserializer::from_str(object);
    // What is no object has no fields.
    let _ = document.deserialize_map(Fields { take });
}

struct Fields<F> {
    take: F,
}

impl<'de, F: FnMut(&str, &str)> Visitor<'de> for Fields<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<super::item::Name<'_>>()? {
            let name = name.0.as_ref();
            if KNOWN.contains(&name) || KNOWN_DETAILS.contains(&name) {
                (self.take)(name, map.next_value::<&RawValue>()?.get());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_name_is_none() {
        let head =
            head(r#"{"uid":"","locale":"en-us","publish_details":{"locale":""},"title":""}"#);
        assert_eq!(head.uid, None);
        assert_eq!(head.published_locale(), Some(&"en-us".into()));
        assert_eq!(head.title.as_deref(), Some(""));
    }
}
