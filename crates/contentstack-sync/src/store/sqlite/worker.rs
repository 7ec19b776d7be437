//! A connection on a thread of its own.

use std::fmt;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::{StoreError, StoreErrorKind};

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Runs jobs on a connection, one after the other. SQLite blocks while the
/// disk works, which no async task may.
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
    ended: oneshot::Receiver<()>,
}

impl Worker {
    /// Starts the thread, and opens the connection there.
    pub(super) async fn start(
        name: &str,
        open: impl FnOnce() -> Result<Connection, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (opened, is_open) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                match open() {
                    Ok(connection) => {
                        let _ = opened.send(Ok(()));
                        for job in queue {
                            job(&connection);
                        }
                    }
                    Err(error) => {
                        let _ = opened.send(Err(error));
                    }
                }
                // The connection is closed here.
                let _ = end.send(());
            })
            .map_err(|error| {
                StoreError::new(StoreErrorKind::Io, "no thread can be started").with_source(error)
            })?;
        is_open.await.map_err(|_| closed())??;
        Ok(Self { jobs, ended })
    }

    /// Runs `work` after all that was asked for before. It runs to its end
    /// also when nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let _ = answer.send(work(connection));
        });
        self.jobs.send(job).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the thread after all that was asked for.
    pub(super) async fn stop(self) {
        drop(self.jobs);
        let _ = self.ended.await;
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "its thread has ended")
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
