//! Namespaces, and names within them.

use std::fmt;
use std::sync::Arc;

/// Atom (RFC 4287).
pub const ATOM: &str = "http://www.w3.org/2005/Atom";
/// The Atom Publishing Protocol (RFC 5023).
pub const APP: &str = "http://www.w3.org/2007/app";
/// The SyncServer's own extensions.
pub const OC: &str = "http://schemas.obexcode.com/syncserver/2009";
/// OpenSearch 1.1, for the size of a whole listing.
pub const OPEN_SEARCH: &str = "http://a9.com/-/spec/opensearch/1.1/";
/// Deleted entries (RFC 6721).
pub const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";
/// XHTML.
pub const XHTML: &str = "http://www.w3.org/1999/xhtml";
/// What the prefix `xml` stands for.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What the prefix `xmlns` stands for.
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// A namespace, quick to compare and to copy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Namespace {
    None,
    Atom,
    App,
    Oc,
    OpenSearch,
    Tombstones,
    Xhtml,
    Xml,
    Xmlns,
    Other(Arc<String>),
}

impl Namespace {
    pub(crate) fn new(uri: &str) -> Self {
        match uri {
            "" => Self::None,
            ATOM => Self::Atom,
            APP => Self::App,
            OC => Self::Oc,
            OPEN_SEARCH => Self::OpenSearch,
            TOMBSTONES => Self::Tombstones,
            XHTML => Self::Xhtml,
            XML => Self::Xml,
            XMLNS => Self::Xmlns,
            other => Self::Other(Arc::new(other.to_owned())),
        }
    }

    pub(crate) fn uri(&self) -> &str {
        match self {
            Self::None => "",
            Self::Atom => ATOM,
            Self::App => APP,
            Self::Oc => OC,
            Self::OpenSearch => OPEN_SEARCH,
            Self::Tombstones => TOMBSTONES,
            Self::Xhtml => XHTML,
            Self::Xml => XML,
            Self::Xmlns => XMLNS,
            Self::Other(uri) => uri,
        }
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.uri(), f)
    }
}

/// The part after the colon.
pub(crate) fn local(qualified: &str) -> &str {
    match memchr::memchr(b':', qualified.as_bytes()) {
        Some(at) => &qualified[at + 1..],
        None => qualified,
    }
}

/// The part before the colon; empty when there is none.
pub(crate) fn prefix(qualified: &str) -> &str {
    match memchr::memchr(b':', qualified.as_bytes()) {
        Some(at) => &qualified[..at],
        None => "",
    }
}
