//! Rows that have a value which another row needs.
//!
//! Two rows may swap values that are unique. SQLite checks each statement, so
//! the row that has the value gives it up for a while: it gets a value that
//! nobody else has, and is noted. When its own turn comes it gets what it
//! should have. A row that never gets its turn had the value rightfully, and
//! two rows want it.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};

use super::catalog;
use super::shape::{field_name, show_as};
use super::value::bind;
use crate::row::Row;
use crate::schema::{Field, Model};
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind};
use crate::value::Value;

/// The rows that gave up a value.
pub(super) struct Displaced<'c> {
    db: &'c Connection,
    /// By table: its sets of unique columns.
    sets: HashMap<String, Vec<Vec<String>>>,
    any: bool,
}

impl<'c> Displaced<'c> {
    pub(super) fn new(db: &'c Connection) -> Result<Self, StoreError> {
        Ok(Self {
            db,
            sets: HashMap::new(),
            any: false,
        })
    }

    /// Takes a value away from the row that has it, so that `row` can have it.
    /// False if no such row is found. With `defaults` the row gets the defaults
    /// of the fields that it came without, and else it keeps what it has.
    pub(super) fn make_room(
        &mut self,
        model: &Model,
        row: &Row,
        key: &Value,
        defaults: bool,
    ) -> Result<bool, StoreError> {
        let sets = match self.sets.get(model.table()) {
            Some(sets) => sets.clone(),
            None => {
                let sets = catalog::unique_sets(self.db, model.table())?;
                self.sets.insert(model.table().to_owned(), sets.clone());
                sets
            }
        };
        let mut found = false;
        for set in &sets {
            let fields: Option<Vec<&Field>> = set
                .iter()
                .map(|column| {
                    let mut fields = model.fields().iter();
                    fields.find(|field| field.column().eq_ignore_ascii_case(column))
                })
                .collect();
            let Some(fields) = fields else { continue };
            if matches!(fields[..], [only] if only.is_primary_key()) {
                continue;
            }
            let Some(values) = self.wanted(model, row, key, defaults, &fields)? else {
                continue;
            };
            found |= self.displace(model, key, &fields, &values)?;
        }
        Ok(found)
    }

    /// The values that the row is to have in these fields; none if one of them
    /// is `NULL`, which is never the same as another.
    fn wanted(
        &self,
        model: &Model,
        row: &Row,
        key: &Value,
        defaults: bool,
        fields: &[&Field],
    ) -> Result<Option<Vec<rusqlite::types::Value>>, StoreError> {
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            // Through SQLite, so that it is as it will be stored.
            let value = if let Some(value) = row.get(field.index()) {
                self.stored("SELECT ?1", value)?
            } else if defaults {
                self.stored("SELECT ?1", &field.missing())?
            } else {
                let (table, pk) = (ident(model.table()), ident(model.pk().column()));
                let column = ident(field.column());
                self.stored(
                    &format!("SELECT {column} FROM {table} WHERE {pk} = ?1"),
                    key,
                )?
            };
            match value {
                None | Some(rusqlite::types::Value::Null) => return Ok(None),
                Some(value) => values.push(value),
            }
        }
        Ok(Some(values))
    }

    fn stored(
        &self,
        sql: &str,
        value: &Value,
    ) -> Result<Option<rusqlite::types::Value>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        bind(&mut statement, 1, value)?;
        let mut rows = statement.raw_query();
        Ok(match rows.next()? {
            Some(row) => Some(row.get(0)?),
            None => None,
        })
    }

    fn displace(
        &mut self,
        model: &Model,
        key: &Value,
        fields: &[&Field],
        values: &[rusqlite::types::Value],
    ) -> Result<bool, StoreError> {
        // The rest of a set stays as it is: one value is enough, and one that
        // refers to nothing is the better one.
        let Some(field) = fields
            .iter()
            .find(|field| field.relation().is_none() && !field.is_primary_key())
            .or_else(|| fields.iter().find(|field| !field.is_primary_key()))
        else {
            return Ok(false);
        };
        if !self.any {
            self.any = true;
            self.db.execute_batch(
                "CREATE TEMP TABLE IF NOT EXISTS synctools_displaced \
                 (model INTEGER, pk, field INTEGER, value, mark, PRIMARY KEY (model, field, pk)) \
                 WITHOUT ROWID",
            )?;
        }
        let (table, pk) = (ident(model.table()), ident(model.pk().column()));
        let column = ident(field.column());
        let mut same: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(at, field)| format!("{} = ?{}", ident(field.column()), at + 2))
            .collect();
        same.push(format!("{pk} IS NOT ?1"));
        let mut find = self.db.prepare_cached(&format!(
            "SELECT {pk}, {column} FROM {table} WHERE {}",
            same.join(" AND ")
        ))?;
        bind(&mut find, 1, key)?;
        for (at, value) in values.iter().enumerate() {
            find.raw_bind_parameter(at + 2, value)?;
        }
        let other: Option<(rusqlite::types::Value, rusqlite::types::Value)> = {
            let mut rows = find.raw_query();
            match rows.next()? {
                Some(row) => Some((row.get(0)?, row.get(1)?)),
                None => None,
            }
        };
        let Some((other, value)) = other else {
            return Ok(false);
        };
        let mark: rusqlite::types::Value =
            self.db
                .query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
        let moved = self.db.execute(
            &format!("UPDATE {table} SET {column} = ?2 WHERE {pk} = ?1"),
            rusqlite::params![other, mark],
        );
        if let Err(rusqlite::Error::SqliteFailure(failure, _)) = &moved {
            if failure.code == rusqlite::ErrorCode::ConstraintViolation {
                // A column that takes no other value: nothing can be done.
                return Ok(false);
            }
        }
        moved?;
        self.db.execute(
            "INSERT OR REPLACE INTO temp.synctools_displaced VALUES (?1, ?2, ?3, ?4, ?5)",
            rusqlite::params![
                model.id().get() as i64,
                other,
                field.index().get() as i64,
                value,
                mark
            ],
        )?;
        Ok(true)
    }

    /// Insists that every row that gave up a value has one of its own again.
    pub(super) fn check<'m>(
        &self,
        models: impl IntoIterator<Item = &'m Model>,
    ) -> Result<(), StoreError> {
        if !self.any {
            return Ok(());
        }
        for model in models {
            let (table, pk) = (ident(model.table()), ident(model.pk().column()));
            for field in model.fields() {
                let column = ident(field.column());
                let sql = format!(
                    "SELECT d.pk, d.value, count(*) FROM temp.synctools_displaced d \
                     JOIN {table} t ON t.{pk} = d.pk AND t.{column} = d.mark \
                     WHERE d.model = ?1 AND d.field = ?2"
                );
                let at = (model.id().get() as i64, field.index().get() as i64);
                // A key that came twice may have wanted the value only at first:
                // then the row gets it back.
                self.db.execute(
                    &format!(
                        "UPDATE OR IGNORE {table} AS t SET {column} = (SELECT d.value FROM \
                         temp.synctools_displaced d WHERE d.model = ?1 AND d.field = ?2 \
                         AND d.pk = t.{pk}) WHERE t.{pk} IN (SELECT d.pk FROM \
                         temp.synctools_displaced d WHERE d.model = ?1 AND d.field = ?2 \
                         AND d.mark = t.{column})"
                    ),
                    [at.0, at.1],
                )?;
                let error = self
                    .db
                    .query_row(&sql, [at.0, at.1], |row| {
                        let count: i64 = row.get(2)?;
                        if count == 0 {
                            return Ok(None);
                        }
                        let pk = show_as(row.get_ref(0)?, Some(model.pk().kind()));
                        let value = show_as(row.get_ref(1)?, Some(field.kind()));
                        Ok(Some((pk, value, count)))
                    })
                    .optional()?
                    .flatten();
                if let Some((pk, value, count)) = error {
                    return Err(StoreError::new(
                        StoreErrorKind::Unique,
                        "another row came with the same value",
                    )
                    .with_model(model.label().clone())
                    .with_pk(pk)
                    .with_field(field_name(model, field.column()))
                    .with_value(value)
                    .with_more(count as u64 - 1));
                }
            }
        }
        Ok(())
    }
}
