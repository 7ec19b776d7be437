//! Rows by their natural keys.

use rusqlite::{Connection, OptionalExtension as _};

use super::value::{bind, read};
use super::write::Writer;
use crate::row::Row;
use crate::schema::{Field, Model};
use crate::store::natural::{Database, Found, Part};
use crate::store::sql::{follow, ident};
use crate::store::{ModelReport, StoreError, StoreErrorKind};
use crate::value::Value;

impl Database for Writer<'_> {
    fn find(
        &mut self,
        model: &Model,
        parts: &[Part<'_>],
        wanted: &Field,
    ) -> Result<Found, StoreError> {
        let broken = || StoreError::new(StoreErrorKind::Schema, "a natural key leads nowhere");
        let own_table = |model: &Model| ident(model.table());
        let (mut joins, mut conditions) = (String::new(), Vec::new());
        for (at, part) in parts.iter().enumerate() {
            let way = follow(
                self.schema,
                model,
                part.path,
                "m",
                &format!("p{at}_"),
                &own_table,
            )
            .ok_or_else(broken)?;
            joins.push_str(&way.joins);
            let place = at + 1;
            let value = match part.is_first {
                false => format!("?{place}"),
                true => {
                    // What the row of this key has there.
                    let (first, rest) = part.path.split_first().ok_or_else(broken)?;
                    let relation = model.field(*first).and_then(Field::relation);
                    let relation = relation.ok_or_else(broken)?;
                    let target = relation.model().and_then(|id| self.schema.get(id));
                    let target = self.schema.concrete(target.ok_or_else(broken)?);
                    let alias = format!("v{at}");
                    let way = follow(self.schema, target, rest, &alias, &alias, &own_table)
                        .ok_or_else(broken)?;
                    format!(
                        "(SELECT {} FROM {} AS {alias}{} WHERE {alias}.{} = ?{place})",
                        way.column,
                        ident(target.table()),
                        way.joins,
                        ident(relation.to_column()),
                    )
                }
            };
            conditions.push(format!("{} IS {value}", way.column));
        }
        let sql = format!(
            "SELECT m.{} FROM {} AS m{joins} WHERE {} LIMIT 2",
            ident(wanted.column()),
            ident(model.table()),
            conditions.join(" AND "),
        );
        let located = |error: StoreError| error.with_model(model.label().clone());
        let prepared = self.db.prepare_cached(&sql);
        let mut statement = prepared.map_err(|error| located(error.into()))?;
        for (at, part) in parts.iter().enumerate() {
            bind(&mut statement, at + 1, &part.value).map_err(located)?;
        }
        let mut rows = statement.raw_query();
        let found = match rows.next()? {
            None => return Ok(Found::Nothing),
            Some(row) => read(row.get_ref(0)?, wanted.kind()),
        };
        if rows.next()?.is_some() {
            return Ok(Found::Several);
        }
        found.map(Found::One).ok_or_else(|| {
            located(StoreError::new(StoreErrorKind::Unreadable, "")).with_field(wanted.name())
        })
    }

    fn exists(&mut self, model: &Model, key: &Value) -> Result<bool, StoreError> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT 1 FROM {} WHERE {} = ?1",
            ident(model.table()),
            ident(model.pk().column())
        ))?;
        bind(&mut statement, 1, key)?;
        Ok(statement.raw_query().next()?.is_some())
    }

    fn write(&mut self, model: &Model, row: &Row) -> Result<Value, StoreError> {
        let made = self.write_now(model.id().get(), row)?;
        Ok(made.or_else(|| row.pk().cloned()).unwrap_or(Value::Null))
    }

    fn report(&mut self, model: &Model) -> Option<&mut ModelReport> {
        Self::report(self, model)
    }
}

/// The highest key that SQLite has given out or `waits`; nothing where it gives
/// none.
pub(super) fn highest_key(
    db: &Connection,
    model: &Model,
    waits: i64,
) -> Result<Option<i64>, StoreError> {
    let pk = model.pk();
    if !pk.kind().is_integer() || pk.relation().is_some() {
        return Ok(None);
    }
    let highest: Option<i64> = db
        .prepare_cached(&format!(
            "SELECT max({}) FROM {}",
            ident(pk.column()),
            ident(model.table())
        ))?
        .query_row([], |row| row.get(0))?;
    // There is no such table in a file that counts no keys.
    let counted = match db.prepare_cached("SELECT seq FROM main.sqlite_sequence WHERE name = ?1") {
        Ok(mut statement) => statement
            .query_row([model.table()], |row| row.get::<_, Option<i64>>(0))
            .optional()?
            .flatten(),
        Err(_) => None,
    };
    let known = [highest.unwrap_or(0), counted.unwrap_or(0), waits, 0];
    Ok(known.into_iter().max())
}
