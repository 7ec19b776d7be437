//! What the steps of cleaning need of SQLite.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;

use super::shape::show_as;
use super::{catalog, write};
use crate::schema::{FieldKind, Schema};
use crate::store::clean::{self, Cleaned, Cleaning, Database, Reference, Removed};
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind, SyncOptions, lookup};

/// A connection as the steps see it. Nothing here ever waits.
struct Sqlite<'c>(&'c Connection);

impl Database for Sqlite<'_> {
    async fn execute(&mut self, sql: &str) -> Result<u64, StoreError> {
        Ok(self.0.execute(sql, [])? as u64)
    }

    async fn query(
        &mut self,
        sql: &str,
        kinds: &[Option<&FieldKind>],
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut shown = Vec::new();
        while let Some(row) = rows.next()? {
            let mut columns = Vec::with_capacity(kinds.len());
            for (at, kind) in kinds.iter().enumerate() {
                columns.push(show_as(row.get_ref(at)?, *kind));
            }
            shown.push(columns);
        }
        Ok(shown)
    }

    async fn count(&mut self, sql: &str) -> Result<u64, StoreError> {
        let count: i64 = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn same(&self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
    }

    fn row_key(&self) -> &'static str {
        "rowid"
    }

    fn temporary(&self) -> &'static str {
        "temp."
    }

    fn on_commit(&self) -> &'static str {
        ""
    }
}

/// Removes rows that did not come. `came` are the models of which rows did,
/// with how many of them are new.
pub(super) fn clean(
    db: &Connection,
    schema: &Schema,
    options: &SyncOptions,
    came: &[(usize, u64)],
) -> Result<Removed, StoreError> {
    let order: Vec<usize> = came.iter().map(|(at, _)| *at).collect();
    let models = lookup::cleaned(schema, options, &order)?;
    if models.is_empty() {
        return Ok(Removed::default());
    }
    let mut received = Vec::new();
    for at in &order {
        if let Some(model) = schema.models().get(*at) {
            received.push((model, write::received_table(model)));
        }
    }
    let mut cleaned = Vec::new();
    for model in models {
        let now: i64 = db.query_row(
            &format!("SELECT count(*) FROM {}", ident(model.table())),
            [],
            |row| row.get(0),
        )?;
        let new = came
            .iter()
            .find(|(at, _)| *at == model.id().get())
            .map_or(0, |(_, new)| *new);
        let before = now.unsigned_abs().saturating_sub(new);
        cleaned.push(Cleaned { model, before });
    }
    let mut references = references(db)?;
    clean::add_references(&mut references, schema, |one, other| {
        one.eq_ignore_ascii_case(other)
    });
    let cleaning = Cleaning {
        schema,
        options,
        cleaned,
        received,
        references,
    };
    at_once(async {
        let mut db = Sqlite(db);
        let stale = clean::find(&mut db, &cleaning).await?;
        clean::remove(&mut db, &cleaning, stale).await
    })
}

/// All references of the database that are of one column.
pub(super) fn references(db: &Connection) -> Result<Vec<Reference>, StoreError> {
    let mut references = Vec::new();
    for table in catalog::tables(db)? {
        let found = catalog::references(db, &table)?;
        if found.is_empty() {
            continue;
        }
        let columns = catalog::columns(db, &table)?;
        for reference in found {
            let parent_column = match reference.parent_column {
                Some(column) => column,
                None => match catalog::primary_key(db, &reference.parent)? {
                    Some(column) => column,
                    None => continue,
                },
            };
            let nullable = columns
                .iter()
                .any(|column| column.name == reference.column && !column.not_null);
            references.push(Reference {
                table: table.clone(),
                column: reference.column,
                nullable,
                parent: reference.parent,
                parent_column,
            });
        }
    }
    Ok(references)
}

/// The result of work that never waits.
fn at_once<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::new(StoreErrorKind::Other, "a statement waits")),
    }
}
