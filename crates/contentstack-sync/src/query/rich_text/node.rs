//! The tree of a JSON rich text field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{ContentTypeUid, Locale, Uid};

/// A node of the JSON rich text editor: an element with children, or a text.
///
/// A document is the node of the kind `doc`. Unknown keys and attributes are
/// kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Node {
    /// What the element is: `doc`, `p`, `h1`, `a`, `img`, `ol`, `table`,
    /// `reference` and so on. Texts have none.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The text of a text node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The attributes of an element.
    #[serde(
        default,
        deserialize_with = "sync_core::json::null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub attrs: BTreeMap<String, Value>,
    /// What is in an element.
    #[serde(
        default,
        deserialize_with = "sync_core::json::null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub children: Vec<Node>,
    /// All else: the editor's `uid` of the element, the marks of a text.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mark {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strikethrough,
    /// Code within a line.
    InlineCode,
    /// Below the line.
    Subscript,
    /// Above the line.
    Superscript,
}

impl Mark {
    /// All marks, the outermost in HTML first.
    pub const ALL: [Self; 7] = [
        Self::Bold,
        Self::Italic,
        Self::Underline,
        Self::Strikethrough,
        Self::InlineCode,
        Self::Subscript,
        Self::Superscript,
    ];

    /// The key in a text node.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bold => "bold",
            Self::Italic => "italic",
            Self::Underline => "underline",
            Self::Strikethrough => "strikethrough",
            Self::InlineCode => "inlineCode",
            Self::Subscript => "subscript",
            Self::Superscript => "superscript",
        }
    }
}

/// An entry or an asset that stands in a rich text.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Embedded<'n> {
    /// An entry.
    Entry {
        /// Which.
        uid: &'n str,
        /// Of what type.
        content_type: Option<&'n str>,
        /// In which language.
        locale: Option<&'n str>,
        /// How it is shown: `block`, `inline` or `link`.
        display: Option<&'n str>,
        /// The node that embeds it.
        node: &'n Node,
    },
    /// An asset.
    Asset {
        /// Which.
        uid: &'n str,
        /// Its address when it was embedded.
        link: Option<&'n str>,
        /// How it is shown: `display`, `link` or `download`.
        display: Option<&'n str>,
        /// The node that embeds it.
        node: &'n Node,
    },
}

impl Embedded<'_> {
    /// The uid of the entry or asset.
    pub fn uid(&self) -> Uid {
        match self {
            Self::Entry { uid, .. } | Self::Asset { uid, .. } => Uid::from(*uid),
        }
    }

    /// The content type of an entry.
    pub fn content_type(&self) -> Option<ContentTypeUid> {
        match self {
            Self::Entry { content_type, .. } => content_type.map(ContentTypeUid::from),
            Self::Asset { .. } => None,
        }
    }

    /// The language that an entry was embedded in.
    pub fn locale(&self) -> Option<Locale> {
        match self {
            Self::Entry { locale, .. } => locale.map(Locale::from),
            Self::Asset { .. } => None,
        }
    }
}

impl Node {
    /// An attribute that is a text.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.get(name)?.as_str()
    }

    /// Whether a text looks like this.
    pub fn has(&self, mark: Mark) -> bool {
        self.extra.get(mark.as_str()) == Some(&Value::Bool(true))
    }

    /// What this node itself embeds.
    pub fn embeds(&self) -> Option<Embedded<'_>> {
        let display = self.attr("display-type");
        if let Some(uid) = self.attr("asset-uid") {
            return Some(Embedded::Asset {
                uid,
                link: self.attr("asset-link"),
                display,
                node: self,
            });
        }
        self.attr("entry-uid").map(|uid| Embedded::Entry {
            uid,
            content_type: self.attr("content-type-uid"),
            locale: self.attr("locale"),
            display,
            node: self,
        })
    }

    /// This node and all below it, in the order in which they are read.
    pub fn nodes(&self) -> Nodes<'_> {
        Nodes { next: vec![self] }
    }

    /// Calls `visit` for this node and all below it, each before its children,
    /// to change them.
    pub fn visit_mut(&mut self, visit: &mut dyn FnMut(&mut Node)) {
        visit(self);
        for child in &mut self.children {
            child.visit_mut(visit);
        }
    }

    /// The entries and assets in it, in order.
    pub fn embedded(&self) -> impl Iterator<Item = Embedded<'_>> {
        self.nodes().filter_map(Self::embeds)
    }
}

/// See [`Node::nodes`].
#[derive(Clone, Debug)]
pub struct Nodes<'n> {
    next: Vec<&'n Node>,
}

impl<'n> Iterator for Nodes<'n> {
    type Item = &'n Node;

    fn next(&mut self) -> Option<&'n Node> {
        let node = self.next.pop()?;
        self.next.extend(node.children.iter().rev());
        Some(node)
    }
}
