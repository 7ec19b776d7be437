//! A document as a tree.

use super::write::Writer;
use super::{ATOM, OC};

/// Elements of the service that may stand around its properties.
const WRAPPERS: [&str; 4] = ["client", "binding", "content", "datastore"];

/// That of XML: other spaces are characters like any other.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// What is inside of an element.
#[derive(Debug)]
pub(in crate::emulator) enum Node {
    Element(Element),
    Text(String),
}

/// An element with its namespace resolved.
#[derive(Debug)]
pub(in crate::emulator) struct Element {
    pub(in crate::emulator) namespace: String,
    pub(in crate::emulator) name: String,
    /// Namespace, local name, value.
    pub(in crate::emulator) attributes: Vec<(String, String, String)>,
    pub(in crate::emulator) nodes: Vec<Node>,
}

impl Element {
    pub(in crate::emulator) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    pub(in crate::emulator) fn children(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    pub(in crate::emulator) fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children().find(|child| child.is(namespace, name))
    }

    /// The value of an attribute without a namespace.
    pub(in crate::emulator) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self
            .attributes
            .iter()
            .find(|(namespace, local, _)| namespace.is_empty() && local == name);
        found.map(|(_, _, value)| value.as_str())
    }

    /// The text directly inside.
    pub(in crate::emulator) fn text(&self) -> String {
        let texts = self.nodes.iter().map(|node| match node {
            Node::Text(text) => text.as_str(),
            Node::Element(_) => "",
        });
        texts.collect()
    }

    /// A property of an entry: directly below it, or within a wrapper.
    pub(in crate::emulator) fn property_element(&self, name: &str) -> Option<&Self> {
        self.child(OC, name).or_else(|| {
            let wrappers = self
                .children()
                .filter(|child| child.namespace == OC && WRAPPERS.contains(&child.name.as_str()));
            wrappers
                .filter_map(|wrapper| wrapper.child(OC, name))
                .next()
        })
    }

    /// The text of a property, without the white space around it.
    pub(in crate::emulator) fn property(&self, name: &str) -> Option<String> {
        self.property_element(name)
            .map(|element| element.text().trim_matches(WHITE_SPACE).to_owned())
    }

    /// The title of an entry.
    pub(in crate::emulator) fn title(&self) -> Option<String> {
        self.child(ATOM, "title").map(Self::text)
    }

    /// The element as text that means the same anywhere.
    pub(in crate::emulator) fn to_text(&self) -> String {
        let mut out = Writer::default();
        self.write(&mut out);
        out.finish()
    }

    fn write(&self, out: &mut Writer) {
        let mut attributes = vec![("xmlns".to_owned(), self.namespace.as_str())];
        for (index, (namespace, local, value)) in self.attributes.iter().enumerate() {
            if namespace.is_empty() {
                attributes.push((local.clone(), value));
            } else if namespace == "http://www.w3.org/XML/1998/namespace" {
                attributes.push((format!("xml:{local}"), value));
            } else {
                attributes.push((format!("xmlns:n{index}"), namespace));
                attributes.push((format!("n{index}:{local}"), value));
            }
        }
        let attributes: Vec<(&str, &str)> = attributes
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        out.open(&self.name, &attributes);
        for node in &self.nodes {
            match node {
                Node::Element(element) => element.write(out),
                Node::Text(text) => out.text(text),
            }
        }
        out.close(&self.name);
    }
}
