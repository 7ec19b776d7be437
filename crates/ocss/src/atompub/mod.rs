//! The Atom Publishing Protocol (RFC 5023): service documents.

mod accept;
mod service;

pub use self::accept::Accept;
pub use self::service::{Categories, Collection, ServiceDocument, Workspace};

/// The media type of entries.
pub const ENTRY_TYPE: &str = "application/atom+xml;type=entry";
/// The media type of feeds and entries.
pub const ATOM_TYPE: &str = "application/atom+xml";
/// The media type of service documents.
pub const SERVICE_TYPE: &str = "application/atomsvc+xml";
