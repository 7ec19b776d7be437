//! XML text: tags, namespaces, escapes.

use crate::atom::element::{Attribute, Element};
use crate::atom::error::{Limits, WriteError, cut};
use crate::atom::names::{Namespace, local, prefix};
use crate::atom::xml::{is_legal, is_name};

type Written = Result<(), WriteError>;

/// A document that is being written.
#[derive(Debug)]
pub(crate) struct Markup {
    out: String,
    /// Prefixes with what they stand for and the depth of their element.
    scope: Vec<(Box<str>, Namespace, usize)>,
    /// The names of the open elements.
    open: Vec<Box<str>>,
    /// The prefixes in the tag that is being written: their meaning is settled.
    used: Vec<Box<str>>,
}

impl Markup {
    /// Begins a document whose root declares Atom and the service's namespace.
    pub(crate) fn document() -> Self {
        let mut out = String::with_capacity(1024);
        out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        Self {
            out,
            ..Self::fragment()
        }
    }

    /// Begins with nothing.
    pub(crate) const fn fragment() -> Self {
        Self {
            out: String::new(),
            scope: Vec::new(),
            open: Vec::new(),
            used: Vec::new(),
        }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// Begins an element. `own` are attributes of Atom's, or of `xml:`.
    pub(crate) fn start(
        &mut self,
        namespace: &Namespace,
        name: &str,
        own: &[(&str, &str)],
        more: &[Attribute],
    ) -> Written {
        self.open_tag(namespace, name, own, more)?;
        self.out.push('>');
        Ok(())
    }

    /// An element with attributes only.
    pub(crate) fn empty(
        &mut self,
        namespace: &Namespace,
        name: &str,
        own: &[(&str, &str)],
        more: &[Attribute],
    ) -> Written {
        self.open_tag(namespace, name, own, more)?;
        self.close_empty();
        Ok(())
    }

    /// An element with text only.
    pub(crate) fn leaf(&mut self, namespace: &Namespace, name: &str, text: &str) -> Written {
        self.start(namespace, name, &[], &[])?;
        self.text(text)?;
        self.end();
        Ok(())
    }

    /// Ends the innermost element.
    pub(crate) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
            self.leave();
        }
    }

    /// Text in the innermost element.
    pub(crate) fn text(&mut self, text: &str) -> Written {
        let mut rest = text;
        while let Some(at) = rest.find(|c| matches!(c, '&' | '<' | '>' | '\r') || !is_legal(c)) {
            self.out.push_str(&rest[..at]);
            let mut characters = rest[at..].chars();
            match characters.next() {
                Some('&') => self.out.push_str("&amp;"),
                Some('<') => self.out.push_str("&lt;"),
                Some('>') => self.out.push_str("&gt;"),
                // A bare one would be read as a line end.
                Some('\r') => self.out.push_str("&#13;"),
                Some(character) => {
                    let place = self.open.last().map_or("", |name| name);
                    return Err(illegal(character, place));
                }
                None => break,
            }
            rest = characters.as_str();
        }
        self.out.push_str(rest);
        Ok(())
    }

    /// An element of any vocabulary, without what follows it.
    pub(crate) fn element(&mut self, root: &Element) -> Written {
        // The open elements, and how many of the children of each are written.
        let mut open = vec![(root, 0)];
        self.begin(root)?;
        while let Some((element, written)) = open.last_mut() {
            if let Some(child) = element.children.get(*written) {
                *written += 1;
                self.begin(child)?;
                open.push((child, 0));
                continue;
            }
            let is_empty = element.children.is_empty() && element.text.is_empty();
            if !is_empty {
                self.end();
            }
            let tail = &element.tail;
            open.pop();
            if !open.is_empty() {
                self.text(tail)?;
            }
        }
        Ok(())
    }

    /// What is in an element.
    pub(crate) fn inside(&mut self, holder: &Element) -> Written {
        self.text(&holder.text)?;
        for child in &holder.children {
            self.element(child)?;
            self.text(&child.tail)?;
        }
        Ok(())
    }

    fn begin(&mut self, element: &Element) -> Written {
        self.open_tag(&element.namespace, &element.name, &[], &element.attributes)?;
        if element.children.is_empty() && element.text.is_empty() {
            self.close_empty();
            return Ok(());
        }
        self.out.push('>');
        self.text(&element.text)
    }

    fn close_empty(&mut self) {
        self.out.push_str("/>");
        self.open.pop();
        self.leave();
    }

    fn leave(&mut self) {
        let depth = self.open.len();
        while self.scope.last().is_some_and(|(_, _, at)| *at > depth) {
            self.scope.pop();
        }
    }

    fn open_tag(
        &mut self,
        namespace: &Namespace,
        name: &str,
        own: &[(&str, &str)],
        more: &[Attribute],
    ) -> Written {
        check_name(name)?;
        let limit = Limits::default().depth;
        if self.open.len() >= limit {
            return Err(WriteError::TooDeep { limit });
        }
        let is_root = self.open.is_empty() && !self.out.is_empty();
        let depth = self.open.len() + 1;
        let wanted = prefix(name);
        let prefix: Box<str> = match namespace {
            Namespace::Xml => "xml".into(),
            Namespace::None => "".into(),
            _ if matches!(wanted, "xml" | "xmlns") => "".into(),
            _ => wanted.into(),
        };
        let qualified: Box<str> = match &*prefix {
            "" => local(name).into(),
            prefix => format!("{prefix}:{}", local(name)).into(),
        };
        self.out.push('<');
        self.out.push_str(&qualified);
        self.open.push(qualified);
        if !self.stands_for(&prefix, namespace) {
            self.declare(&prefix, namespace, depth)?;
        }
        self.used.clear();
        self.used.push(prefix);
        // Where it will be wanted, and what the service itself writes.
        if is_root && !self.stands_for("oc", &Namespace::Oc) && *namespace == Namespace::Atom {
            self.declare("oc", &Namespace::Oc, depth)?;
        }
        for (name, value) in own {
            self.attribute(name, value)?;
        }
        for attribute in more {
            check_name(&attribute.name)?;
            let name = local(&attribute.name);
            if attribute.namespace == Namespace::None {
                self.attribute(name, &attribute.value)?;
                continue;
            }
            let prefix = self.attribute_prefix(attribute, depth)?;
            self.attribute(&format!("{prefix}:{name}"), &attribute.value)?;
        }
        Ok(())
    }

    /// A prefix for an attribute, declared if need be.
    fn attribute_prefix(
        &mut self,
        attribute: &Attribute,
        depth: usize,
    ) -> Result<Box<str>, WriteError> {
        let wanted = prefix(&attribute.name);
        if attribute.namespace == Namespace::Xml {
            return Ok("xml".into());
        }
        let is_usable = !matches!(wanted, "" | "xml" | "xmlns");
        if is_usable && self.stands_for(wanted, &attribute.namespace) {
            self.used.push(wanted.into());
            return Ok(wanted.into());
        }
        let is_free = !self.used.iter().any(|used| **used == *wanted)
            && !self
                .scope
                .iter()
                .any(|(other, _, at)| *at == depth && **other == *wanted);
        if is_usable && is_free {
            self.declare(wanted, &attribute.namespace, depth)?;
            return Ok(wanted.into());
        }
        let known = self.scope.iter().rev().find(|(prefix, namespace, _)| {
            !prefix.is_empty()
                && *namespace == attribute.namespace
                && self.stands_for(prefix, namespace)
        });
        if let Some((prefix, _, _)) = known {
            let prefix = prefix.clone();
            self.used.push(prefix.clone());
            return Ok(prefix);
        }
        let mut number = 0;
        loop {
            number += 1;
            let prefix = format!("ns{number}");
            if !self.scope.iter().any(|(other, _, _)| **other == prefix) {
                self.declare(&prefix, &attribute.namespace, depth)?;
                return Ok(prefix.into());
            }
        }
    }

    fn stands_for(&self, prefix: &str, namespace: &Namespace) -> bool {
        let found = self
            .scope
            .iter()
            .rev()
            .find(|(other, _, _)| &**other == prefix);
        match found {
            Some((_, meaning, _)) => meaning == namespace,
            None => match prefix {
                "" => *namespace == Namespace::None,
                "xml" => *namespace == Namespace::Xml,
                _ => false,
            },
        }
    }

    fn declare(&mut self, prefix: &str, namespace: &Namespace, depth: usize) -> Written {
        self.scope.push((prefix.into(), namespace.clone(), depth));
        match prefix {
            "" => self.attribute("xmlns", namespace.uri()),
            prefix => self.attribute(&format!("xmlns:{prefix}"), namespace.uri()),
        }
    }

    fn attribute(&mut self, name: &str, value: &str) -> Written {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        for character in value.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#9;"),
                '\n' => self.out.push_str("&#10;"),
                '\r' => self.out.push_str("&#13;"),
                other if is_legal(other) => self.out.push(other),
                other => return Err(illegal(other, name)),
            }
        }
        self.out.push('"');
        Ok(())
    }
}

fn check_name(name: &str) -> Written {
    if is_name(name) && name.chars().all(is_legal) {
        return Ok(());
    }
    Err(WriteError::IllegalName { name: cut(name) })
}

fn illegal(character: char, place: &str) -> WriteError {
    WriteError::IllegalCharacter {
        character,
        place: cut(place),
    }
}
