//! Rows into the tables in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::query::Key;
use super::{Tables, clean};
use crate::row::Row;
use crate::schema::{FieldKind, ManyToMany, Model, Schema};
use crate::store::natural::Waiting;
use crate::store::{
    Clean, MissingFields, ModelReport, StoreError, StoreErrorKind, StoreReport, SyncOptions,
};
use crate::value::{Uuid, Value};

/// A sync that is being written, with a copy of all tables.
#[derive(Debug)]
pub(super) struct Sync {
    pub(super) schema: Schema,
    pub(super) options: SyncOptions,
    pub(super) tables: Tables,
    /// The keys that came, by model.
    pub(super) received: BTreeMap<usize, BTreeSet<Key>>,
    /// How many rows the tables had before.
    pub(super) before: BTreeMap<Box<str>, usize>,
    /// Rows without a key, which get theirs at the end.
    new: Vec<Row>,
    waiting: Option<Waiting>,
    pub(super) report: StoreReport,
}

impl Sync {
    pub(super) fn new(schema: Schema, options: SyncOptions, tables: Tables) -> Self {
        let before = tables
            .rows
            .iter()
            .map(|(table, rows)| (table.clone(), rows.len()))
            .collect();
        let report = StoreReport {
            dry_run: options.dry_run,
            ..StoreReport::default()
        };
        let waiting = Waiting::new(&schema);
        Self {
            schema,
            options,
            tables,
            received: BTreeMap::new(),
            before,
            new: Vec::new(),
            waiting,
            report,
        }
    }

    pub(super) fn write(&mut self, row: Row) -> Result<(), StoreError> {
        let schema = self.schema.clone();
        let model = schema.get(row.model()).map(|model| schema.concrete(model));
        let Some(model) = model.filter(|m| m.fields().len() == row.values().len()) else {
            return Err(StoreError::new(
                StoreErrorKind::Schema,
                "a row of another schema",
            ));
        };
        self.report_of(model);
        if let Some(waiting) = &mut self.waiting {
            if waiting.concerns(model, &row) {
                waiting.push(model, row, None);
                return Ok(());
            }
        }
        let Some(key) = row.pk().cloned() else {
            self.new.push(row);
            return Ok(());
        };
        self.put(model, Key(key), &row)
    }

    pub(super) fn report_of(&mut self, model: &Model) -> &mut ModelReport {
        let models = &mut self.report.models;
        let at = models
            .iter()
            .position(|report| report.model == *model.label());
        let at = at.unwrap_or_else(|| {
            models.push(ModelReport::new(model.label().clone()));
            models.len() - 1
        });
        &mut models[at]
    }

    pub(super) fn put(&mut self, model: &Model, key: Key, row: &Row) -> Result<(), StoreError> {
        let defaults = self.options.clean == Clean::Before
            || self.options.missing_fields == MissingFields::DjangoDefaults;
        let table = self.tables.rows.entry(model.table().into()).or_default();
        let old = table.get(&key).cloned();
        let mut values = Vec::with_capacity(model.fields().len());
        for (field, value) in model.fields().iter().zip(row.values()) {
            let kept = old.as_ref().and_then(|old| old.get(field.index().get()));
            values.push(match (value, kept) {
                _ if field.is_primary_key() => key.0.clone(),
                (Some(value), _) => value.clone(),
                (None, Some(kept)) if !defaults => kept.clone(),
                (None, Some(kept)) if field.missing().is_null() && !field.is_null() => kept.clone(),
                (None, _) => field.missing(),
            });
        }
        let empty = model
            .fields()
            .iter()
            .zip(&values)
            .find(|(field, value)| value.is_null() && !field.is_null());
        if let Some((field, _)) = empty {
            return Err(StoreError::new(StoreErrorKind::NotNull, "")
                .with_model(model.label().clone())
                .with_pk(key.0.to_string())
                .with_field(field.name()));
        }
        let same = old.as_ref() == Some(&values);
        table.insert(key.clone(), values);
        let report = self.report_of(model);
        match &old {
            None => report.inserted += 1,
            Some(_) if same => report.unchanged += 1,
            Some(_) => report.updated += 1,
        }
        self.received
            .entry(model.id().get())
            .or_default()
            .insert(key.clone());
        for (field, keys) in model.many_to_many().iter().zip(row.many_to_many()) {
            match keys {
                Some(_) if !field.is_serialized() => {
                    return Err(StoreError::new(
                        StoreErrorKind::Unsupported,
                        "a list of a many-to-many field whose table is a model of its own",
                    )
                    .with_model(model.label().clone())
                    .with_field(field.name()));
                }
                Some(keys) => self.pair(model, field, &key, keys),
                None if self.options.clean == Clean::Before && field.is_serialized() => {
                    self.pair(model, field, &key, &[]);
                }
                None => {}
            }
        }
        Ok(())
    }

    fn pair(&mut self, model: &Model, field: &ManyToMany, key: &Key, targets: &[Value]) {
        let wanted: BTreeSet<Key> = targets.iter().cloned().map(Key).collect();
        let has: BTreeSet<Key> = self.tables.targets(field.table(), key).cloned().collect();
        let pairs = self.tables.pairs.entry(field.table().into()).or_default();
        let (mut added, mut removed) = (0, 0);
        for gone in has.difference(&wanted) {
            removed += u64::from(pairs.remove(&(key.clone(), gone.clone())).is_some());
            if field.is_symmetrical() {
                removed += u64::from(pairs.remove(&(gone.clone(), key.clone())).is_some());
            }
        }
        for target in &wanted {
            let both = [(key, target), (target, key)];
            let directions = if field.is_symmetrical() { 2 } else { 1 };
            for (from, to) in both.into_iter().take(directions) {
                added += u64::from(pairs.insert((from.clone(), to.clone()), ()).is_none());
            }
        }
        let report = self.report_of(model);
        report.pairs_added += added;
        report.pairs_removed += removed;
    }

    pub(super) fn finish(mut self) -> Result<(Tables, StoreReport), StoreError> {
        let schema = self.schema.clone();
        for row in std::mem::take(&mut self.new) {
            if let Some(model) = schema.get(row.model()).map(|model| schema.concrete(model)) {
                let key = self.next_key(model)?;
                self.put(model, key, &row)?;
            }
        }
        if let Some(waiting) = self.waiting.take() {
            waiting.settle(&mut self)?;
        }
        clean::clean(&mut self)?;
        self.check_unique()?;
        self.check_references()?;
        self.report
            .models
            .retain(|report| report.received() > 0 || report.changed());
        Ok((self.tables, self.report))
    }

    /// A key that no row has.
    pub(super) fn next_key(&self, model: &Model) -> Result<Key, StoreError> {
        let rows = self.tables.rows.get(model.table());
        match model.pk().kind() {
            _ if model.pk().relation().is_some() => {}
            FieldKind::Uuid => {
                // Keys of a database that is not kept need not be random.
                let count = rows.map_or(0, BTreeMap::len) as u128;
                let free = (count..)
                    .map(|n| Uuid::from_bytes(n.to_be_bytes()))
                    .find(|uuid| {
                        let key = Key(Value::Uuid(*uuid));
                        !rows.is_some_and(|rows| rows.contains_key(&key))
                    });
                if let Some(uuid) = free {
                    return Ok(Key(Value::Uuid(uuid)));
                }
            }
            kind if kind.is_integer() => {
                let last = rows.and_then(|rows| rows.keys().next_back());
                let last = last.and_then(|key| key.0.as_int()).unwrap_or(0);
                if let Some(next) = last.max(0).checked_add(1) {
                    return Ok(Key(Value::Int(next)));
                }
            }
            _ => {}
        }
        Err(StoreError::new(
            StoreErrorKind::NotNull,
            "a row without a key, and the database makes none of this kind",
        )
        .with_model(model.label().clone())
        .with_field(model.pk().name()))
    }

    fn check_unique(&self) -> Result<(), StoreError> {
        for report in &self.report.models {
            let Some(model) = self.schema.model(report.model.as_str()) else {
                continue;
            };
            let Some(rows) = self.tables.rows.get(model.table()) else {
                continue;
            };
            for field in model.fields().iter().filter(|field| field.is_unique()) {
                let mut seen = BTreeSet::new();
                for (key, values) in rows {
                    let value = &values[field.index().get()];
                    if !value.is_null() && !seen.insert(Key(value.clone())) {
                        return Err(StoreError::new(StoreErrorKind::Unique, "")
                            .with_model(model.label().clone())
                            .with_pk(key.0.to_string())
                            .with_field(field.name())
                            .with_value(value.to_string()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Every reference of the database leads to a row: no sync leaves one that
    /// does not.
    fn check_references(&self) -> Result<(), StoreError> {
        for model in self
            .schema
            .models()
            .iter()
            .filter(|model| !model.is_proxy())
        {
            let none = BTreeMap::new();
            let rows = self.tables.rows.get(model.table()).unwrap_or(&none);
            for field in model.fields() {
                let Some(target) = field.relation().and_then(|key| {
                    let target = self.schema.concrete(self.schema.get(key.model()?)?);
                    Some((target, lookup_index(target, key.to_column())?))
                }) else {
                    continue;
                };
                let there = self.values(target.0, target.1);
                let mut broken = rows.iter().filter_map(|(key, values)| {
                    let value = &values[field.index().get()];
                    let dangling = !value.is_null() && !there.contains(&Key(value.clone()));
                    dangling.then_some((key, value))
                });
                if let Some((key, value)) = broken.next() {
                    return Err(
                        missing(model, key, field.name(), value).with_more(broken.count() as u64)
                    );
                }
            }
            for field in model.many_to_many().iter().filter(|f| f.is_serialized()) {
                let target = field.model().and_then(|id| self.schema.get(id));
                let target = target.map(|target| self.schema.concrete(target));
                let Some(pairs) = self.tables.pairs.get(field.table()) else {
                    continue;
                };
                let there = target.and_then(|target| self.tables.rows.get(target.table()));
                let mut broken = pairs.keys().filter_map(|(from, to)| {
                    let dangling = target.is_some() && !there.is_some_and(|t| t.contains_key(to));
                    let orphan = !rows.contains_key(from);
                    (dangling || orphan).then_some((from, if orphan { from } else { to }))
                });
                if let Some((from, value)) = broken.next() {
                    return Err(missing(model, from, field.name(), &value.0)
                        .with_more(broken.count() as u64));
                }
            }
        }
        Ok(())
    }

    fn values(&self, model: &Model, field: usize) -> BTreeSet<Key> {
        let rows = self.tables.rows.get(model.table());
        rows.into_iter()
            .flat_map(BTreeMap::values)
            .map(|values| Key(values[field].clone()))
            .collect()
    }
}

pub(super) fn lookup_index(model: &Model, column: &str) -> Option<usize> {
    let mut fields = model.fields().iter();
    fields.position(|field| field.column() == column)
}

fn missing(model: &Model, key: &Key, field: &str, value: &Value) -> StoreError {
    StoreError::new(StoreErrorKind::ForeignKey, "")
        .with_model(model.label().clone())
        .with_pk(key.0.to_string())
        .with_field(field)
        .with_value(value.to_string())
}
