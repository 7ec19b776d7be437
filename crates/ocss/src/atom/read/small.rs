//! The small parts of feeds and entries.

use std::borrow::Cow;
use std::mem;

use crate::atom::element::{Attribute, Element, Foreign};
use crate::atom::names::Namespace;
use crate::atom::parts::Category;
use crate::atom::tree::attribute;
use crate::atom::xml::{StartTag, trim};

/// The language and the foreign attributes of a feed or an entry.
pub(super) fn own_attributes(tag: &StartTag<'_>) -> (Option<Box<str>>, Foreign) {
    let mut lang = None;
    let mut foreign = Foreign::default();
    for attribute_ref in tag.attributes() {
        if attribute_ref.is(&Namespace::Xml, "lang") {
            lang = Some(trim(&attribute_ref.value()).into());
        } else if !attribute_ref.is(&Namespace::Xml, "base") {
            foreign.push_attribute(attribute(attribute_ref));
        }
    }
    (lang, foreign)
}

pub(super) fn category(tag: &StartTag<'_>) -> Category {
    let mut category = Category::new("");
    for attribute_ref in tag.attributes() {
        let value = attribute_ref.value();
        if *attribute_ref.namespace != Namespace::None {
            category.foreign.push_attribute(attribute(attribute_ref));
            continue;
        }
        match attribute_ref.name {
            "term" => category.term = trim(&value).into(),
            "scheme" => category.scheme = Some(shared(trim(&value))),
            "label" => category.label = Some(value.into()),
            _ => category.foreign.push_attribute(attribute(attribute_ref)),
        }
    }
    category
}

/// The short form of a registered relation, `alternate` for none.
pub(super) fn relation(rel: &str) -> Cow<'static, str> {
    let short = rel
        .strip_prefix("http://www.iana.org/assignments/relation/")
        .unwrap_or(rel);
    if short.is_empty() {
        Cow::Borrowed("alternate")
    } else {
        shared(short)
    }
}

/// A copy that costs nothing for what is common.
pub(super) fn shared(text: &str) -> Cow<'static, str> {
    const COMMON: [&str; 16] = [
        "self",
        "edit",
        "alternate",
        "next",
        "model",
        "vendor",
        "models",
        "contents",
        "application/atom+xml",
        "application/atom+xml;type=entry",
        "application/atom+xml;type=feed",
        "text",
        "html",
        "xhtml",
        "text/html",
        "text/x-vcard",
    ];
    match COMMON.iter().find(|common| **common == text) {
        Some(common) => Cow::Borrowed(common),
        None => Cow::Owned(text.to_owned()),
    }
}

/// Takes the attributes off an element, leaving out some.
pub(super) fn without(element: &mut Element, names: &[&str]) -> Vec<Attribute> {
    let mut attributes = mem::take(&mut element.attributes);
    attributes.retain(|attribute| {
        attribute.namespace != Namespace::None || !names.contains(&attribute.name.as_ref())
    });
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_relations_are_short() {
        for (rel, expected) in [
            ("", "alternate"),
            ("edit", "edit"),
            ("http://www.iana.org/assignments/relation/next", "next"),
            ("http://example.org/rel", "http://example.org/rel"),
        ] {
            assert_eq!(relation(rel), expected);
        }
    }
}
