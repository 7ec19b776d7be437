//! References to rows that are not there.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _};

use super::catalog;
use super::shape::{field_name, show_as};
use crate::schema::{Model, Schema};
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind};

/// How many broken references are looked at for one message.
const MOST: usize = 1000;

/// A reference to a row that is not there: table, row, and which of the
/// table's foreign keys.
type Broken = (String, Option<i64>, i64);

/// The references of some tables that are broken, described while they can
/// still be seen.
pub(super) struct Violations {
    tables: Vec<String>,
    found: Vec<(Broken, StoreError)>,
}

impl Violations {
    /// Looks at the foreign keys of these tables.
    pub(super) fn find(
        db: &Connection,
        schema: &Schema,
        tables: Vec<String>,
    ) -> Result<Self, StoreError> {
        let mut found = Vec::new();
        for broken in scan(db, &tables)? {
            let error = describe(db, schema, &broken)?;
            found.push((broken, error));
        }
        Ok(Self { tables, found })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The first one that was not there before, told after everything was taken
    /// back.
    pub(super) fn new_since(self, db: &Connection) -> Result<Option<StoreError>, StoreError> {
        let before: HashSet<Broken> = scan(db, &self.tables)?.into_iter().collect();
        let mut new = self
            .found
            .into_iter()
            .filter(|(broken, _)| !before.contains(broken));
        let Some((_, first)) = new.next() else {
            return Ok(None);
        };
        Ok(Some(first.with_more(new.count() as u64)))
    }
}

fn scan(db: &Connection, tables: &[String]) -> Result<Vec<Broken>, StoreError> {
    let mut found = Vec::new();
    let mut statement = db.prepare(
        "SELECT \"table\", rowid, fkid FROM pragma_foreign_key_check(?1, 'main') LIMIT ?2",
    )?;
    for table in tables {
        let rows = statement.query_map(rusqlite::params![table, MOST as i64], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        for row in rows {
            found.push(row?);
        }
        if found.len() >= MOST {
            break;
        }
    }
    Ok(found)
}

fn describe(db: &Connection, schema: &Schema, broken: &Broken) -> Result<StoreError, StoreError> {
    let (table, rowid, id) = broken;
    let references = catalog::references(db, table)?;
    let reference = references.iter().find(|reference| reference.id == *id);
    let error = match reference {
        Some(reference) => StoreError::new(
            StoreErrorKind::ForeignKey,
            format!("there is no such row in {}", reference.parent),
        ),
        None => StoreError::new(StoreErrorKind::ForeignKey, format!("in the table {table}")),
    };
    let (Some(reference), Some(rowid)) = (reference, rowid) else {
        return Ok(error.with_field(table.clone()));
    };
    Ok(match owner(schema, table) {
        Some(Owner::Model(model)) => {
            let field = model
                .fields()
                .iter()
                .find(|field| field.column().eq_ignore_ascii_case(&reference.column));
            let sql = format!(
                "SELECT {}, {} FROM {} WHERE rowid = ?1",
                ident(model.pk().column()),
                ident(&reference.column),
                ident(table)
            );
            let (pk, value) = db
                .query_row(&sql, [rowid], |row| {
                    let pk = show_as(row.get_ref(0)?, Some(model.pk().kind()));
                    Ok((pk, show_as(row.get_ref(1)?, field.map(|f| f.kind()))))
                })
                .optional()?
                .unwrap_or_default();
            error
                .with_model(model.label().clone())
                .with_pk(pk)
                .with_field(field_name(model, &reference.column))
                .with_value(value)
        }
        Some(Owner::Pairs(model, at)) => {
            let field = &model.many_to_many()[at];
            let sql = format!(
                "SELECT {}, {} FROM {} WHERE rowid = ?1",
                ident(field.from_column()),
                ident(field.to_column()),
                ident(table)
            );
            let (from, to) = db
                .query_row(&sql, [rowid], |row| {
                    let from = show_as(row.get_ref(0)?, Some(field.from_kind()));
                    Ok((from, show_as(row.get_ref(1)?, Some(field.to_kind()))))
                })
                .optional()?
                .unwrap_or_default();
            let missing = if reference.column.eq_ignore_ascii_case(field.to_column()) {
                to
            } else {
                from.clone()
            };
            error
                .with_model(model.label().clone())
                .with_pk(from)
                .with_field(field.name())
                .with_value(missing)
        }
        None => {
            let sql = format!(
                "SELECT {} FROM {} WHERE rowid = ?1",
                ident(&reference.column),
                ident(table)
            );
            let value = db
                .query_row(&sql, [rowid], |row| Ok(show_as(row.get_ref(0)?, None)))
                .optional()?
                .unwrap_or_default();
            error
                .with_field(format!("{table}.{}", reference.column))
                .with_value(value)
        }
    })
}

/// Whose table a table is.
pub(super) enum Owner<'s> {
    Model(&'s Model),
    Pairs(&'s Model, usize),
}

/// Whose table a table is, if it is one of the schema.
pub(super) fn owner<'s>(schema: &'s Schema, table: &str) -> Option<Owner<'s>> {
    for model in schema.models().iter().filter(|model| !model.is_proxy()) {
        if model.table().eq_ignore_ascii_case(table) {
            return Some(Owner::Model(model));
        }
    }
    for model in schema.models().iter().filter(|model| !model.is_proxy()) {
        for field in model.many_to_many() {
            if field.is_serialized() && field.table().eq_ignore_ascii_case(table) {
                return Some(Owner::Pairs(model, field.index().get()));
            }
        }
    }
    None
}
