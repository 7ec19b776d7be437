//! How the service behaves.

use std::ops::Range;
use std::time::Duration;

/// How the service behaves; [`Emulator::configure`](super::Emulator::configure)
/// changes it while it runs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// How long an answer takes, picked at random from here: half of it on the
    /// way to the service, half on the way back. Frames of one socket keep
    /// their order; those of several sockets overtake each other. Default:
    /// none.
    pub latency: Range<Duration>,
    /// How long `changes` and `all` wait for a change. Default: 30 seconds.
    pub hold: Duration,
    /// How they end without one. Default: status 504.
    pub poll_end: PollEnd,
    /// Larger objects are refused with 413, in bytes of JSON. Default: 1 MiB.
    pub max_object_bytes: usize,
    /// How many of the newest versions of an entity are kept. Default: 60.
    pub versions_kept: u64,
    /// How many of the tenth versions (1, 11, 21, …) before those are kept.
    /// Default: 100.
    pub tenths_kept: usize,
    /// What the marks of index pages mean. Default: changes.
    pub marks: Marks,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            latency: Duration::ZERO..Duration::ZERO,
            hold: Duration::from_secs(30),
            poll_end: PollEnd::Status(504),
            max_object_bytes: 1 << 20,
            versions_kept: 60,
            tenths_kept: 100,
            marks: Marks::Change,
        }
    }
}

/// How a poll ends when there was no change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollEnd {
    /// This status without a body, as from a gateway: 502, 504.
    Status(u16),
    /// Status 200 without a body.
    Empty,
    /// Status 200 and an empty list.
    EmptyList,
    /// The connection is closed without an answer.
    Close,
}

/// What the mark of an index page means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Marks {
    /// A point in the order of changes: an entity that changes while a client
    /// pages is not on a later page.
    Change,
    /// A number of entries: an entity that changes while a client pages moves
    /// others to later pages, so that they are there twice.
    Offset,
}
