//! How many connections may be open at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::hyper::connect::ConnectError;
use crate::transport::TransportErrorKind;

/// The places for connections. A connection holds its own until it is closed.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(count)),
            waiting: AtomicUsize::new(0),
        }
    }

    pub(crate) fn try_take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Waits for a free place. From the first poll on no connection is kept
    /// unused, and who came first is served first.
    pub(crate) async fn wait(&self) -> Result<OwnedSemaphorePermit, ConnectError> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let _wanted = Wanted(self);
        let taken = Arc::clone(&self.free).acquire_owned().await;
        taken.map_err(|closed| {
            ConnectError::new(TransportErrorKind::Canceled, "the transport was closed")
                .with_source(closed)
        })
    }

    /// Whether somebody waits for a place.
    pub(crate) fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    pub(crate) fn are_taken(&self) -> bool {
        self.free.available_permits() == 0
    }
}

/// Counts one who waits.
struct Wanted<'a>(&'a Places);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
