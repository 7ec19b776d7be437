//! Titles and other human-readable text (RFC 4287 section 3.1).

use std::borrow::Cow;

use super::element::{Attribute, Element, Foreign};
use super::names::Namespace;

/// The `type` of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// As it is.
    Text,
    /// HTML, written as text.
    Html,
    /// A `div` of XHTML.
    Xhtml,
}

impl TextKind {
    /// The value of the `type` attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Xhtml => "xhtml",
        }
    }

    /// The kind that a `type` names. Some write it in capitals.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Text, Self::Html, Self::Xhtml]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub(crate) value: Value,
    pub(crate) foreign: Foreign,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Box<str>),
    Html(Box<str>),
    /// The element that holds the `div`.
    Xhtml(Box<Element>),
}

impl Text {
    /// Plain text.
    pub fn plain(text: impl Into<Box<str>>) -> Self {
        Value::Text(text.into()).into()
    }

    /// HTML.
    pub fn html(markup: impl Into<Box<str>>) -> Self {
        Value::Html(markup.into()).into()
    }

    /// XHTML, as a `div` element.
    pub fn xhtml(div: Element) -> Self {
        let holder = Element::of(Namespace::Atom, "title".into()).with_child(div);
        Value::Xhtml(Box::new(holder)).into()
    }

    /// How the text is to be understood.
    pub const fn kind(&self) -> TextKind {
        match self.value {
            Value::Text(_) => TextKind::Text,
            Value::Html(_) => TextKind::Html,
            Value::Xhtml(_) => TextKind::Xhtml,
        }
    }

    /// The text or the HTML as it is; of XHTML, the text without the markup.
    pub fn value(&self) -> Cow<'_, str> {
        match &self.value {
            Value::Text(text) | Value::Html(text) => Cow::Borrowed(text),
            Value::Xhtml(holder) => match holder.children.first() {
                Some(div) => Cow::Owned(div.full_text()),
                None => Cow::Owned(holder.full_text()),
            },
        }
    }

    /// The `div` of XHTML.
    pub fn div(&self) -> Option<&Element> {
        match &self.value {
            Value::Xhtml(holder) => holder.children.first(),
            Value::Text(_) | Value::Html(_) => None,
        }
    }

    /// Attributes other than `type`.
    pub fn attributes(&self) -> &[Attribute] {
        self.foreign.attributes()
    }
}

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        Self {
            value,
            foreign: Foreign::default(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}
