//! What is learned on the way through the pages of a listing.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::DATE;

use crate::model::Id;
use crate::time::Timestamp;

/// What a walk through the pages has learned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walked {
    pub(super) pages: u64,
    pub(super) seen: HashSet<Id>,
    /// Of the first page.
    pub(super) total: Option<u64>,
    updated: Option<Timestamp>,
    date: Option<Timestamp>,
    pub(super) modified: Option<Timestamp>,
    /// How much memory the members take, about.
    pub(super) taken: u64,
}

impl Walked {
    /// Takes note of the first page.
    pub(super) fn begin(
        &mut self,
        total: Option<u64>,
        updated: Option<Timestamp>,
        headers: &HeaderMap,
    ) {
        self.total = total;
        self.updated = updated;
        self.date = date(headers);
    }

    /// The service's time, so that asking for changes since then misses none.
    pub(crate) fn mark(&self) -> Option<Timestamp> {
        self.updated.or(self.modified).or(self.date)
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    httpdate::parse_http_date(date).ok().map(Timestamp::from)
}
