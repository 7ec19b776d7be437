//! How a syncer ends.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::oneshot;

use super::run::Command;
use super::{SyncError, Syncer};

/// The end of a syncer. Await it, or [`send`](Self::send) it.
#[derive(Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct Stop {
    syncer: Syncer,
    flush: Option<Duration>,
}

impl Stop {
    pub(super) fn new(syncer: Syncer) -> Self {
        Self {
            syncer,
            flush: None,
        }
    }

    /// First waits so long at most until the service has every edit.
    pub fn flush(mut self, limit: Duration) -> Self {
        self.flush = Some(limit);
        self
    }

    /// Ends it. The store is closed when this returns.
    ///
    /// # Errors
    ///
    /// [`SyncError::TimedOut`] when there was not enough time for all edits: it
    /// has ended all the same, and they are sent by the next syncer on its store.
    /// [`SyncError::Stopped`] when it had ended already.
    pub async fn send(self) -> Result<(), SyncError> {
        let flushed = match self.flush {
            Some(limit) => match self.syncer.wait_synced(limit).await {
                // What was not read yet is nobody's loss.
                Err(SyncError::TimedOut { pending: 0, .. }) => Ok(()),
                flushed => flushed,
            },
            None => Ok(()),
        };
        let (done, stopped) = oneshot::channel();
        self.syncer.command(Command::Stop(done))?;
        stopped.await.map_err(|_| SyncError::Stopped)?;
        flushed
    }
}

impl IntoFuture for Stop {
    type Output = Result<(), SyncError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
