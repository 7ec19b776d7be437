//! A place in the daemon's events that outlives this program.

use serde::{Deserialize, Serialize};

use super::Mask;
use crate::model::{DeviceId, Time};

/// A place in a daemon's events. Store it (it is serialisable) once the item
/// before it is dealt with; a stream [from](super::EventsBuilder::from) there
/// misses nothing that the daemon still has, and says so if it does.
///
/// It names the daemon, its start and the set of events, because the numbers
/// of events mean nothing elsewhere.
///
/// ```
/// use syncthing_rest::events::Cursor;
///
/// let text = r#"{
///     "device": "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7",
///     "startTime": "2026-11-21T06:16:48Z",
///     "mask": { "types": ["StateChanged"] },
///     "lastId": 192
/// }"#;
/// let cursor: Cursor = serde_json::from_str(text)?;
/// assert_eq!(cursor.last_id(), 192);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    pub(super) device: DeviceId,
    pub(super) start_time: Time,
    pub(super) mask: Mask,
    pub(super) last_id: u64,
}

impl Cursor {
    /// The daemon.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// When its process started; numbers count from there.
    pub fn start_time(&self) -> Time {
        self.start_time
    }

    /// The set of events that is counted.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The number of the last event before this place; 0 at the start.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// The place after the event with this number.
    pub(super) fn at(&self, last_id: u64) -> Self {
        Self {
            last_id,
            ..self.clone()
        }
    }
}
