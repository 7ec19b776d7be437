//! A database in memory, for tests and for what need not be kept.

mod apply;
mod clean;
mod natural;
mod query;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::OwnedMutexGuard;

use self::apply::Sync;
use self::query::Key;
use super::{
    Query, Snapshot, Store, StoreError, StoreErrorKind, StoreReport, SyncOptions, SyncTransaction,
    lookup,
};
use crate::row::Row;
use crate::schema::{Introspection, Schema};
use crate::value::Value;

/// How many rows of a snapshot come together.
const ROWS: usize = 512;

/// A database in memory.
///
/// It keeps what the schema says: keys, unique fields, fields that need a value
/// and references between the models of the schema. What only a database knows,
/// such as checks, it does not. A clone is the same database.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    /// Held by the sync that is being written.
    writing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    tables: Arc<Tables>,
    version: u64,
}

/// All rows.
#[derive(Clone, Debug, Default)]
struct Tables {
    /// By table: rows by key, with a value for every field.
    rows: BTreeMap<Box<str>, BTreeMap<Key, Vec<Value>>>,
    /// By table: pairs, in their order.
    pairs: BTreeMap<Box<str>, BTreeMap<(Key, Key), ()>>,
}

impl MemoryStore {
    /// A database without rows. It has every table that it is asked for.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn begin(
        &self,
        schema: &Schema,
        options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        lookup::cleaned(schema, &options, &[])?;
        let writing = Arc::clone(&self.writing).lock_owned().await;
        let tables = Tables::clone(&self.state().tables);
        Ok(Box::new(MemorySync {
            store: self.clone(),
            sync: Some(Sync::new(schema.clone(), options, tables)),
            _writing: writing,
        }))
    }

    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError> {
        let state = self.state();
        Ok(Box::new(MemorySnapshot {
            schema: schema.clone(),
            tables: state.tables,
            rows: VecDeque::new(),
            version: state.version.to_string(),
        }))
    }

    /// Always fails: without a schema there are no tables here.
    async fn introspect(&self) -> Result<Introspection, StoreError> {
        Err(StoreError::new(
            StoreErrorKind::Unsupported,
            "a database in memory has no tables of its own",
        ))
    }
}

#[derive(Debug)]
struct MemorySync {
    store: MemoryStore,
    /// `None` after an error.
    sync: Option<Sync>,
    _writing: OwnedMutexGuard<()>,
}

#[async_trait]
impl SyncTransaction for MemorySync {
    async fn write(&mut self, batch: Vec<Row>) -> Result<(), StoreError> {
        let mut sync = self.sync.take().ok_or_else(closed)?;
        for row in batch {
            sync.write(row)?;
        }
        self.sync = Some(sync);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<StoreReport, StoreError> {
        let sync = self.sync.take().ok_or_else(closed)?;
        let (tables, report) = sync.finish()?;
        if !report.dry_run {
            let mut state = self
                .store
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            state.tables = Arc::new(tables);
            state.version += 1;
        }
        Ok(report)
    }

    async fn rollback(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "the sync has failed")
}

#[derive(Debug)]
struct MemorySnapshot {
    schema: Schema,
    tables: Arc<Tables>,
    rows: VecDeque<Row>,
    version: String,
}

#[async_trait]
impl Snapshot for MemorySnapshot {
    async fn select(&mut self, query: Query) -> Result<(), StoreError> {
        let (model, base) = lookup::models(&self.schema, &query)?;
        let none = BTreeMap::new();
        let table = self.tables.rows.get(base.table()).unwrap_or(&none);
        let chosen = query::select(base, &query, table.values())?;
        let mut rows = VecDeque::with_capacity(chosen.len());
        for values in chosen {
            let mut row = Row::new(model);
            for (field, value) in base.fields().iter().zip(values) {
                row.set(field.index(), value.clone());
            }
            let key = Key(values[base.pk_index().get()].clone());
            for field in base.many_to_many().iter().filter(|f| f.is_serialized()) {
                let keys = self.tables.targets(field.table(), &key);
                row.set_related(field.index(), keys.map(|key| key.0.clone()).collect());
            }
            rows.push_back(row);
        }
        self.rows = rows;
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        let count = self.rows.len().min(ROWS);
        if count == 0 {
            return Ok(None);
        }
        Ok(Some(self.rows.drain(..count).collect()))
    }

    fn version(&self) -> Option<&str> {
        Some(&self.version)
    }
}

impl Tables {
    /// The targets of the pairs that begin with this key.
    fn targets<'t>(&'t self, table: &str, from: &'t Key) -> impl Iterator<Item = &'t Key> {
        self.pairs
            .get(table)
            .into_iter()
            .flat_map(|pairs| pairs.range((from.clone(), Key(Value::Null))..))
            .map(|(pair, ())| pair)
            .take_while(move |(other, _)| other == from)
            .map(|(_, to)| to)
    }
}
