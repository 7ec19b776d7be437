//! Atom documents (RFC 4287): read by events, in constant memory where that is
//! wanted, and written so that nothing is lost.
//!
//! ```
//! use ocss::atom::{Content, Entry, Link, ReadOptions, Text};
//!
//! let mut entry = Entry::new();
//! entry.title = Some(Text::plain("Kari"));
//! entry.content = Some(Content::new("text/x-vcard", b"BEGIN:VCARD\r\nEND:VCARD\r\n").unwrap());
//! entry.links.push(Link::new("edit", "c1"));
//! entry.set_property("content", "dataclass", "contacts");
//! let xml = entry.to_xml().unwrap();
//!
//! let read = ReadOptions::new("http://h/v2/content/").entry(xml.as_bytes()).unwrap();
//! assert_eq!(read.property("dataclass"), Some("contacts"));
//! assert_eq!(read.link("edit").unwrap().href(), "http://h/v2/content/c1");
//! assert_eq!(read.content.unwrap().data().unwrap().as_ref(), b"BEGIN:VCARD\r\nEND:VCARD\r\n");
//! ```
//!
//! Namespaces are compared by their URI, never by prefix. What is not known is
//! kept: foreign elements and attributes, and Atom elements without a field of
//! their own, are in `extensions` and `attributes`, and are written again
//! (RFC 5023 section 9.3).
//!
//! # What is refused
//!
//! Documents that are not well-formed, with the namespaces too; any document
//! type declaration, and so every entity but the five predefined ones;
//! elements nested deeper, and documents larger than [`Limits`] say, also when
//! it is a long `xml:base` or a great many small elements that make them large
//! in memory; roots other than the wanted one. Nothing panics, and nothing
//! recurses while reading.

mod content;
mod cost;
mod element;
mod entry;
mod error;
mod feed;
pub mod names;
mod parts;
mod read;
mod resource;
mod text;
mod tree;
mod write;
mod xml;

pub use self::content::{Content, ContentBody, ContentError};
pub use self::element::{Attribute, Element};
pub use self::entry::{Entry, Tombstone};
pub use self::error::{Limits, WriteError, XmlError};
pub use self::feed::{Feed, Item};
pub use self::parts::{Category, Link, Person};
pub use self::read::{Document, FeedDocument, FeedReader, Items, ReadOptions};
pub(crate) use self::read::{ILLEGAL, resolve_at_cost};
pub use self::resource::{WRAPPERS, id_from_reference};
pub use self::text::{Text, TextKind};
pub(crate) use self::tree::parse as parse_element;
pub use self::write::FeedWriter;
pub(crate) use self::write::element_document;
