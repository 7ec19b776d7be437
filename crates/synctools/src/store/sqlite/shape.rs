//! The statements that write rows.

use rusqlite::{Connection, Statement};

use super::error;
use super::value::{bind, show};
use super::write::resets;
use crate::row::Row;
use crate::schema::{Field, FieldKind, Model};
use crate::store::sql::ident;
use crate::store::{StoreError, SyncOptions};
use crate::value::Value;

/// The statements for rows with the same fields.
pub(super) struct Shape<'c> {
    /// The fields that are there, without the key, in their order.
    fields: Vec<usize>,
    /// Asks whether a row is there, where it could not be inserted anyway:
    /// SQLite says so before it sees that the key is there.
    exists: Option<Statement<'c>>,
    insert: Statement<'c>,
    update: Option<Statement<'c>>,
}

/// What became of a row.
pub(super) enum Put {
    Inserted,
    Exists,
}

/// Why a row was not written.
pub(super) enum Trouble {
    Unique(rusqlite::Error),
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        if error::is_unique(&error) {
            Self::Unique(error)
        } else {
            Self::Sqlite(error)
        }
    }
}

impl Trouble {
    /// With the row.
    pub(super) fn located(self, model: &Model, key: Option<&Value>) -> StoreError {
        match self {
            Self::Unique(error) | Self::Sqlite(error) => located(error, model, key),
            Self::Store(error) => {
                let error = error.with_model(model.label().clone());
                match key {
                    Some(key) => error.with_pk(key.to_string()),
                    None => error,
                }
            }
        }
    }
}

impl<'c> Shape<'c> {
    pub(super) fn new(
        db: &'c Connection,
        model: &Model,
        options: &SyncOptions,
        present: &[bool],
    ) -> Result<Self, StoreError> {
        let defaults = resets(options);
        let pk = model.pk();
        let mut fields = Vec::new();
        // The values of columns that no row of this form has.
        let mut constants: Vec<(&Field, Value)> = Vec::new();
        for (field, present) in model.fields().iter().zip(present) {
            if field.is_primary_key() {
                continue;
            }
            if *present {
                fields.push(field.index().get());
            } else {
                constants.push((field, field.missing()));
            }
        }
        let constant =
            |(field, value): &(&Field, Value)| (!value.is_null()).then(|| ident(field.column()));
        let mut columns = vec![ident(pk.column())];
        columns.extend(fields.iter().map(|at| ident(model.fields()[*at].column())));
        let given = columns.len();
        columns.extend(constants.iter().filter_map(constant));
        let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
        let table = ident(model.table());
        let mut insert = db
            .prepare(&format!(
                "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING",
                columns.join(", "),
                places.join(", "),
                columns[0],
            ))
            .map_err(|error| StoreError::from(error).with_model(model.label().clone()))?;
        let mut at = given;
        for (_, value) in constants.iter().filter(|(_, value)| !value.is_null()) {
            at += 1;
            bind(&mut insert, at, value)?;
        }

        let mut set: Vec<String> = (1..given)
            .map(|at| format!("{} = ?{}", columns[at], at + 1))
            .collect();
        let mut differs: Vec<String> = (1..given)
            .map(|at| format!("{} IS NOT ?{}", columns[at], at + 1))
            .collect();
        let mut bound = Vec::new();
        if defaults {
            for (field, value) in &constants {
                if value.is_null() && !field.is_null() {
                    continue;
                }
                bound.push(value);
                let place = given + bound.len();
                set.push(format!("{} = ?{place}", ident(field.column())));
                differs.push(format!("{} IS NOT ?{place}", ident(field.column())));
            }
        }
        let update = if set.is_empty() {
            None
        } else {
            let mut update = db.prepare(&format!(
                "UPDATE {table} SET {} WHERE {} = ?1 AND ({})",
                set.join(", "),
                columns[0],
                differs.join(" OR "),
            ))?;
            for (at, value) in bound.into_iter().enumerate() {
                bind(&mut update, given + at + 1, value)?;
            }
            Some(update)
        };
        let incomplete = constants
            .iter()
            .any(|(field, value)| value.is_null() && !field.is_null());
        let exists = match incomplete {
            true => {
                let key = &columns[0];
                Some(db.prepare(&format!("SELECT 1 FROM {table} WHERE {key} = ?1"))?)
            }
            false => None,
        };
        Ok(Self {
            fields,
            exists,
            insert,
            update,
        })
    }

    /// Writes a row if its key is not there.
    pub(super) fn put(&mut self, row: &Row, key: &Value, model: &Model) -> Result<Put, Trouble> {
        if let Some(exists) = &mut self.exists {
            bind(exists, 1, key).map_err(Trouble::Store)?;
            if exists.raw_query().next()?.is_some() {
                return Ok(Put::Exists);
            }
        }
        bind_row(&mut self.insert, &self.fields, row, key, model).map_err(Trouble::Store)?;
        Ok(match self.insert.raw_execute()? {
            0 => Put::Exists,
            _ => Put::Inserted,
        })
    }

    /// Writes a row whose key is there; true if it is different now.
    pub(super) fn change(
        &mut self,
        row: &Row,
        key: &Value,
        model: &Model,
    ) -> Result<bool, Trouble> {
        let Some(update) = &mut self.update else {
            return Ok(false);
        };
        bind_row(update, &self.fields, row, key, model).map_err(Trouble::Store)?;
        Ok(update.raw_execute()? > 0)
    }
}

fn bind_row(
    statement: &mut Statement<'_>,
    fields: &[usize],
    row: &Row,
    key: &Value,
    model: &Model,
) -> Result<(), StoreError> {
    bind(statement, 1, key)?;
    for (at, field) in fields.iter().enumerate() {
        if let Some(Some(value)) = row.values().get(*field) {
            bind(statement, at + 2, value)
                .map_err(|error| error.with_field(model.fields()[*field].name()))?;
        }
    }
    Ok(())
}

/// An error of a statement that wrote a row, with the row.
pub(super) fn located(error: rusqlite::Error, model: &Model, key: Option<&Value>) -> StoreError {
    let names: Vec<String> = error::columns(&error, model.table())
        .into_iter()
        .map(|column| field_name(model, &column))
        .collect();
    let mut error = StoreError::from(error).with_model(model.label().clone());
    if let Some(key) = key.filter(|key| !key.is_null()) {
        error = error.with_pk(key.to_string());
    }
    if !names.is_empty() {
        error = error.with_field(names.join(", "));
    }
    error
}

/// The field of a column; the column itself if it is none.
pub(super) fn field_name(model: &Model, column: &str) -> String {
    model
        .fields()
        .iter()
        .find(|field| field.column().eq_ignore_ascii_case(column))
        .map_or(column, Field::name)
        .to_owned()
}

/// A value that SQLite gave back, for a message: UUIDs as everywhere else.
pub(super) fn show_as(stored: rusqlite::types::ValueRef<'_>, kind: Option<&FieldKind>) -> String {
    kind.and_then(|kind| super::value::read(stored, kind))
        .map_or_else(|| show(stored), |value| value.to_string())
}
