//! XML 1.0 with namespaces, over the events of quick-xml.
//!
//! quick-xml splits the text into tokens. What it leaves to its users is here:
//! names, attributes, namespaces, matching tags, one root, legal characters,
//! line ends, encodings and limits. It works on pieces: a document may come
//! whole or bit by bit.

mod attributes;
mod chars;
mod encoding;
mod parser;
mod scope;

pub(crate) use self::attributes::AttributeRef;
pub(crate) use self::chars::{first_illegal_byte, is_legal, is_name, trim};
pub(crate) use self::encoding::{Decoder, Encoding, decode};
pub(crate) use self::parser::{Handler, Parser, Progress, StartTag};
