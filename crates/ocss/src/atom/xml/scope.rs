//! Which namespace a prefix stands for, where.

use crate::atom::names::{Namespace, XML, XMLNS};

/// Declarations in force at a time. Far more than any honest document has,
/// and few enough that looking one up stays quick.
const MOST: usize = 128;

#[derive(Debug)]
struct Declaration {
    /// Of the prefix. It stands in the buffer after that of the one before.
    length: usize,
    namespace: Namespace,
    depth: usize,
}

/// The namespace declarations of all open elements.
#[derive(Debug)]
pub(super) struct Scope {
    prefixes: String,
    declarations: Vec<Declaration>,
    depth: usize,
}

impl Scope {
    pub(super) const fn new() -> Self {
        Self {
            prefixes: String::new(),
            declarations: Vec::new(),
            depth: 0,
        }
    }

    /// Goes into an element, before its declarations.
    pub(super) const fn open(&mut self) {
        self.depth += 1;
    }

    /// Leaves an element, with its declarations.
    pub(super) fn close(&mut self) {
        while self
            .declarations
            .last()
            .is_some_and(|last| last.depth == self.depth)
        {
            if let Some(last) = self.declarations.pop() {
                self.prefixes.truncate(self.prefixes.len() - last.length);
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn declare(&mut self, prefix: &str, uri: &str) -> Result<(), &'static str> {
        match (prefix, uri) {
            ("xml", XML) => return Ok(()),
            ("xml" | "xmlns", _) | (_, XML | XMLNS) => {
                return Err("a reserved prefix or namespace is declared");
            }
            ("", _) => {}
            (_, "") => return Err("a prefix is declared to be no namespace"),
            _ => {}
        }
        if self.declarations.len() == MOST {
            return Err("too many namespaces are declared");
        }
        // Elements often repeat a declaration: share its text.
        let known = self
            .declarations
            .iter()
            .rev()
            .find(|one| one.namespace.uri() == uri);
        let namespace = known.map_or_else(|| Namespace::new(uri), |one| one.namespace.clone());
        self.prefixes.push_str(prefix);
        self.declarations.push(Declaration {
            length: prefix.len(),
            namespace,
            depth: self.depth,
        });
        Ok(())
    }

    /// `None` when the prefix is not declared. The empty prefix always is.
    pub(super) fn resolve(&self, prefix: &str) -> Option<&Namespace> {
        let mut end = self.prefixes.len();
        for declaration in self.declarations.iter().rev() {
            let length = declaration.length;
            // The most common prefix, none, needs no comparison.
            if length == prefix.len()
                && (length == 0 || &self.prefixes[end - length..end] == prefix)
            {
                return Some(&declaration.namespace);
            }
            end -= length;
        }
        match prefix {
            "" => Some(&Namespace::None),
            "xml" => Some(&Namespace::Xml),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_declarations_hide_outer_ones_until_the_element_ends() {
        let mut scope = Scope::new();
        scope.open();
        scope.declare("", "u").unwrap();
        scope.declare("p", "v").unwrap();
        scope.open();
        scope.declare("p", "w").unwrap();
        scope.declare("", "").unwrap();
        assert_eq!(scope.resolve("p").unwrap().uri(), "w");
        assert_eq!(scope.resolve("").unwrap(), &Namespace::None);
        scope.close();
        assert_eq!(scope.resolve("p").unwrap().uri(), "v");
        assert_eq!(scope.resolve("").unwrap().uri(), "u");
        scope.close();
        assert_eq!(scope.resolve("p"), None);
        assert_eq!(scope.resolve("").unwrap(), &Namespace::None);
        assert_eq!(scope.resolve("xml").unwrap(), &Namespace::Xml);
    }

    #[test]
    fn declarations_are_limited() {
        let mut scope = Scope::new();
        scope.open();
        for i in 0..MOST {
            scope.declare(&format!("p{i}"), "u").unwrap();
        }
        assert!(scope.declare("q", "u").is_err());
        scope.close();
        assert!(scope.declare("q", "u").is_ok());
    }
}
