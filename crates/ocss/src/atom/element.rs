//! Elements of any vocabulary.

use std::borrow::Cow;

use super::cost::{ALLOCATION, of_lists};
use super::error::XmlError;
use super::names::{self, Namespace};

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    pub(crate) namespace: Namespace,
    pub(crate) name: Box<str>,
    pub(crate) value: Box<str>,
}

impl Attribute {
    /// An attribute in no namespace, as most are.
    pub fn new(name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        Self::qualified("", name, value)
    }

    /// An attribute in a namespace. The prefix of `name` is used when it is
    /// free.
    pub fn qualified(
        namespace: &str,
        name: impl Into<Box<str>>,
        value: impl Into<Box<str>>,
    ) -> Self {
        Self {
            namespace: Namespace::new(namespace),
            name: name.into(),
            value: value.into(),
        }
    }

    /// The URI of the namespace; empty for none.
    pub fn namespace(&self) -> &str {
        self.namespace.uri()
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        names::local(&self.name)
    }

    /// The value, normalised as XML 1.0 section 3.3.3 says.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// An element of any vocabulary, with all that is in it but comments and
/// processing instructions.
///
/// Two elements are equal when their names, attributes, texts and children
/// are; the prefixes count too, as names in values may use them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Element {
    pub(crate) namespace: Namespace,
    pub(crate) name: Box<str>,
    pub(crate) attributes: Vec<Attribute>,
    /// Before the first child.
    pub(crate) text: Box<str>,
    /// Between this element's end and whatever comes next.
    pub(crate) tail: Box<str>,
    pub(crate) children: Vec<Self>,
}

impl Element {
    /// An empty element. The prefix of `name` (`"oc:pincode"`) is used in
    /// writing when it is free; without one, the element switches the default
    /// namespace.
    pub fn new(namespace: &str, name: impl Into<Box<str>>) -> Self {
        Self::of(Namespace::new(namespace), name.into())
    }

    /// An element of the service's own vocabulary, by its local name.
    pub fn oc(local_name: &str) -> Self {
        Self::of(Namespace::Oc, format!("oc:{local_name}").into())
    }

    pub(crate) fn of(namespace: Namespace, name: Box<str>) -> Self {
        Self {
            namespace,
            name,
            attributes: Vec::new(),
            text: Box::default(),
            tail: Box::default(),
            children: Vec::new(),
        }
    }

    /// Reads a whole document of any vocabulary.
    ///
    /// # Errors
    ///
    /// When the document is refused.
    pub fn parse(xml: &[u8]) -> Result<Self, XmlError> {
        super::tree::parse(xml, super::Limits::default())
    }

    /// With this text before its children.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Box<str>>) -> Self {
        self.text = text.into();
        self
    }

    /// With one more child.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// With one more attribute.
    #[must_use]
    pub fn with_attribute(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// The URI of the namespace; empty for none.
    pub fn namespace(&self) -> &str {
        self.namespace.uri()
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        names::local(&self.name)
    }

    /// Whether this is `local_name` of `namespace`.
    pub fn is(&self, namespace: &str, local_name: &str) -> bool {
        self.local_name() == local_name && self.namespace() == namespace
    }

    pub(crate) fn is_in(&self, namespace: &Namespace, local_name: &str) -> bool {
        self.namespace == *namespace && self.local_name() == local_name
    }

    /// The attributes.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The value of an attribute in no namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        find_attribute(&self.attributes, name)
    }

    /// `xml:base`.
    pub(crate) fn base(&self) -> Option<&str> {
        let is_base = |attribute: &&Attribute| {
            attribute.namespace == Namespace::Xml && attribute.local_name() == "base"
        };
        self.attributes.iter().find(is_base).map(Attribute::value)
    }

    /// The child elements.
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// The child elements, to be changed.
    pub const fn children_mut(&mut self) -> &mut Vec<Self> {
        &mut self.children
    }

    /// The first child of this name.
    pub fn child(&self, namespace: &str, local_name: &str) -> Option<&Self> {
        self.children
            .iter()
            .find(|child| child.is(namespace, local_name))
    }

    /// The text directly in this element, without that of its children.
    pub fn text(&self) -> Cow<'_, str> {
        if self.children.iter().all(|child| child.tail.is_empty()) {
            return Cow::Borrowed(&self.text);
        }
        let tails = self.children.iter().map(|child| child.tail.as_ref());
        std::iter::once(self.text.as_ref()).chain(tails).collect()
    }

    /// All text in this element, that of its children included.
    pub fn full_text(&self) -> String {
        let mut text = String::from(self.text.as_ref());
        for child in &self.children {
            text.push_str(&child.full_text());
            text.push_str(&child.tail);
        }
        text
    }

    /// Replaces all that is in the element by this text.
    pub fn set_text(&mut self, text: impl Into<Box<str>>) {
        self.children.clear();
        self.text = text.into();
    }
}

pub(crate) fn find_attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| {
        attribute.namespace == Namespace::None && attribute.name.as_ref() == name
    });
    found.map(Attribute::value)
}

/// What a part of Atom carries beyond its own: nothing, mostly.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Foreign(Option<Box<(Vec<Attribute>, Vec<Element>)>>);

impl Foreign {
    pub(crate) fn new(attributes: Vec<Attribute>, elements: Vec<Element>) -> Self {
        if attributes.is_empty() && elements.is_empty() {
            return Self(None);
        }
        Self(Some(Box::new((attributes, elements))))
    }

    pub(crate) fn attributes(&self) -> &[Attribute] {
        self.0.as_ref().map_or(&[], |foreign| &foreign.0)
    }

    pub(crate) fn elements(&self) -> &[Element] {
        self.0.as_ref().map_or(&[], |foreign| &foreign.1)
    }

    /// The memory that it takes, but for the texts.
    pub(crate) fn cost(&self) -> usize {
        self.0.as_ref().map_or(0, |foreign| {
            2 * ALLOCATION + of_lists(&foreign.0, &foreign.1)
        })
    }

    pub(crate) fn push_attribute(&mut self, attribute: Attribute) {
        self.0.get_or_insert_default().0.push(attribute);
    }

    pub(crate) fn push_element(&mut self, element: Element) {
        self.0.get_or_insert_default().1.push(element);
    }
}

impl std::fmt::Debug for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("none"),
            Some(foreign) => std::fmt::Debug::fmt(foreign, f),
        }
    }
}
