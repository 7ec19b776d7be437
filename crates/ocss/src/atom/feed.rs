//! Feeds.

use super::element::{Attribute, Element, Foreign};
use super::entry::{Entry, Tombstone};
use super::parts::{Category, Link, Person};
use super::text::Text;
use crate::time::Timestamp;

/// A feed without its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feed {
    /// The identifier, trimmed; `None` when missing or empty.
    pub id: Option<Box<str>>,
    /// The title.
    pub title: Option<Text>,
    /// The subtitle.
    pub subtitle: Option<Text>,
    /// When it was last changed, by the server's clock.
    pub updated: Option<Timestamp>,
    /// The links, in their order.
    pub links: Vec<Link>,
    /// The authors.
    pub authors: Vec<Person>,
    /// The contributors.
    pub contributors: Vec<Person>,
    /// The categories.
    pub categories: Vec<Category>,
    /// `os:totalResults`: how many entries all pages have together, as the
    /// server says.
    pub total_results: Option<u64>,
    /// `os:itemsPerPage`.
    pub items_per_page: Option<u64>,
    /// `os:startIndex`: the number of the first entry of this page.
    pub start_index: Option<u64>,
    /// `xml:lang`.
    pub lang: Option<Box<str>>,
    /// As [`Entry::base`].
    pub base: Option<Box<str>>,
    /// Everything else, in its order.
    pub extensions: Vec<Element>,
    pub(crate) foreign: Foreign,
}

impl Feed {
    /// A feed with nothing in it.
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

    /// Where the next page is.
    pub fn next_page(&self) -> Option<&str> {
        self.link("next").map(Link::href)
    }

    /// Foreign attributes of the feed itself.
    pub fn attributes(&self) -> &[Attribute] {
        self.foreign.attributes()
    }
}

/// One item of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "nearly all are entries")]
pub enum Item {
    /// An entry.
    Entry(Entry),
    /// An entry that is no more.
    Deleted(Tombstone),
}

impl Item {
    /// The entry, if it is one.
    pub fn into_entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Deleted(_) => None,
        }
    }
}
