//! What is remembered over restarts.

use sync_core::Call;

use super::or_default;
use crate::model::stats::{DeviceStatistics, FolderStatistics};
use crate::{Client, endpoints};

/// Statistics: [`Client::stats`].
#[derive(Clone, Debug)]
pub struct Statistics {
    client: Client,
}

impl Statistics {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// When each device was last seen: `GET /rest/stats/device`. This device is
    /// among them.
    pub fn devices(&self) -> Call<DeviceStatistics> {
        or_default(self.client.call(&endpoints::STATS_DEVICE))
    }

    /// What was last pulled and when each folder was last scanned:
    /// `GET /rest/stats/folder`. Paused folders are missing.
    pub fn folders(&self) -> Call<FolderStatistics> {
        or_default(self.client.call(&endpoints::STATS_FOLDER))
    }
}
