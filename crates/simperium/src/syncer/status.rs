//! How things stand, with the connection and with one object.

use std::fmt;
use std::time::Duration;

use crate::model::ChangeErrorCode;
use crate::store::{Local, Pending, PendingState, Record};

/// How things stand with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It is being made.
    Connecting,
    /// It is there.
    Online,
    /// There is none; another is made after this pause.
    Offline {
        /// How long, from when this was said.
        retry_in: Duration,
    },
    /// The service refuses the token, and there is no other. Edits are kept. Give
    /// it one with [`set_token`](super::Syncer::set_token), or let it ask the
    /// source again with [`sync_now`](super::Syncer::sync_now).
    Unauthorized,
    /// The token is that of another user than the store, whose objects are not
    /// to be mixed: see
    /// [`SyncerBuilder::any_user`](super::SyncerBuilder::any_user). Edits are
    /// kept, and nothing was sent.
    OtherUser,
    /// There is none, by [`pause`](super::Syncer::pause).
    Paused,
    /// The syncer has ended.
    Stopped,
}

/// In a few words.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Offline { retry_in } => {
                return write!(f, "offline, trying again in {retry_in:.1?}");
            }
            Self::Unauthorized => "the service refuses the token",
            Self::OtherUser => "the token is that of another user than the store",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        })
    }
}

/// How things stand with one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncState {
    /// There is no such object, here or at the service as far as it is known.
    Absent,
    /// It is as the service has it.
    Synced,
    /// It has edits that are to be sent.
    Waiting,
    /// It has edits that were sent and are not acknowledged yet.
    Sent,
    /// The service will not have it as it is here, for this reason. It is sent
    /// again once it is edited.
    Rejected(Option<ChangeErrorCode>),
}

/// What is known of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyStatus {
    /// How it stands.
    pub state: SyncState,
    /// The last version that came from the service; `None` for an object that
    /// only this device has.
    pub version: Option<u64>,
    /// Whether it was deleted here, and the service has yet to know.
    pub deleted: bool,
    /// How often the service refused an edit of it since the last that it took.
    pub attempts: u32,
}

impl KeyStatus {
    pub(super) fn of(record: Option<&Record>, pending: Option<&Pending>) -> Self {
        let state = match (record, pending) {
            (_, Some(pending)) => SyncState::of(pending),
            (Some(_), None) => SyncState::Synced,
            (None, None) => SyncState::Absent,
        };
        Self {
            state,
            version: record.and_then(Record::version),
            deleted: record.is_some_and(|record| record.local == Local::Deleted),
            attempts: pending.map_or(0, |pending| pending.attempts),
        }
    }
}

impl SyncState {
    pub(super) fn of(pending: &Pending) -> Self {
        match pending.state {
            PendingState::Dirty => Self::Waiting,
            PendingState::InFlight | PendingState::Acknowledged => Self::Sent,
            PendingState::Parked => Self::Rejected(pending.last_error),
        }
    }
}
