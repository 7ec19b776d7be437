//! The documents of the server.

mod entry;
mod feed;
mod service;

pub(super) use self::entry::Item;
pub(super) use self::feed::{Next, feed};
pub(super) use self::service::service_document;

use super::layout::{Layout, Place};
use crate::time::Timestamp;

/// What every document depends on.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) layout: Layout,
    /// `http://host/v2/`, with the scheme that links are to have.
    pub(super) base: String,
    pub(super) now: Timestamp,
}

impl Site {
    /// The absolute URL of a place.
    pub(super) fn url(&self, place: Place, ids: &[&str]) -> String {
        format!("{}{}", self.base, self.layout.path(place, ids))
    }
}
