//! Syncs and snapshots whose work is done elsewhere: by a thread or a task that
//! is told what to do through a channel.

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::{Query, Snapshot, StoreError, StoreErrorKind, StoreReport, SyncTransaction};
use crate::row::Row;

/// How many batches wait to be written at most.
pub(super) const BATCHES: usize = 2;

/// What is told to whoever writes a sync. When nobody is left to tell anything,
/// everything is taken back.
pub(super) enum Command {
    Rows(Vec<Row>),
    Finish,
}

/// A sync that is written elsewhere.
#[derive(Debug)]
pub(super) struct RemoteSync {
    commands: Option<mpsc::Sender<Command>>,
    result: Option<oneshot::Receiver<Result<StoreReport, StoreError>>>,
}

impl RemoteSync {
    /// A sync by the ends of its channels.
    pub(super) fn new(
        commands: mpsc::Sender<Command>,
        result: oneshot::Receiver<Result<StoreReport, StoreError>>,
    ) -> Self {
        Self {
            commands: Some(commands),
            result: Some(result),
        }
    }

    /// Why it has ended.
    pub(super) async fn failed(&mut self) -> StoreError {
        self.commands = None;
        if let Some(result) = self.result.take() {
            if let Ok(Err(error)) = result.await {
                return error;
            }
        }
        StoreError::new(StoreErrorKind::Closed, "the sync has failed or was ended")
    }
}

#[async_trait]
impl SyncTransaction for RemoteSync {
    async fn write(&mut self, batch: Vec<Row>) -> Result<(), StoreError> {
        let sent = match &self.commands {
            Some(commands) => commands.send(Command::Rows(batch)).await.is_ok(),
            None => false,
        };
        match sent {
            true => Ok(()),
            false => Err(self.failed().await),
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<StoreReport, StoreError> {
        if let Some(commands) = self.commands.take() {
            // When it has ended already, its result says why.
            let _ = commands.send(Command::Finish).await;
        }
        match self.result.take() {
            Some(result) => result
                .await
                .unwrap_or_else(|_| Err(StoreError::new(StoreErrorKind::Closed, ""))),
            None => Err(self.failed().await),
        }
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), StoreError> {
        self.commands = None;
        if let Some(result) = self.result.take() {
            // It ends by itself when nobody is there to finish it.
            let _ = result.await;
        }
        Ok(())
    }
}

/// Rows of a snapshot, or why there are no more.
pub(super) type Batch = Result<Vec<Row>, StoreError>;

/// A query for whoever reads a snapshot. An empty batch says that it is
/// understood; when nobody takes the batches, reading ends.
pub(super) struct Ask {
    pub(super) query: Query,
    pub(super) batches: mpsc::Sender<Batch>,
}

/// A snapshot that is read elsewhere.
#[derive(Debug)]
pub(super) struct RemoteSnapshot {
    queries: mpsc::Sender<Ask>,
    batches: Option<mpsc::Receiver<Batch>>,
    version: Option<String>,
}

impl RemoteSnapshot {
    /// A snapshot of the state with this name, by the end of its channel.
    pub(super) fn new(queries: mpsc::Sender<Ask>, version: Option<String>) -> Self {
        Self {
            queries,
            batches: None,
            version,
        }
    }
}

/// That nobody reads any more.
pub(super) fn closed() -> StoreError {
    StoreError::new(
        StoreErrorKind::Closed,
        "the snapshot has failed or was ended",
    )
}

#[async_trait]
impl Snapshot for RemoteSnapshot {
    async fn select(&mut self, query: Query) -> Result<(), StoreError> {
        // What is left of the query before is not read.
        self.batches = None;
        let (batches, mut receiver) = mpsc::channel(2);
        self.queries
            .send(Ask { query, batches })
            .await
            .map_err(|_| closed())?;
        match receiver.recv().await {
            Some(Ok(_)) => {
                self.batches = Some(receiver);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err(closed()),
        }
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        let Some(batches) = &mut self.batches else {
            return Ok(None);
        };
        match batches.recv().await {
            Some(batch) => batch.map(Some),
            None => {
                self.batches = None;
                Ok(None)
            }
        }
    }

    fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}
