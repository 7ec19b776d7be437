//! What concerns all folders at once.

use std::time::Duration;

use sync_core::Call;

use super::{answered_within, checks, folder};
use crate::model::DeviceId;
use crate::model::db::Completion;
use crate::{Client, endpoints};

/// All folders: [`Client::db`].
#[derive(Clone, Debug)]
pub struct Database {
    client: Client,
}

impl Database {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// How much of all folders this device has: `GET /rest/db/completion`.
    ///
    /// The sum has no meaningful sequence or remote state: ask
    /// [`needs_nothing`](Completion::needs_nothing). Counting is hard work for
    /// the daemon; do not ask in a loop but follow the events.
    pub fn completion(&self) -> Call<Completion> {
        self.client.call(&endpoints::DB_COMPLETION).json()
    }

    /// How much another device has of all the folders that are shared with it.
    pub fn completion_of(&self, device: DeviceId) -> Call<Completion> {
        self.client
            .call(&endpoints::DB_COMPLETION)
            .query("device", device.to_string())
            .json()
            .or_error(checks::named(device).err())
    }

    /// Scans all folders: `POST /rest/db/scan`. Paused ones are left out.
    ///
    /// The answer comes when the scan has ended, so it may take an hour before
    /// this call gives up (limit it with [`timeout`](Call::timeout)).
    ///
    /// # Errors
    ///
    /// When one folder fails the daemon answers 500 and names the folder but not
    /// the reason. Ask each folder's [`status`](crate::api::FolderHandle::status).
    pub fn scan(&self) -> Call<()> {
        const LONGEST: Duration = folder::SCAN_LIMIT;
        self.client
            .call(&endpoints::DB_SCAN)
            .empty()
            .with_options(answered_within(LONGEST))
    }
}
