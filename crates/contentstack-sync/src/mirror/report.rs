//! What a run did.

use crate::store::{Chain, ChainName, Seq};

/// What kind of run it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The first full sync, or what was left of it.
    Initial,
    /// What has changed since the last run.
    #[default]
    Delta,
    /// Another full sync, while readers kept what was there.
    Resync {
        /// Why.
        reason: ResyncReason,
    },
}

/// Why everything was synced again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResyncReason {
    /// The service no longer knows the sync token, and said so each time it
    /// was asked.
    InvalidSyncToken,
    /// The caller [asked for it](super::Mirror::resync).
    Requested,
}

impl ResyncReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidSyncToken => "invalid_sync_token",
            Self::Requested => "requested",
        }
    }

    /// What was stored by an earlier run.
    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "requested" => Self::Requested,
            _ => Self::InvalidSyncToken,
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What kind of run it was.
    pub mode: Mode,
    /// Whether the mirror is complete: false when the run was
    /// [stopped](super::Watch) before its end.
    pub complete: bool,
    /// Pages and lists that were asked for. Requests that were repeated
    /// because they failed are not counted.
    pub requests: u64,
    /// Pages that were stored.
    pub pages: u64,
    /// Items on them.
    pub items: u64,
    /// Rows that were written.
    pub upserts: u64,
    /// Rows that are gone.
    pub deletes: u64,
    /// Items that had no effect: older than what is there, or the same.
    pub ignored: u64,
    /// Rows that a full sync did not bring again, and that are gone with it.
    pub swept: u64,
    /// Items of a type that is not known, kept as dead letters.
    pub unknown: u64,
    /// Items that cannot be read, kept as dead letters.
    pub unreadable: u64,
    /// Dead letters of before that could be applied now.
    pub revived: u64,
    /// Dead letters that there are now.
    pub dead_letters: u64,
    /// How often a full sync was begun again because the service forgot its
    /// pagination token, or a delta from its sync token.
    pub restarts: u32,
    /// The number of the last change: see [`Mirror::changes`](super::Mirror::changes).
    pub seq: Seq,
}

impl Report {
    /// Whether anything has changed.
    pub fn is_empty(&self) -> bool {
        self.items == 0 && self.swept == 0 && self.revived == 0
    }
}

/// How far a run is. Given out after every page that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Which chain the page is of.
    pub chain: ChainName,
    /// Whether it is of a full sync.
    pub loading: bool,
    /// Items of this chain's result so far, also those of earlier runs.
    pub items: u64,
    /// Items of this chain's result in all, if the service says so. It may
    /// change from page to page.
    pub total: Option<u64>,
    /// Items of all chains in this run so far.
    pub items_in_run: u64,
    /// Pages of all chains in this run so far.
    pub pages_in_run: u64,
}

impl Progress {
    pub(super) fn of(chain: &Chain, loading: bool, report: &Report) -> Self {
        Self {
            chain: chain.name.clone(),
            loading,
            items: chain.items,
            total: chain.total,
            items_in_run: report.items,
            pages_in_run: report.pages,
        }
    }

    /// How much of this chain's result is stored, between 0 and 1.
    pub fn fraction(&self) -> Option<f64> {
        match self.total? {
            0 => Some(1.0),
            total => Some((self.items as f64 / total as f64).min(1.0)),
        }
    }
}
