//! How the machine is to behave.

use std::time::Duration;

use crate::model::{AppId, ClientId};

/// What wins when an entity is deleted on one side and edited on the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeletePolicy {
    /// The edit: the entity stays, or is made anew. Nothing is lost.
    #[default]
    EditWins,
    /// The deletion. What was edited is kept as a conflict copy.
    DeleteWins,
}

/// How the machine is to behave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The app.
    pub app: AppId,
    /// This device.
    pub client: ClientId,
    /// Entities in a page of the index. Default: 1000, the server's limit.
    pub page: u32,
    /// How long an object has to rest before it is sent. Default: not at all.
    pub debounce: Duration,
    /// How long it may be put off by edits that follow each other. Default: 10
    /// seconds.
    pub debounce_limit: Duration,
    /// Changes that may be on their way at once. Default: 200.
    pub in_flight: usize,
    /// Changes in a second, from the beginning. Default: `None`, as many as
    /// the server takes: see [`busy_rate`](Self::busy_rate).
    pub rate: Option<u32>,
    /// Changes in a second once the server has said that they were too many
    /// (503). Halved every time it says so again, and raised while it does
    /// not. Default: 200.
    pub busy_rate: u32,
    /// How long to wait for what became of a change before it is sent again.
    /// Default: 30 seconds.
    pub acknowledge: Duration,
    /// What wins, a deletion or an edit. Default: the edit.
    pub deletes: DeletePolicy,
    /// Versions of an entity that the server keeps without a gap. Default: 60.
    pub versions: u64,
    /// Of those before, every tenth; so many of them. Default: 100.
    pub tenths: u64,
}

impl Settings {
    /// The defaults.
    pub fn new(app: AppId, client: ClientId) -> Self {
        Self {
            app,
            client,
            page: 1000,
            debounce: Duration::ZERO,
            debounce_limit: Duration::from_secs(10),
            in_flight: 200,
            rate: None,
            busy_rate: 200,
            acknowledge: Duration::from_secs(30),
            deletes: DeletePolicy::EditWins,
            versions: 60,
            tenths: 100,
        }
    }
}
