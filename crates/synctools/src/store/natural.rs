//! Rows that name others by their natural keys.
//!
//! What a natural key stands for is only known when all rows are there: the row
//! may come later, or get its name later. So rows that have natural keys in
//! them wait, and so do rows without a primary key of models that have a
//! natural one. At the end each gets what it refers to, and is written. Those
//! that refer to each other are written first without.

use super::{ModelReport, StoreError, StoreErrorKind};
use crate::row::Row;
use crate::schema::{Field, FieldIndex, ForeignKey, Model, ModelId, Schema};
use crate::value::Value;

/// What a store can do for rows that wait.
pub(super) trait Database {
    /// The value of a field of the row of a table that these hold for.
    fn find(
        &mut self,
        model: &Model,
        parts: &[Part<'_>],
        wanted: &Field,
    ) -> Result<Found, StoreError>;

    /// Whether there is a row with this key.
    fn exists(&mut self, model: &Model, key: &Value) -> Result<bool, StoreError>;

    /// Writes a row, and says which key it has.
    fn write(&mut self, model: &Model, row: &Row) -> Result<Value, StoreError>;

    /// What has been counted of a model.
    fn report(&mut self, model: &Model) -> Option<&mut ModelReport>;
}

/// One condition on a row.
pub(super) struct Part<'a> {
    /// Which field it is about; the last of these.
    pub(super) path: &'a [FieldIndex],
    /// What the first field of the path has, if the row that is looked for has
    /// at its end what the row of this key has, and else what its last field
    /// has.
    pub(super) value: Value,
    pub(super) is_first: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Nothing,
    One(Value),
    Several,
}

/// The rows that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    schema: Schema,
    /// By model: whether its references may be natural keys.
    refers: Vec<bool>,
    /// By model: whether a row with a key waits. Then all of them do, so that of
    /// rows with the same key the last one wins.
    waits: Vec<bool>,
    with_key: Vec<Entry>,
    without_key: Vec<Entry>,
    /// By model: the last key that a new row got.
    made: Vec<i64>,
}

#[derive(Debug)]
struct Entry {
    row: Row,
    /// The highest key there was when it came. If it is a new row it gets the
    /// next one, as if it had been written then.
    highest: Option<i64>,
    /// How many of its references are natural keys still.
    open: usize,
    /// What it was counted as when it was written.
    written: Option<Counted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Inserted,
    Updated,
    Unchanged,
}

impl Waiting {
    /// Nothing if no row will ever wait.
    pub(super) fn new(schema: &Schema) -> Option<Self> {
        let has_key = |id: Option<ModelId>| {
            let model = id.and_then(|id| schema.get(id));
            model.is_some_and(|model| model.natural_key().is_some())
        };
        let refers: Vec<bool> = schema
            .models()
            .iter()
            .map(|model| {
                let mut relations = model.fields().iter().filter_map(Field::relation);
                relations.any(|relation| has_key(relation.model()))
                    || model
                        .many_to_many()
                        .iter()
                        .any(|list| has_key(list.model()))
            })
            .collect();
        let any = schema
            .models()
            .iter()
            .any(|model| model.natural_key().is_some());
        any.then(|| Self {
            schema: schema.clone(),
            waits: vec![false; refers.len()],
            made: vec![0; refers.len()],
            refers,
            with_key: Vec::new(),
            without_key: Vec::new(),
        })
    }

    /// Whether a row has to wait; `model` is the one whose table it is.
    pub(super) fn concerns(&self, model: &Model, row: &Row) -> bool {
        let at = model.id().get();
        match row.pk() {
            None => self.schema.natural_key(row.model()).is_some() || self.is_open(at, row),
            Some(_) => self.waits[at] || self.is_open(at, row),
        }
    }

    fn is_open(&self, at: usize, row: &Row) -> bool {
        self.refers[at] && open(row) > 0
    }

    /// Takes a row that has to wait. `highest` is the highest key there is, where
    /// the store counts keys up as rows come.
    pub(super) fn push(&mut self, model: &Model, row: Row, highest: Option<i64>) {
        let entry = Entry {
            highest,
            open: open(&row),
            written: None,
            row,
        };
        if entry.row.pk().is_some() {
            self.waits[model.id().get()] = true;
            self.with_key.push(entry);
        } else {
            self.without_key.push(entry);
        }
    }

    /// Writes all rows that wait, now that all others are there.
    pub(super) fn settle(mut self, db: &mut impl Database) -> Result<(), StoreError> {
        let mut entries = std::mem::take(&mut self.with_key);
        entries.append(&mut self.without_key);
        while !entries.is_empty() {
            let mut left = Vec::new();
            let mut is_nearer = false;
            for mut entry in entries {
                is_nearer |= self.step(db, &mut entry)?;
                if entry.open > 0 || entry.written.is_none() {
                    left.push(entry);
                }
            }
            if !is_nearer {
                if let Some(entry) = left.first() {
                    return Err(self.unresolved(db, entry)?);
                }
            }
            entries = left;
        }
        Ok(())
    }

    /// Does for a row what can be done by now; true if that was anything.
    fn step(&mut self, db: &mut impl Database, entry: &mut Entry) -> Result<bool, StoreError> {
        let schema = self.schema.clone();
        let Some(model) = schema.get(entry.row.model()) else {
            return Err(other_schema());
        };
        let model = schema.concrete(model);
        let before = entry.open;
        entry.open = self.fill(db, model, &mut entry.row)?;
        let is_nearer = entry.open < before;
        if entry.written.is_some() && !is_nearer {
            return Ok(false);
        }
        if entry.row.pk().is_none() {
            match self.own_key(db, model, &entry.row)? {
                Some(Found::One(key)) => entry.row.set(model.pk_index(), key),
                Some(Found::Nothing) => {
                    if let Some(highest) = entry.highest.take() {
                        let last = &mut self.made[model.id().get()];
                        let next = highest.max(*last).saturating_add(1);
                        if !db.exists(model, &Value::Int(next))? {
                            *last = next;
                            entry.row.set(model.pk_index(), Value::Int(next));
                        }
                    }
                }
                Some(Found::Several) | None => return Ok(is_nearer),
            }
        }
        let mut now = entry.row.clone();
        if entry.open > 0 {
            let is_new = match now.pk() {
                Some(key) => !db.exists(model, key)?,
                None => true,
            };
            leave_open(model, &mut now, is_new);
        }
        let counts = db.report(model).map(|report| report.clone());
        let key = db.write(model, &now)?;
        entry.row.set(model.pk_index(), key);
        if let (Some(before), Some(report)) = (counts, db.report(model)) {
            entry.written = Some(count(&before, report, entry.written));
        }
        Ok(true)
    }

    /// Puts what natural keys stand for in their places, as far as it is there,
    /// and says how many are left.
    fn fill(
        &self,
        db: &mut impl Database,
        model: &Model,
        row: &mut Row,
    ) -> Result<usize, StoreError> {
        let mut open = 0;
        for (field, value) in model.fields().iter().zip(row.values_mut()) {
            if let (Some(Value::NaturalKey(key)), Some(relation)) = (&*value, field.relation()) {
                match self.referred(db, relation, key)? {
                    Found::One(found) => *value = Some(found),
                    _ => open += 1,
                }
            }
        }
        for (list, keys) in model.many_to_many().iter().zip(row.many_to_many_mut()) {
            for value in keys.iter_mut().flatten() {
                if let Value::NaturalKey(key) = value {
                    match self.lookup(db, list.model(), key, None)? {
                        Found::One(found) => *value = found,
                        _ => open += 1,
                    }
                }
            }
        }
        Ok(open)
    }

    /// What a reference by a natural key is: the value of the field that it
    /// points to.
    fn referred(
        &self,
        db: &mut impl Database,
        relation: &ForeignKey,
        key: &[Value],
    ) -> Result<Found, StoreError> {
        self.lookup(db, relation.model(), key, Some(relation.to_column()))
    }

    /// The value of a column, or the primary key, of the row with this natural
    /// key.
    fn lookup(
        &self,
        db: &mut impl Database,
        target: Option<ModelId>,
        key: &[Value],
        column: Option<&str>,
    ) -> Result<Found, StoreError> {
        let target = target.and_then(|id| self.schema.get(id));
        let Some((model, natural)) = target.and_then(|model| Some((model, model.natural_key()?)))
        else {
            return Err(StoreError::new(
                StoreErrorKind::Schema,
                "a natural key of a model that has none",
            ));
        };
        if natural.parts().len() != key.len() {
            return Err(StoreError::new(
                StoreErrorKind::Value,
                "a natural key with more or fewer values than it has fields",
            )
            .with_model(model.label().clone())
            .with_value(Value::NaturalKey(key.into()).to_string()));
        }
        let mut parts = Vec::with_capacity(key.len());
        for (part, value) in natural.parts().iter().zip(key) {
            let value = match value {
                Value::NaturalKey(key) => {
                    let field = self.schema.follow(model, part.path());
                    let Some(relation) = field.and_then(Field::relation) else {
                        return Err(other_schema());
                    };
                    match self.referred(db, relation, key)? {
                        Found::One(value) => value,
                        found => return Ok(found),
                    }
                }
                value => value.clone(),
            };
            parts.push(Part {
                path: part.path(),
                value,
                is_first: false,
            });
        }
        let table = self.schema.concrete(model);
        let wanted = column
            .and_then(|column| table.fields().iter().find(|f| f.column() == column))
            .unwrap_or(table.pk());
        db.find(table, &parts, wanted)
    }

    /// The key of the row that has the same natural key as this one; nothing
    /// as long as that is not known.
    fn own_key(
        &self,
        db: &mut impl Database,
        model: &Model,
        row: &Row,
    ) -> Result<Option<Found>, StoreError> {
        let Some(natural) = self.schema.natural_key(row.model()) else {
            return Ok(Some(Found::Nothing));
        };
        let mut parts = Vec::with_capacity(natural.parts().len());
        for part in natural.parts() {
            let Some(field) = part.path().first().and_then(|first| model.field(*first)) else {
                return Err(other_schema());
            };
            let value = match row.get(field.index()) {
                Some(Value::NaturalKey(_)) => return Ok(None),
                Some(value) => value.clone(),
                None => field.missing(),
            };
            parts.push(Part {
                path: part.path(),
                value,
                is_first: part.path().len() > 1,
            });
        }
        db.find(model, &parts, model.pk()).map(Some)
    }

    /// Why a row cannot be written, or not as it came.
    fn unresolved(&self, db: &mut impl Database, entry: &Entry) -> Result<StoreError, StoreError> {
        let Some(model) = self.schema.get(entry.row.model()) else {
            return Ok(other_schema());
        };
        let located = |found: &Found, field: String, value: &[Value]| {
            let error = match found {
                Found::Several => StoreError::new(
                    StoreErrorKind::Ambiguous,
                    "more than one row has this natural key",
                ),
                _ => StoreError::new(StoreErrorKind::ForeignKey, "no row has this natural key"),
            };
            let error = error
                .with_model(model.label().clone())
                .with_field(field)
                .with_value(Value::NaturalKey(value.into()).to_string());
            match entry.row.pk() {
                Some(pk) => error.with_pk(pk.to_string()),
                None => error,
            }
        };
        for (field, value) in model.fields().iter().zip(entry.row.values()) {
            if let (Some(Value::NaturalKey(key)), Some(relation)) = (value, field.relation()) {
                let found = self.referred(db, relation, key)?;
                return Ok(located(&found, field.name().to_owned(), key));
            }
        }
        for (list, keys) in model.many_to_many().iter().zip(entry.row.many_to_many()) {
            for value in keys.iter().flatten() {
                if let Value::NaturalKey(key) = value {
                    let found = self.lookup(db, list.model(), key, None)?;
                    return Ok(located(&found, list.name().to_owned(), key));
                }
            }
        }
        let parts = model.natural_key().map_or(&[][..], |key| key.parts());
        let names: Vec<&str> = parts.iter().map(|part| part.name()).collect();
        let own = parts.iter().map(|part| {
            let value = part.path().first().and_then(|first| entry.row.get(*first));
            value.cloned().unwrap_or(Value::Null)
        });
        let own: Vec<Value> = own.collect();
        Ok(located(&Found::Several, names.join(", "), &own))
    }
}

/// How many references of a row are natural keys.
fn open(row: &Row) -> usize {
    let is_open = |value: &&Value| matches!(value, Value::NaturalKey(_));
    let fields = row.values().iter().flatten().filter(is_open).count();
    let lists = row.many_to_many().iter().flatten().flatten();
    fields + lists.filter(is_open).count()
}

/// Takes away what is not known yet. A new row that needs a value gets one that
/// stands for nothing, and is the only one of its kind.
fn leave_open(model: &Model, row: &mut Row, is_new: bool) {
    let key = row.pk().map(Value::to_string).unwrap_or_default();
    for (field, value) in model.fields().iter().zip(row.values_mut()) {
        if matches!(value, Some(Value::NaturalKey(_))) {
            let mark = format!("{} {key} {}", model.label(), field.name());
            *value = (is_new && !field.is_null()).then(|| Value::bytes(mark.into_bytes()));
        }
    }
    for keys in row.many_to_many_mut() {
        let mut values = keys.iter().flatten();
        if values.any(|value| matches!(value, Value::NaturalKey(_))) {
            *keys = None;
        }
    }
}

/// Counts a row once, however often it was written.
fn count(before: &ModelReport, report: &mut ModelReport, earlier: Option<Counted>) -> Counted {
    let now = if report.inserted > before.inserted {
        Counted::Inserted
    } else if report.updated > before.updated {
        Counted::Updated
    } else {
        Counted::Unchanged
    };
    let Some(earlier) = earlier else { return now };
    report.inserted = before.inserted;
    report.updated = before.updated;
    report.unchanged = before.unchanged;
    if (earlier, now) == (Counted::Unchanged, Counted::Updated) {
        report.unchanged = before.unchanged.saturating_sub(1);
        report.updated += 1;
        return Counted::Updated;
    }
    earlier
}

fn other_schema() -> StoreError {
    StoreError::new(StoreErrorKind::Schema, "a row of another schema")
}
