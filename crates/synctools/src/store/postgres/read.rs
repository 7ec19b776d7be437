//! One state of the database, read through cursors.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_postgres::SimpleQueryRow;

use super::link::{Link, Server, column};
use super::value;
use crate::row::Row;
use crate::schema::{Field, ManyToMany, Model, Schema};
use crate::store::sql::{Dialect, Select, ident, select};
use crate::store::worker::{Ask, Batch, RemoteSnapshot};
use crate::store::{Query, StoreError, StoreErrorKind, lookup};
use crate::value::Value;

/// How many rows are fetched at first; from then on as many as make this many
/// bytes.
const FIRST: usize = 64;
const BYTES: usize = 128 * 1024;
/// How many rows or pairs are fetched at most.
const MOST: usize = 2000;

/// Begins a snapshot on a connection of its own.
pub(super) async fn begin(
    server: &Arc<Server>,
    schema: &Schema,
) -> Result<RemoteSnapshot, StoreError> {
    let link = server.connect().await?;
    link.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    // Two states with the same snapshot have the same rows.
    let rows = link.rows("SELECT pg_current_snapshot()").await?;
    let version = rows
        .first()
        .and_then(|row| column(row, 0))
        .map(str::to_owned);
    let (queries, mut queue) = mpsc::channel::<Ask>(1);
    let (server, schema) = (Arc::clone(server), schema.clone());
    tokio::spawn(async move {
        while let Some(Ask { query, batches }) = queue.recv().await {
            if let Err(error) = read(&link, &schema, &query, &batches).await {
                let failed = link.client.is_closed() || error.kind() != StoreErrorKind::Schema;
                // Nobody is left to hear of it otherwise.
                let _ = batches.send(Err(error)).await;
                if failed {
                    return;
                }
            }
        }
        if link.run("ROLLBACK").await.is_ok() {
            server.put_back(link);
        }
    });
    Ok(RemoteSnapshot::new(queries, version))
}

/// Literals, and texts that are read back.
struct Literals;

impl Dialect for Literals {
    fn value(&mut self, _: &Field, value: &Value) -> Result<String, StoreError> {
        value::literal(value)
    }

    fn pair_order(&self, _: &ManyToMany) -> String {
        // As the rows lie in the table, which is how Django's query mostly
        // finds them.
        "p.ctid".into()
    }

    fn no_limit(&self) -> &'static str {
        ""
    }

    fn column(&self, field: &Field) -> String {
        value::selected(&format!("m.{}", ident(field.column())), field.kind())
    }
}

/// Reads the rows of a query.
async fn read(
    link: &Link,
    schema: &Schema,
    query: &Query,
    batches: &mpsc::Sender<Batch>,
) -> Result<(), StoreError> {
    let (model, base) = lookup::models(schema, query)?;
    let Select { rows, pairs } = select(base, query, &mut Literals)?;
    let located = |error| StoreError::from(error).with_model(model.label().clone());
    link.run("SAVEPOINT synctools_query").await?;
    let mut declare = format!("DECLARE synctools_rows NO SCROLL CURSOR FOR {rows}");
    for (at, sql) in pairs.iter().enumerate() {
        declare.push_str(&format!(
            "; DECLARE synctools_pairs_{at} NO SCROLL CURSOR FOR {sql}"
        ));
    }
    if let Err(error) = link.run(&declare).await {
        // The state can be read on.
        link.run("ROLLBACK TO SAVEPOINT synctools_query").await?;
        return Err(located(error));
    }
    let fields = base.many_to_many().iter().filter(|f| f.is_serialized());
    let mut pairs: Vec<Pairs<'_>> = fields.enumerate().map(Pairs::new).collect();
    let mut open = batches.send(Ok(Vec::new())).await.is_ok();
    let mut count = FIRST;
    while open {
        let fetched = link
            .rows(&format!("FETCH {count} FROM synctools_rows"))
            .await
            .map_err(located)?;
        let last = fetched.len() < count;
        let mut batch = Vec::with_capacity(fetched.len());
        let mut bytes = 0;
        for stored in &fetched {
            let row = read_row(link, model, base, stored, &mut pairs, &mut bytes).await?;
            batch.push(row);
        }
        if !batch.is_empty() {
            count = (BYTES / (bytes / batch.len()).max(1)).clamp(1, MOST);
            open = batches.send(Ok(batch)).await.is_ok();
        }
        if last {
            break;
        }
    }
    // The cursors go with the savepoint.
    link.run("ROLLBACK TO SAVEPOINT synctools_query; RELEASE SAVEPOINT synctools_query")
        .await?;
    Ok(())
}

async fn read_row(
    link: &Link,
    model: &Model,
    base: &Model,
    stored: &SimpleQueryRow,
    pairs: &mut [Pairs<'_>],
    bytes: &mut usize,
) -> Result<Row, StoreError> {
    let mut row = Row::new(model);
    let key = column(stored, base.pk_index().get()).unwrap_or_default();
    for field in base.fields() {
        let text = column(stored, field.index().get());
        *bytes += 32 + text.map_or(0, str::len);
        let Some(value) = value::read(text, field.kind()) else {
            return Err(unreadable(model, field.name(), text).with_pk(key));
        };
        row.set(field.index(), value);
    }
    for pairs in pairs {
        let keys = pairs.of(link, model, key).await?;
        *bytes += 32 * keys.len();
        row.set_related(pairs.field.index(), keys);
    }
    Ok(row)
}

fn unreadable(model: &Model, field: &str, text: Option<&str>) -> StoreError {
    StoreError::new(StoreErrorKind::Unreadable, "")
        .with_model(model.label().clone())
        .with_field(field)
        .with_value(format!("{:?}", text.unwrap_or_default()))
}

/// The pairs of a many-to-many field, in the order of the rows.
struct Pairs<'s> {
    field: &'s ManyToMany,
    cursor: usize,
    fetched: std::vec::IntoIter<SimpleQueryRow>,
    next: Option<SimpleQueryRow>,
    ended: bool,
}

impl<'s> Pairs<'s> {
    fn new((cursor, field): (usize, &'s ManyToMany)) -> Self {
        Self {
            field,
            cursor,
            fetched: Vec::new().into_iter(),
            next: None,
            ended: false,
        }
    }

    async fn advance(&mut self, link: &Link) -> Result<(), StoreError> {
        self.next = self.fetched.next();
        if self.next.is_none() && !self.ended {
            let sql = format!("FETCH {MOST} FROM synctools_pairs_{}", self.cursor);
            let rows = link.rows(&sql).await?;
            self.ended = rows.len() < MOST;
            self.fetched = rows.into_iter();
            self.next = self.fetched.next();
        }
        Ok(())
    }

    /// The keys of the targets of one row.
    async fn of(
        &mut self,
        link: &Link,
        model: &Model,
        key: &str,
    ) -> Result<Vec<Value>, StoreError> {
        let mut keys = Vec::new();
        if self.next.is_none() {
            self.advance(link).await?;
        }
        while let Some(next) = &self.next {
            if column(next, 0) != Some(key) {
                break;
            }
            let to = column(next, 1);
            let value = value::read(to, self.field.to_kind())
                .ok_or_else(|| unreadable(model, self.field.name(), to).with_pk(key))?;
            keys.push(value);
            self.advance(link).await?;
        }
        Ok(keys)
    }
}
