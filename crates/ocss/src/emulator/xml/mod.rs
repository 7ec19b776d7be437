//! XML as the server reads and writes it: apart from the client's
//! [`atom`](crate::atom), so that a mistake of one side is not repeated by the
//! other.

mod element;
mod read;
mod write;

pub(super) use self::element::Element;
pub(super) use self::read::{is_xml_char, read};
pub(super) use self::write::Writer;

/// Atom (RFC 4287).
pub(super) const ATOM: &str = "http://www.w3.org/2005/Atom";
/// The service's own elements.
pub(super) const OC: &str = "http://schemas.obexcode.com/syncserver/2009";
/// AtomPub (RFC 5023).
pub(super) const APP: &str = "http://www.w3.org/2007/app";
/// OpenSearch, for the size of a listing.
pub(super) const OPEN_SEARCH: &str = "http://a9.com/-/spec/opensearch/1.1/";
