//! Removes rows that did not come from the tables in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::{Sync, lookup_index};
use super::query::Key;
use crate::schema::{Field, Model, Schema};
use crate::store::{
    Clean, OnReferenced, ReferenceAction, ReferenceReport, StoreError, StoreErrorKind, lookup,
};

/// The keys of rows that are to go, by model.
type Doomed = BTreeMap<usize, BTreeSet<Key>>;

/// Removes rows that did not come, and what has to go with them.
pub(super) fn clean(sync: &mut Sync) -> Result<(), StoreError> {
    if sync.options.clean == Clean::No {
        return Ok(());
    }
    let schema = sync.schema.clone();
    let came: Vec<usize> = sync
        .report
        .models
        .iter()
        .filter_map(|report| Some(schema.model(report.model.as_str())?.id().get()))
        .collect();
    let models = lookup::cleaned(&schema, &sync.options, &came)?;
    let mut doomed = find_stale(sync, &models)?;
    let stale = doomed.clone();
    let mut queue: Vec<usize> = doomed.keys().copied().collect();
    while let Some(at) = queue.pop() {
        let Some(parent) = schema.models().get(at) else {
            continue;
        };
        for (model, field) in referring(&schema, parent) {
            if refer(sync, &mut doomed, parent, model, field)? && !queue.contains(&model.id().get())
            {
                queue.push(model.id().get());
            }
        }
    }
    for (at, keys) in &doomed {
        let Some(model) = schema.models().get(*at) else {
            continue;
        };
        for key in keys {
            if let Some(rows) = sync.tables.rows.get_mut(model.table()) {
                rows.remove(key);
            }
        }
        if let Some(keys) = stale.get(at) {
            sync.report_of(model).deleted += keys.len() as u64;
        }
        unpair(sync, &schema, model, keys);
    }
    Ok(())
}

fn find_stale(sync: &Sync, models: &[&Model]) -> Result<Doomed, StoreError> {
    let mut doomed = Doomed::new();
    for model in models {
        let at = model.id().get();
        let Some(rows) = sync.tables.rows.get(model.table()) else {
            continue;
        };
        let received = sync.received.get(&at);
        let stale: BTreeSet<Key> = rows
            .keys()
            .filter(|key| !received.is_some_and(|received| received.contains(key)))
            .cloned()
            .collect();
        if stale.is_empty() {
            continue;
        }
        let before = sync.before.get(model.table()).copied().unwrap_or(0);
        let most = sync.options.max_delete_ratio.unwrap_or(1.0);
        if stale.len() as f64 > most * before as f64 {
            return Err(StoreError::new(
                StoreErrorKind::TooManyDeleted,
                format!("{} of {before} rows", stale.len()),
            )
            .with_model(model.label().clone()));
        }
        doomed.insert(at, stale);
    }
    Ok(doomed)
}

/// The fields that refer to a model.
fn referring<'s>(
    schema: &'s Schema,
    parent: &'s Model,
) -> impl Iterator<Item = (&'s Model, &'s Field)> {
    let models = schema.models().iter().filter(|model| !model.is_proxy());
    models
        .flat_map(|model| model.fields().iter().map(move |field| (model, field)))
        .filter(|(_, field)| {
            let to = field.relation().and_then(|key| schema.get(key.model()?));
            to.is_some_and(|to| schema.concrete(to).id() == parent.id())
        })
}

/// Deals with rows that refer to rows that go; true if more of them go now.
fn refer(
    sync: &mut Sync,
    doomed: &mut Doomed,
    parent: &Model,
    model: &Model,
    field: &Field,
) -> Result<bool, StoreError> {
    let Some(column) = field
        .relation()
        .and_then(|key| lookup_index(parent, key.to_column()))
    else {
        return Ok(false);
    };
    let gone: BTreeSet<Key> = match (
        doomed.get(&parent.id().get()),
        sync.tables.rows.get(parent.table()),
    ) {
        (Some(keys), Some(rows)) => {
            let mut gone: BTreeSet<Key> = keys
                .iter()
                .filter_map(|key| Some(Key(rows.get(key)?[column].clone())))
                .collect();
            // A row that stays may have the value by now.
            for (_, values) in rows.iter().filter(|(key, _)| !keys.contains(key)) {
                gone.remove(&Key(values[column].clone()));
            }
            gone
        }
        _ => return Ok(false),
    };
    let at = model.id().get();
    let going = doomed.get(&at);
    let index = field.index().get();
    let Some(rows) = sync.tables.rows.get_mut(model.table()) else {
        return Ok(false);
    };
    let refer: Vec<Key> = rows
        .iter()
        .filter(|(key, values)| {
            !values[index].is_null()
                && gone.contains(&Key(values[index].clone()))
                && !going.is_some_and(|going| going.contains(key))
        })
        .map(|(key, _)| key.clone())
        .collect();
    let error = |kind, keys: &[&Key]| {
        let key = keys.first()?;
        let value = rows.get(key)?[index].to_string();
        Some(
            StoreError::new(kind, format!("its row in {} did not come", parent.table()))
                .with_model(model.label().clone())
                .with_pk(key.0.to_string())
                .with_field(field.name())
                .with_value(value)
                .with_more(keys.len() as u64 - 1),
        )
    };
    let received = sync.received.get(&at);
    let came: Vec<&Key> = refer
        .iter()
        .filter(|key| received.is_some_and(|received| received.contains(key)))
        .collect();
    if let Some(error) = error(StoreErrorKind::ForeignKey, &came) {
        return Err(error);
    }
    let action = match sync.options.on_referenced {
        OnReferenced::SetNull if field.is_null() => ReferenceAction::SetNull,
        OnReferenced::Cascade => ReferenceAction::Removed,
        _ => {
            let refer: Vec<&Key> = refer.iter().collect();
            return match error(StoreErrorKind::Referenced, &refer) {
                Some(error) => Err(error),
                None => Ok(false),
            };
        }
    };
    if refer.is_empty() {
        return Ok(false);
    }
    sync.report.references.push(ReferenceReport {
        table: model.table().to_owned(),
        column: field.column().to_owned(),
        action,
        rows: refer.len() as u64,
    });
    match action {
        ReferenceAction::SetNull => {
            for key in &refer {
                if let Some(values) = rows.get_mut(key) {
                    values[index] = crate::value::Value::Null;
                }
            }
            Ok(false)
        }
        ReferenceAction::Removed => {
            doomed.entry(at).or_default().extend(refer);
            Ok(true)
        }
    }
}

/// Removes the pairs of rows that are gone.
fn unpair(sync: &mut Sync, schema: &Schema, gone: &Model, keys: &BTreeSet<Key>) {
    for model in schema.models().iter().filter(|model| !model.is_proxy()) {
        for field in model.many_to_many().iter().filter(|f| f.is_serialized()) {
            let is_owner = model.id() == gone.id();
            let is_target = field
                .model()
                .and_then(|id| schema.get(id))
                .is_some_and(|target| schema.concrete(target).id() == gone.id());
            let Some(pairs) = sync.tables.pairs.get_mut(field.table()) else {
                continue;
            };
            let before = pairs.len();
            pairs.retain(|(from, to), ()| {
                !(is_owner && keys.contains(from) || is_target && keys.contains(to))
            });
            let removed = (before - pairs.len()) as u64;
            if removed > 0 {
                sync.report_of(model).pairs_removed += removed;
            }
        }
    }
}
