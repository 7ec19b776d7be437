//! Links, persons and categories.

use std::borrow::Cow;

use super::element::{Attribute, Element, Foreign, find_attribute};

/// A link. Its reference was resolved against `xml:base` and the document's
/// own address when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub(crate) rel: Cow<'static, str>,
    pub(crate) href: Box<str>,
    pub(crate) media_type: Option<Cow<'static, str>>,
    pub(crate) foreign: Foreign,
}

impl Link {
    /// A link with a relation and a reference.
    pub fn new(rel: impl Into<Cow<'static, str>>, href: impl Into<Box<str>>) -> Self {
        Self {
            rel: rel.into(),
            href: href.into(),
            media_type: None,
            foreign: Foreign::default(),
        }
    }

    /// With the media type of what it leads to.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// With one more attribute, for example `title`.
    #[must_use]
    pub fn with_attribute(mut self, attribute: Attribute) -> Self {
        self.foreign.push_attribute(attribute);
        self
    }

    /// The relation: a name such as `edit`, or a URI. `alternate` when the
    /// document does not say; registered relations in their short form.
    pub fn rel(&self) -> &str {
        &self.rel
    }

    /// The reference, absolute when it was read from a document. It may hold
    /// characters beyond ASCII. Empty when the document has none.
    pub fn href(&self) -> &str {
        &self.href
    }

    /// Whether there is a reference. None is not the same as an empty one,
    /// which means the document itself and is resolved when it is read.
    pub(crate) fn leads(&self) -> bool {
        !self.href.is_empty()
    }

    /// The media type, if given.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The value of another attribute in no namespace: `hreflang`, `title`,
    /// `length` or an unknown one.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find_attribute(self.foreign.attributes(), name)
    }

    /// All other attributes.
    pub fn attributes(&self) -> &[Attribute] {
        self.foreign.attributes()
    }
}

/// An author or contributor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The name, trimmed.
    pub name: Box<str>,
    /// An address on the web, as it was written.
    pub uri: Option<Box<str>>,
    /// An e-mail address.
    pub email: Option<Box<str>>,
    pub(crate) foreign: Foreign,
}

impl Person {
    /// A person of this name.
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Elements other than these three.
    pub fn extensions(&self) -> &[Element] {
        self.foreign.elements()
    }
}

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    pub(crate) term: Box<str>,
    pub(crate) scheme: Option<Cow<'static, str>>,
    pub(crate) label: Option<Box<str>>,
    pub(crate) foreign: Foreign,
}

impl Category {
    /// A category by its term.
    pub fn new(term: impl Into<Box<str>>) -> Self {
        Self {
            term: term.into(),
            scheme: None,
            label: None,
            foreign: Foreign::default(),
        }
    }

    /// Within a scheme of categories.
    #[must_use]
    pub fn with_scheme(mut self, scheme: impl Into<Cow<'static, str>>) -> Self {
        self.scheme = Some(scheme.into());
        self
    }

    /// With a label for people.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// What it is called in its scheme.
    pub fn term(&self) -> &str {
        &self.term
    }

    /// The URI of the scheme.
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    /// The label for people.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// All other attributes.
    pub fn attributes(&self) -> &[Attribute] {
        self.foreign.attributes()
    }
}
