//! The pairs of many-to-many fields.

use std::collections::HashSet;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};

use super::value::bind;
use crate::schema::{ManyToMany, Model};
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind};
use crate::value::Value;

/// The statements for one many-to-many table.
pub(super) struct Pairs<'c> {
    field: &'c ManyToMany,
    select: Statement<'c>,
    insert: Statement<'c>,
    delete: Statement<'c>,
}

impl<'c> Pairs<'c> {
    pub(super) fn new(db: &'c Connection, field: &'c ManyToMany) -> Result<Self, StoreError> {
        if !field.is_serialized() {
            return Err(StoreError::new(
                StoreErrorKind::Unsupported,
                "a list of a many-to-many field whose table is a model of its own",
            )
            .with_field(field.name()));
        }
        let table = ident(field.table());
        let (from, to) = (ident(field.from_column()), ident(field.to_column()));
        Ok(Self {
            field,
            select: db.prepare(&format!("SELECT {to} FROM {table} WHERE {from} = ?1"))?,
            // Not `ON CONFLICT DO NOTHING`: that would count up the ids.
            insert: db.prepare(&format!(
                "INSERT INTO {table} ({from}, {to}) SELECT ?1, ?2 WHERE NOT EXISTS \
                 (SELECT 1 FROM {table} WHERE {from} = ?1 AND {to} = ?2)"
            ))?,
            delete: db.prepare(&format!(
                "DELETE FROM {table} WHERE {from} = ?1 AND {to} = ?2"
            ))?,
        })
    }

    /// Makes these the targets of a row, and says how many pairs are new and
    /// how many are gone. `is_new` is a row that was not there before.
    pub(super) fn set(
        &mut self,
        key: &Value,
        targets: &[Value],
        is_new: bool,
    ) -> Result<(u64, u64), StoreError> {
        let symmetrical = self.field.is_symmetrical();
        let (mut added, mut removed) = (0, 0);
        // Nothing can point from a row that was not there, except the other
        // half of a pair that is kept twice.
        if !is_new || symmetrical {
            for target in self.superfluous(key, targets)? {
                bind(&mut self.delete, 1, key)?;
                self.delete.raw_bind_parameter(2, &target)?;
                removed += self.delete.raw_execute()? as u64;
                if symmetrical {
                    self.delete.raw_bind_parameter(1, &target)?;
                    bind(&mut self.delete, 2, key)?;
                    removed += self.delete.raw_execute()? as u64;
                }
            }
        }
        for (first, second) in [(true, false), (false, true)] {
            if second && !symmetrical {
                break;
            }
            for target in targets {
                let (from, to) = if first { (key, target) } else { (target, key) };
                bind(&mut self.insert, 1, from)?;
                bind(&mut self.insert, 2, to)?;
                added += self.insert.raw_execute()? as u64;
            }
        }
        Ok((added, removed))
    }

    /// Targets that the row has and should not have.
    fn superfluous(
        &mut self,
        key: &Value,
        targets: &[Value],
    ) -> Result<Vec<rusqlite::types::Value>, StoreError> {
        bind(&mut self.select, 1, key)?;
        let mut found = self.select.raw_query();
        let mut superfluous = Vec::new();
        let mut wanted: Option<HashSet<Key>> = None;
        while let Some(row) = found.next()? {
            let stored = row.get_ref(0)?;
            let wanted = match &wanted {
                Some(wanted) => wanted,
                None => wanted.insert(targets.iter().filter_map(Key::of).collect()),
            };
            if !Key::stored(stored).is_some_and(|key| wanted.contains(&key)) {
                superfluous.push(stored.into());
            }
        }
        Ok(superfluous)
    }
}

/// A key as SQLite has it.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Int(i64),
    Text(Box<str>),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Int(number) => Self::Int(*number),
            Value::Bool(value) => Self::Int(i64::from(*value)),
            Value::Duration(value) => Self::Int(value.as_micros()),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Uuid(uuid) => Self::Text(uuid.to_simple().into()),
            Value::DateTime(time) => Self::Text(time.to_utc().unwrap_or(*time).to_sqlite().into()),
            Value::Date(_) | Value::Time(_) => Self::Text(value.to_string().into()),
            _ => return None,
        })
    }

    fn stored(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Integer(number) => Some(Self::Int(number)),
            ValueRef::Text(text) => Some(Self::Text(std::str::from_utf8(text).ok()?.into())),
            _ => None,
        }
    }
}

/// An error of a pair, with the row it belongs to.
pub(super) fn located(
    error: StoreError,
    model: &Model,
    field: &ManyToMany,
    key: &Value,
) -> StoreError {
    error
        .with_model(model.label().clone())
        .with_field(field.name())
        .with_pk(key.to_string())
}
