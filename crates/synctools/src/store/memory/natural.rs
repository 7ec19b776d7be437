//! Rows by their natural keys.

use std::collections::BTreeMap;

use super::apply::{Sync, lookup_index};
use super::query::Key;
use crate::row::Row;
use crate::schema::{Field, FieldIndex, Model, Schema};
use crate::store::natural::{Database, Found, Part};
use crate::store::{ModelReport, StoreError};
use crate::value::Value;

impl Database for Sync {
    fn find(
        &mut self,
        model: &Model,
        parts: &[Part<'_>],
        wanted: &Field,
    ) -> Result<Found, StoreError> {
        let schema = self.schema.clone();
        let expected: Vec<Key> = parts
            .iter()
            .map(|part| match part.is_first {
                true => Key(self.beyond(&schema, model, part.path, &part.value)),
                false => Key(part.value.clone()),
            })
            .collect();
        let rows = self.tables.rows.get(model.table());
        let mut found = rows.into_iter().flat_map(BTreeMap::values).filter(|row| {
            let mut pairs = parts.iter().zip(&expected);
            pairs.all(|(part, expected)| Key(self.end(&schema, model, part.path, row)) == *expected)
        });
        Ok(match (found.next(), found.next()) {
            (None, _) => Found::Nothing,
            (Some(row), None) => Found::One(row[wanted.index().get()].clone()),
            (Some(_), Some(_)) => Found::Several,
        })
    }

    fn exists(&mut self, model: &Model, key: &Value) -> Result<bool, StoreError> {
        let rows = self.tables.rows.get(model.table());
        Ok(rows.is_some_and(|rows| rows.contains_key(&Key(key.clone()))))
    }

    fn write(&mut self, model: &Model, row: &Row) -> Result<Value, StoreError> {
        let key = match row.pk() {
            Some(key) => Key(key.clone()),
            None => self.next_key(model)?,
        };
        self.put(model, key.clone(), row)?;
        Ok(key.0)
    }

    fn report(&mut self, model: &Model) -> Option<&mut ModelReport> {
        Some(self.report_of(model))
    }
}

impl Sync {
    /// What a row has at the end of a path; `NULL` where it leads nowhere.
    fn end(&self, schema: &Schema, model: &Model, path: &[FieldIndex], row: &[Value]) -> Value {
        let value = path.first().and_then(|first| row.get(first.get()));
        let value = value.cloned().unwrap_or(Value::Null);
        match path.len() {
            0 | 1 => value,
            _ => self.beyond(schema, model, path, &value),
        }
    }

    /// What is at the end of a path whose first field has this value.
    fn beyond(&self, schema: &Schema, model: &Model, path: &[FieldIndex], first: &Value) -> Value {
        let target = path.split_first().and_then(|(at, rest)| {
            let relation = model.field(*at)?.relation()?;
            let target = schema.concrete(schema.get(relation.model()?)?);
            let column = lookup_index(target, relation.to_column())?;
            let rows = self.tables.rows.get(target.table())?;
            let key = Key(first.clone());
            let row = match column == target.pk_index().get() {
                true => rows.get(&key),
                false => rows.values().find(|row| Key(row[column].clone()) == key),
            };
            Some((target, rest, row.filter(|_| !first.is_null())?))
        });
        match target {
            Some((target, rest, row)) => self.end(schema, target, rest, row),
            None => Value::Null,
        }
    }
}
