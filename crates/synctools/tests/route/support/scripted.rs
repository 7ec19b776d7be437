//! A store that does what a test says, when it says it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use synctools::row::Row;
use synctools::schema::{FieldKind, Introspection, ModelBuilder, Schema};
use synctools::store::{
    Query, Snapshot, Store, StoreError, StoreErrorKind, SyncOptions, SyncTransaction,
};
use synctools::value::Value;
use tokio::sync::{Semaphore, watch};

/// What a snapshot does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Gives so many rows of one kilobyte at once.
    Rows(i64),
    /// Gives rows without end, 64 at a time.
    Endless,
    /// Waits for a permit, and keeps it.
    Wait(Arc<Semaphore>),
    /// Fails.
    Fail,
}

/// The label of the one model.
pub(crate) const MODEL: &str = "big.item";

pub(crate) fn schema() -> Schema {
    let model = ModelBuilder::new(MODEL).field("body", FieldKind::Text);
    Schema::builder().model(model).build().unwrap()
}

/// Every snapshot does the same.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    steps: Vec<Step>,
    /// How many snapshots there are.
    open: watch::Sender<usize>,
    /// How many rows were given.
    given: Arc<AtomicU64>,
    /// Whether queries are refused.
    pub(crate) refuses: bool,
    /// What is said of the state of the database.
    pub(crate) version: Option<String>,
}

impl Scripted {
    pub(crate) fn new(steps: impl Into<Vec<Step>>) -> Self {
        Self {
            steps: steps.into(),
            open: watch::Sender::new(0),
            given: Arc::default(),
            refuses: false,
            version: None,
        }
    }

    pub(crate) fn given(&self) -> u64 {
        self.given.load(Ordering::SeqCst)
    }

    /// Waits until there are so many snapshots.
    pub(crate) async fn until_open(&self, count: usize) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open == count).await.unwrap();
    }
}

#[derive(Debug)]
struct Script {
    store: Scripted,
    schema: Schema,
    steps: std::vec::IntoIter<Step>,
    next: i64,
    endless: bool,
}

impl Script {
    fn rows(&mut self, count: i64) -> Vec<Row> {
        let model = self.schema.model(MODEL).unwrap();
        let body = model.field_named("body").unwrap().index();
        self.store.given.fetch_add(count as u64, Ordering::SeqCst);
        self.next += count;
        (self.next - count..self.next)
            .map(|pk| {
                let mut row = Row::new(model);
                row.set(model.pk_index(), Value::Int(pk));
                row.set(body, Value::text("x".repeat(1000)));
                row
            })
            .collect()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.store.open.send_modify(|open| *open -= 1);
    }
}

#[async_trait]
impl Snapshot for Script {
    async fn select(&mut self, _: Query) -> Result<(), StoreError> {
        if self.store.refuses {
            return Err(StoreError::new(StoreErrorKind::Schema, "no such table"));
        }
        self.steps = self.store.steps.clone().into_iter();
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        while !self.endless {
            match self.steps.next() {
                None => return Ok(None),
                Some(Step::Rows(count)) => return Ok(Some(self.rows(count))),
                Some(Step::Endless) => self.endless = true,
                Some(Step::Wait(gate)) => gate.acquire().await.unwrap().forget(),
                Some(Step::Fail) => {
                    return Err(StoreError::new(StoreErrorKind::Io, "the disk is gone"));
                }
            }
        }
        Ok(Some(self.rows(64)))
    }

    fn version(&self) -> Option<&str> {
        self.store.version.as_deref()
    }
}

#[async_trait]
impl Store for Scripted {
    async fn begin(
        &self,
        _: &Schema,
        _: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        Err(StoreError::new(StoreErrorKind::Unsupported, ""))
    }

    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError> {
        self.open.send_modify(|open| *open += 1);
        Ok(Box::new(Script {
            store: self.clone(),
            schema: schema.clone(),
            steps: Vec::new().into_iter(),
            next: 0,
            endless: false,
        }))
    }

    async fn introspect(&self) -> Result<Introspection, StoreError> {
        Err(StoreError::new(StoreErrorKind::Unsupported, ""))
    }
}
