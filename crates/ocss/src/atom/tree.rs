//! Elements from events.

use super::cost::{ALLOCATION, Cost, of_lists};
use super::element::{Attribute, Element};
use super::error::{Limits, XmlError};
use super::xml::{AttributeRef, Encoding, Handler, Parser, StartTag, decode, first_illegal_byte};

/// An element that is being read, with those around it.
#[derive(Debug)]
pub(crate) struct TreeBuilder {
    open: Vec<Element>,
    /// Of all that was read, be it in a tree or not.
    pub(crate) cost: Cost,
}

impl TreeBuilder {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            open: Vec::new(),
            cost: Cost::up_to(limits.memory),
        }
    }

    /// A child begins, or the root. `text` is what came before it.
    pub(crate) fn start(&mut self, tag: &StartTag<'_>, text: &mut String) {
        self.take_text(text);
        let mut element = Element::of(tag.namespace.clone(), tag.name.into());
        self.cost.add(ALLOCATION + tag.name.len());
        if tag.has_attributes() {
            element.attributes = tag.attributes().map(attribute).collect();
            let lists = of_lists(&element.attributes, &element.children);
            self.cost.add(lists + tag.length());
        }
        self.open.push(element);
    }

    /// The innermost element ends. Returns the root when it was that.
    pub(crate) fn end(&mut self, text: &mut String) -> Option<Element> {
        self.take_text(text);
        let element = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(element);
                self.cost.add_room(&parent.children);
                None
            }
            None => Some(element),
        }
    }

    fn take_text(&mut self, text: &mut String) {
        if let Some(element) = self.open.last_mut() {
            if !text.is_empty() {
                let place = match element.children.last_mut() {
                    Some(child) => &mut child.tail,
                    None => &mut element.text,
                };
                self.cost.add(ALLOCATION + text.len());
                *place = text.as_str().into();
            }
        }
        text.clear();
    }
}

pub(crate) fn attribute(from: AttributeRef<'_>) -> Attribute {
    Attribute {
        namespace: from.namespace.clone(),
        name: from.name.into(),
        value: from.value().into(),
    }
}

/// Reads a whole document of any vocabulary.
pub(crate) fn parse(document: &[u8], limits: Limits) -> Result<Element, XmlError> {
    struct Whole {
        builder: TreeBuilder,
        text: String,
        root: Option<Element>,
    }

    impl Handler for Whole {
        fn start(&mut self, tag: &StartTag<'_>) -> Result<(), XmlError> {
            self.builder.start(tag, &mut self.text);
            self.builder.cost.check()
        }

        fn text(&mut self) -> &mut String {
            &mut self.text
        }

        fn end(&mut self) {
            if let Some(root) = self.builder.end(&mut self.text) {
                self.root = Some(root);
            }
        }

        fn is_full(&self) -> bool {
            false
        }
    }

    let mut whole = Whole {
        builder: TreeBuilder::new(limits),
        text: String::new(),
        root: None,
    };
    let document = checked(document, limits, None)?;
    Parser::new(limits).run(&document, true, &mut whole)?;
    whole.root.ok_or_else(no_root)
}

/// The document in UTF-8, small enough and without illegal characters.
pub(crate) fn checked(
    document: &[u8],
    limits: Limits,
    said: Option<Encoding>,
) -> Result<std::borrow::Cow<'_, [u8]>, XmlError> {
    if document.len() as u64 > limits.size {
        return Err(XmlError::TooLarge { limit: limits.size });
    }
    let document = decode(document, said)?;
    match first_illegal_byte(&document) {
        Some(at) => Err(illegal(at as u64)),
        None => Ok(document),
    }
}

pub(crate) fn illegal(position: u64) -> XmlError {
    XmlError::NotWellFormed {
        position,
        reason: String::from("there is a character that XML cannot hold"),
    }
}

pub(crate) fn no_root() -> XmlError {
    XmlError::NotWellFormed {
        position: 0,
        reason: String::from("there is no root element"),
    }
}
