//! How the service behaves, as far as that is not known or changes.

use std::time::Duration;

/// Whether a delta tells everything that happened, or only what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compaction {
    /// The last event of each key (kind, uid, locale). What was deleted with
    /// its content type is still told of.
    #[default]
    LastOfEachKey,
    /// Every event.
    Everything,
}

/// The order of a delta. Initial syncs are newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Newest first.
    #[default]
    NewestFirst,
    /// Oldest first.
    OldestFirst,
    /// In no order.
    Shuffled,
}

/// How the service behaves. May be changed at any time: see
/// [`Emulator::configure`](super::Emulator::configure).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Items on a page, 1 at least. Default: 100.
    pub page_size: usize,
    /// Whether a smaller `limit` is heeded. Default: no, as has been seen.
    pub honour_limit: bool,
    /// Whether a token is gone once it was answered. Default: no: the service
    /// takes a token again.
    pub single_use: bool,
    /// What a delta tells. Default: the last event of each key.
    pub compaction: Compaction,
    /// The order of a delta. Default: newest first.
    pub order: Order,
    /// How many events from before an initial sync the delta after it tells
    /// again. Default: 0.
    pub redelivered: usize,
    /// Puts an empty page into every chain that has more than this many pages,
    /// after them. Default: `None`.
    pub empty_page_after: Option<usize>,
    /// How many [random changes](super::Emulator::change_at_random) are made
    /// after each page that isn't a chain's last. Default: 0.
    pub changes_per_page: usize,
    /// How long each answer takes. Default: no time.
    pub latency: Duration,
    /// How many requests a second are answered before there is 429. Every
    /// answer has `x-ratelimit-*` then. Default: as many as come.
    pub rate_limit: Option<u32>,
    /// For how long the CDN answers a URL with what it was answered before.
    /// Default: not at all.
    pub cdn: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            page_size: 100,
            honour_limit: false,
            single_use: false,
            compaction: Compaction::default(),
            order: Order::default(),
            redelivered: 0,
            empty_page_after: None,
            changes_per_page: 0,
            latency: Duration::ZERO,
            rate_limit: None,
            cdn: None,
        }
    }
}
