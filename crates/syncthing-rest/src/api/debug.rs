//! Measurements and profiles.

use std::time::Duration;

use bytes::Bytes;
use sync_core::Call;

use super::{answered_within, or_default};
use crate::model::FolderId;
use crate::model::db::FileLookup;
use crate::model::debug::{HttpMetrics, PeerCompletion};
use crate::{Client, endpoints};

/// How long the daemon may work on a profile or bundle beyond what was asked for.
const MARGIN: Duration = Duration::from_secs(60);

/// For who looks for a fault: [`Client::debug`].
///
/// Until 1.30 all of `/rest/debug` is off unless `gui.debugging` is set:
/// [`SyncthingError::DebuggingDisabled`](crate::SyncthingError::DebuggingDisabled).
/// From 2.0 on it is always there, without a key even if no password is set.
#[derive(Clone, Debug)]
pub struct Debugging {
    client: Client,
}

impl Debugging {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// What the index knows of a file: `GET /rest/debug/file`.
    ///
    /// Unlike [`FolderHandle::file`](super::FolderHandle::file) this is never
    /// "not found": a file that nobody has comes with an empty name.
    pub fn file(&self, folder: impl Into<FolderId>, path: &str) -> Call<FileLookup> {
        self.client
            .call(&endpoints::DEBUG_FILE)
            .query("folder", folder.into())
            .query("file", path)
            .json()
    }

    /// What takes memory, for `go tool pprof`: `GET /rest/debug/heapprof`.
    pub fn heap_profile(&self) -> Call<Bytes> {
        self.client
            .call(&endpoints::DEBUG_HEAP)
            .with_options(answered_within(MARGIN))
    }

    /// What takes time, measured for `duration`, for `go tool pprof`:
    /// `GET /rest/debug/cpuprof`. The call may take a minute longer than that.
    pub fn cpu_profile(&self, duration: Duration) -> Call<Bytes> {
        self.client
            .call(&endpoints::DEBUG_CPU)
            .query("duration", go_duration(duration))
            .with_options(answered_within(duration.saturating_add(MARGIN)))
    }

    /// A ZIP file of everything a maintainer asks for: `GET /rest/debug/support`.
    ///
    /// The daemon collects for some seconds, keeps a copy in its home directory,
    /// and leaves out keys and passwords. Large: [`stream`](Call::stream) it into
    /// a file.
    pub fn support_bundle(&self) -> Call<Bytes> {
        self.client
            .call(&endpoints::DEBUG_SUPPORT)
            .with_options(answered_within(5 * MARGIN))
    }

    /// How many per cent each device has: `GET /rest/debug/peerCompletion`,
    /// until 1.30. See [`Database::completion_of`](super::Database::completion_of)
    /// for better.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::Unsupported`](crate::SyncthingError::Unsupported) from
    /// 2.0 on.
    pub fn peer_completion(&self) -> Call<PeerCompletion> {
        or_default(self.client.call(&endpoints::DEBUG_PEER_COMPLETION))
    }

    /// How long the daemon took for calls: `GET /rest/debug/httpmetrics`, until
    /// 1.30.
    ///
    /// # Errors
    ///
    /// As [`peer_completion`](Self::peer_completion).
    pub fn http_metrics(&self) -> Call<HttpMetrics> {
        or_default(self.client.call(&endpoints::DEBUG_HTTP_METRICS))
    }

    /// Measurements in Prometheus' text form: `GET /metrics`, since 1.24.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::Unsupported`](crate::SyncthingError::Unsupported) before.
    pub fn metrics(&self) -> Call<String> {
        self.client.call(&endpoints::METRICS).text()
    }
}

/// A duration as Go reads it.
fn go_duration(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}
