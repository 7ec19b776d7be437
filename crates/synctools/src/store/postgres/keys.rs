//! Natural keys on their way into a temporary table of their own.

use super::link::Link;
use super::stage::{Stage, Target, push_number};
use super::value;
use crate::row::Row;
use crate::schema::{Field, FieldIndex, ManyToManyIndex, Model, ModelId, Schema};
use crate::store::{StoreError, StoreErrorKind};
use crate::value::Value;

/// Natural keys of one reference, of the same form: a relation in them may be a
/// key, or again a natural key.
#[derive(PartialEq)]
pub(super) struct Form {
    /// The model that refers.
    pub(super) owner: usize,
    pub(super) place: Place,
    pub(super) target: ModelId,
    /// What the values are, from the target on.
    pub(super) paths: Vec<Vec<FieldIndex>>,
}

/// Where a reference stands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    Field(FieldIndex),
    List(ManyToManyIndex),
}

impl Stage {
    /// A row without a key, with all that its natural key is made of.
    pub(super) fn with_natural_key(&self, row: &Row) -> Option<Row> {
        let model = self.schema.get(row.model())?;
        let key = model.natural_key().filter(|_| row.pk().is_none())?;
        let mut row = row.clone();
        for part in key.parts() {
            let field = part.path().first().and_then(|first| model.field(*first))?;
            if row.get(field.index()).is_none() {
                row.set(field.index(), field.missing());
            }
        }
        Some(row)
    }

    /// What makes the temporary table of natural keys.
    pub(super) fn keys_table(&self) -> &'static str {
        "CREATE TEMPORARY TABLE IF NOT EXISTS synctools_keys (n bigint, pos integer, \
         form integer, key text[], found text) ON COMMIT DROP"
    }

    /// Takes the natural keys of a row.
    pub(super) async fn push_keys(
        &mut self,
        link: &Link,
        model: &Model,
        row: &Row,
    ) -> Result<(), StoreError> {
        if self.forms.is_empty() {
            self.close().await?;
            link.run(self.keys_table()).await?;
        }
        let mut keys = Vec::new();
        for (field, value) in model.fields().iter().zip(row.values()) {
            let target = field.relation().and_then(|relation| relation.model());
            if let (Some(Value::NaturalKey(key)), Some(target)) = (value, target) {
                keys.push((Place::Field(field.index()), 0, target, key));
            }
        }
        for (list, values) in model.many_to_many().iter().zip(row.many_to_many()) {
            for (at, value) in values.iter().flatten().enumerate() {
                if let (Value::NaturalKey(key), Some(target)) = (value, list.model()) {
                    // The first line of a list says that there is one.
                    keys.push((Place::List(list.index()), at + 1, target, key));
                }
            }
        }
        for (place, pos, target, key) in keys {
            let (mut paths, mut values) = (Vec::new(), Vec::new());
            flatten(&self.schema, target, key, &[], &mut paths, &mut values)?;
            let form = Form {
                owner: model.id().get(),
                place,
                target,
                paths,
            };
            let known = self.forms.iter().position(|known| *known == form);
            let number = known.unwrap_or_else(|| {
                self.forms.push(form);
                self.forms.len() - 1
            });
            let out = &mut self.keys.0;
            push_number(out, self.number);
            push_number(out, pos as u64);
            push_number(out, number as u64);
            value::copy(&Value::Array(values.into()), out)?;
            out.extend_from_slice(b"\t\\N\n");
        }
        self.flush_if_full(link, Target::Keys, self.keys.0.len())
            .await
    }
}

/// Whether a row refers to others by their natural keys.
pub(super) fn refers_by_natural_key(row: &Row) -> bool {
    let fields = row.values().iter().flatten();
    let lists = row.many_to_many().iter().flatten().flatten();
    fields
        .chain(lists)
        .any(|value| matches!(value, Value::NaturalKey(_)))
}

/// The values of a natural key and of those within it, with the ways to them.
fn flatten(
    schema: &Schema,
    target: ModelId,
    key: &[Value],
    way: &[FieldIndex],
    paths: &mut Vec<Vec<FieldIndex>>,
    values: &mut Vec<Value>,
) -> Result<(), StoreError> {
    let model = schema.get(target);
    let found = model.and_then(|model| Some((model, model.natural_key()?.parts())));
    let Some((model, parts)) = found.filter(|(_, parts)| parts.len() == key.len()) else {
        return Err(StoreError::new(
            StoreErrorKind::Schema,
            "a natural key that is none of its model",
        ));
    };
    for (part, value) in parts.iter().zip(key) {
        let path: Vec<FieldIndex> = way.iter().chain(part.path()).copied().collect();
        let relation = schema.follow(model, part.path()).and_then(Field::relation);
        match (value, relation.and_then(|relation| relation.model())) {
            (Value::NaturalKey(key), Some(target)) => {
                flatten(schema, target, key, &path, paths, values)?;
            }
            _ => {
                paths.push(path);
                values.push(value.clone());
            }
        }
    }
    Ok(())
}
