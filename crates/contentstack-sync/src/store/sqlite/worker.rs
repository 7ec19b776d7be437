//! A connection on a thread of its own.

use std::fmt;
use std::sync::mpsc;
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::{StoreError, StoreErrorKind};
use super::group::{self, Writer};

/// Changes that are written in one transaction at the most: what they change
/// has to fit into memory.
const GROUP: usize = 16;

enum Job {
    /// Does all of its work itself.
    Alone(Box<dyn FnOnce(&Connection) + Send>),
    /// Writes, and is told once that is committed.
    Write(Writer),
}

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
                        work(&connection, &queue);
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
        let job = Box::new(move |connection: &Connection| {
            let _ = answer.send(work(connection));
        });
        self.jobs.send(Job::Alone(job)).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Runs `work` as a transaction, or as a part of one with others that wait
    /// already: the disk is waited for once. If `work` fails, what it wrote is
    /// taken back, and nothing else.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let writer = group::writer(work, answer);
        self.jobs.send(Job::Write(writer)).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Ends the thread after all that was asked for.
    pub(super) async fn stop(self) {
        drop(self.jobs);
        let _ = self.ended.await;
    }
}

fn work(connection: &Connection, queue: &mpsc::Receiver<Job>) {
    let mut next = queue.recv().ok();
    while let Some(job) = next.take() {
        match job {
            Job::Alone(job) => job(connection),
            Job::Write(first) => {
                let mut left = GROUP - 1;
                let more = || {
                    left = left.checked_sub(1)?;
                    match queue.try_recv().ok()? {
                        Job::Write(job) => Some(job),
                        other => {
                            next = Some(other);
                            left = 0;
                            None
                        }
                    }
                };
                group::write(connection, first, more);
            }
        }
        if next.is_none() {
            next = queue.recv().ok();
        }
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
