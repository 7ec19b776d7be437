//! Entries, and what is left of deleted ones.

use super::content::Content;
use super::element::{Attribute, Element, Foreign};
use super::error::WriteError;
use super::names::Namespace;
use super::parts::{Category, Link, Person};
use super::text::Text;
use crate::time::Timestamp;

/// An entry. Absent values are `None`; so are dates that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The identifier, trimmed; `None` when missing or empty. The service's
    /// own id of the resource is [`resource_id`](Self::resource_id).
    pub id: Option<Box<str>>,
    /// The title.
    pub title: Option<Text>,
    /// When it was created.
    pub published: Option<Timestamp>,
    /// When it was last changed, in its author's opinion.
    pub updated: Option<Timestamp>,
    /// `app:edited`: when it was last changed in any way.
    pub edited: Option<Timestamp>,
    /// The summary.
    pub summary: Option<Text>,
    /// The content.
    pub content: Option<Content>,
    /// The links, in their order.
    pub links: Vec<Link>,
    /// The authors.
    pub authors: Vec<Person>,
    /// The contributors.
    pub contributors: Vec<Person>,
    /// The categories.
    pub categories: Vec<Category>,
    /// `xml:lang`.
    pub lang: Option<Box<str>>,
    /// The URI that relative references in the content and the extensions are
    /// relative to, when the document has an `xml:base`.
    pub base: Option<Box<str>>,
    /// Everything else, in its order: foreign elements, `app:control`, and
    /// `atom:source` and `atom:rights`.
    pub extensions: Vec<Element>,
    pub(crate) foreign: Foreign,
}

impl Entry {
    /// An entry with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first link with this relation, whatever its case (RFC 8288 section
    /// 2.1.1), that leads anywhere.
    pub fn link(&self, rel: &str) -> Option<&Link> {
        self.links
            .iter()
            .find(|link| link.leads() && link.rel().eq_ignore_ascii_case(rel))
    }

    /// When the resource was last changed: `edited`, else `updated`.
    pub fn modified(&self) -> Option<Timestamp> {
        self.edited.or(self.updated)
    }

    /// Whether `app:control` says that this is a draft, if it says anything.
    pub fn draft(&self) -> Option<bool> {
        let control = self
            .extensions
            .iter()
            .find(|element| element.is_in(&Namespace::App, "control"))?;
        let draft = control
            .children
            .iter()
            .find(|element| element.is_in(&Namespace::App, "draft"))?;
        Some(draft.text().trim() == "yes")
    }

    /// Foreign attributes of the entry itself.
    pub fn attributes(&self) -> &[Attribute] {
        self.foreign.attributes()
    }

    /// The entry as a document in UTF-8.
    ///
    /// # Errors
    ///
    /// When something in it cannot be written in XML.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        super::write::entry_document(self)
    }
}

/// What RFC 6721 leaves of a deleted entry: `at:deleted-entry`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tombstone {
    /// The identifier of the entry that was deleted.
    pub reference: Box<str>,
    /// When it was deleted.
    pub when: Option<Timestamp>,
    pub(crate) element: Element,
}

impl Tombstone {
    /// A tombstone.
    pub fn new(reference: impl Into<Box<str>>, when: Option<Timestamp>) -> Self {
        let reference = reference.into();
        let mut element = Element::of(Namespace::Tombstones, "at:deleted-entry".into())
            .with_attribute(Attribute::new("ref", reference.clone()));
        if let Some(when) = when {
            element = element.with_attribute(Attribute::new("when", when.to_string()));
        }
        Self {
            reference,
            when,
            element,
        }
    }

    pub(crate) fn from_element(element: Element) -> Self {
        Self {
            reference: element.attribute("ref").unwrap_or_default().trim().into(),
            when: element.attribute("when").and_then(Timestamp::parse),
            element,
        }
    }

    /// The whole element.
    pub const fn element(&self) -> &Element {
        &self.element
    }

    /// The service's id of the entry that was deleted.
    pub fn resource_id(&self) -> Option<String> {
        super::resource::id_from_reference(&self.reference)
    }
}
