//! One state of the file, read by a thread that sends rows in batches.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Rows, Statement};
use tokio::sync::{mpsc, oneshot};

use super::SqliteOptions;
use super::value;
use crate::row::Row;
use crate::schema::{Field, ManyToMany, Model, Schema};
use crate::store::sql::{Dialect, Select, ident, select};
use crate::store::worker::{Ask, Batch, RemoteSnapshot, closed};
use crate::store::{Query, StoreError, StoreErrorKind, lookup};
use crate::value::Value;

/// How many rows are sent together at most, and how many bytes they have, or a
/// little more.
const ROWS: usize = 512;
const BYTES: usize = 128 * 1024;

/// A connection that sees when another one changes the file.
pub(super) struct Watch(Mutex<Connection>);

impl Watch {
    pub(super) fn new(db: Connection) -> Result<Self, StoreError> {
        // Says whether it is a database at all.
        db.query_row("SELECT count(*) FROM main.sqlite_master", [], |_| Ok(()))?;
        Ok(Self(Mutex::new(db)))
    }

    fn version(&self) -> Option<i64> {
        let db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        db.query_row("PRAGMA data_version", [], |row| row.get(0))
            .ok()
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Starts the thread that reads a snapshot, and begins there.
pub(super) async fn begin(
    options: &SqliteOptions,
    watch: &Arc<Watch>,
    schema: &Schema,
) -> Result<RemoteSnapshot, StoreError> {
    let (queries, mut queue) = mpsc::channel::<Ask>(1);
    let (begun, is_begun) = oneshot::channel();
    let (options, watch, schema) = (options.clone(), Arc::clone(watch), schema.clone());
    thread::Builder::new()
        .name("synctools-read".into())
        .spawn(move || {
            let db = match open(&options, &watch) {
                Ok((db, version)) => {
                    let _ = begun.send(Ok(version));
                    db
                }
                Err(error) => {
                    let _ = begun.send(Err(error));
                    return;
                }
            };
            while let Some(Ask { query, batches }) = queue.blocking_recv() {
                if let Err(error) = read(&db, &schema, &query, &batches) {
                    // Nobody is left to hear of it otherwise.
                    let _ = batches.blocking_send(Err(error));
                }
            }
        })
        .map_err(|error| {
            StoreError::new(StoreErrorKind::Io, "no thread can be started").with_source(error)
        })?;
    let version = is_begun.await.map_err(|_| closed())??;
    Ok(RemoteSnapshot::new(queries, version))
}

/// Begins to read, and says which version of the file it is, if that is sure.
fn open(
    options: &SqliteOptions,
    watch: &Watch,
) -> Result<(Connection, Option<String>), StoreError> {
    let db = options.open_reader()?;
    let before = watch.version();
    db.execute_batch("BEGIN")?;
    // The state is that of the first read.
    db.query_row("SELECT count(*) FROM main.sqlite_master", [], |_| Ok(()))?;
    let version = watch.version().filter(|after| before == Some(*after));
    Ok((db, version.map(|version| version.to_string())))
}

/// Placeholders, and what stands for them.
#[derive(Default)]
struct Places(Vec<Value>);

impl Dialect for Places {
    fn value(&mut self, _: &Field, value: &Value) -> Result<String, StoreError> {
        self.0.push(value.clone());
        Ok(format!("?{}", self.0.len()))
    }

    fn pair_order(&self, field: &ManyToMany) -> String {
        // As the index over both gives them, which Django's query uses too.
        format!("p.{}", ident(field.to_column()))
    }

    fn no_limit(&self) -> &'static str {
        " LIMIT -1"
    }
}

/// Reads the rows of a query.
fn read(
    db: &Connection,
    schema: &Schema,
    query: &Query,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), StoreError> {
    let (model, base) = lookup::models(schema, query)?;
    let mut places = Places::default();
    let Select { rows, pairs } = select(base, query, &mut places)?;
    let mut rows = prepare(db, &rows, &places, model)?;
    let fields = base.many_to_many().iter().filter(|f| f.is_serialized());
    let mut statements = Vec::new();
    for (field, sql) in fields.zip(&pairs) {
        statements.push((field, prepare(db, sql, &places, model)?));
    }
    let mut pairs = Vec::with_capacity(statements.len());
    for (field, statement) in &mut statements {
        let mut pairs_of_field = Pairs {
            field,
            rows: statement.raw_query(),
            next: None,
        };
        pairs_of_field.advance(model)?;
        pairs.push(pairs_of_field);
    }
    if batches.blocking_send(Ok(Vec::new())).is_err() {
        return Ok(());
    }
    let mut rows = rows.raw_query();
    let mut batch = Vec::new();
    let mut bytes = 0;
    let pk = base.pk_index().get();
    while let Some(stored) = rows.next()? {
        let mut row = Row::new(model);
        for field in base.fields() {
            let value = stored.get_ref(field.index().get())?;
            if let ValueRef::Text(text) | ValueRef::Blob(text) = value {
                bytes += text.len();
            }
            let Some(value) = value::read(value, field.kind()) else {
                let key = value::show(stored.get_ref(pk)?);
                return Err(unreadable(model, field, value).with_pk(key));
            };
            row.set(field.index(), value);
        }
        bytes += 32 * base.fields().len();
        for pairs in &mut pairs {
            let key = stored.get_ref(pk)?;
            let keys = pairs.of(model, key)?;
            bytes += 32 * keys.len();
            row.set_related(pairs.field.index(), keys);
        }
        batch.push(row);
        if batch.len() >= ROWS || bytes >= BYTES {
            bytes = 0;
            if batches
                .blocking_send(Ok(std::mem::take(&mut batch)))
                .is_err()
            {
                return Ok(());
            }
        }
    }
    if !batch.is_empty() {
        let _ = batches.blocking_send(Ok(batch));
    }
    Ok(())
}

fn prepare<'c>(
    db: &'c Connection,
    sql: &str,
    places: &Places,
    model: &Model,
) -> Result<Statement<'c>, StoreError> {
    let mut statement = db
        .prepare(sql)
        .map_err(|error| StoreError::from(error).with_model(model.label().clone()))?;
    for (at, value) in places.0.iter().enumerate() {
        // A statement that leaves out a part of the query has fewer places.
        if at < statement.parameter_count() {
            value::bind(&mut statement, at + 1, value)?;
        }
    }
    Ok(statement)
}

fn unreadable(model: &Model, field: &Field, value: ValueRef<'_>) -> StoreError {
    StoreError::new(StoreErrorKind::Unreadable, "")
        .with_model(model.label().clone())
        .with_field(field.name())
        .with_value(value::show(value))
}

/// The pairs of a many-to-many field, in the order of the rows.
struct Pairs<'s> {
    field: &'s ManyToMany,
    rows: Rows<'s>,
    next: Option<(rusqlite::types::Value, Value)>,
}

impl Pairs<'_> {
    fn advance(&mut self, model: &Model) -> Result<(), StoreError> {
        self.next = match self.rows.next()? {
            None => None,
            Some(row) => {
                let stored = row.get_ref(1)?;
                let to = value::read(stored, self.field.to_kind()).ok_or_else(|| {
                    StoreError::new(StoreErrorKind::Unreadable, "")
                        .with_model(model.label().clone())
                        .with_field(self.field.name())
                        .with_value(value::show(stored))
                })?;
                Some((row.get_ref(0)?.into(), to))
            }
        };
        Ok(())
    }

    /// The keys of the targets of one row.
    fn of(&mut self, model: &Model, key: ValueRef<'_>) -> Result<Vec<Value>, StoreError> {
        let mut keys = Vec::new();
        while self
            .next
            .as_ref()
            .is_some_and(|(from, _)| ValueRef::from(from) == key)
        {
            if let Some((_, to)) = self.next.take() {
                keys.push(to);
            }
            self.advance(model)?;
        }
        Ok(keys)
    }
}
