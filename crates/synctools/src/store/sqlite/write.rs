//! Rows into tables.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::error;
use super::natural::highest_key;
use super::pairs::{self, Pairs};
use super::shape::{Put, Shape, Trouble, located};
use super::unique::Displaced;
use super::value::bind;
use crate::row::Row;
use crate::schema::{FieldKind, Model, Schema};
use crate::store::natural::Waiting;
use crate::store::sql::{ident, idents};
use crate::store::{Clean, MissingFields, ModelReport, StoreError, StoreErrorKind, SyncOptions};
use crate::value::Value;

/// How many forms of rows of one model are kept prepared.
const MOST_SHAPES: usize = 32;

/// Writes the rows of one sync.
pub(super) struct Writer<'c> {
    pub(super) db: &'c Connection,
    pub(super) schema: &'c Schema,
    pub(super) options: &'c SyncOptions,
    /// By model, for those of which rows came.
    tables: Vec<Option<Box<Table<'c>>>>,
    /// The models of which rows came, in the order in which they did.
    pub(super) order: Vec<usize>,
    /// By model: the highest key of the rows that wait.
    highest: Vec<i64>,
    pub(super) displaced: Displaced<'c>,
    waiting: Option<Waiting>,
}

/// One table that is written to.
struct Table<'c> {
    model: &'c Model,
    shapes: HashMap<Box<[bool]>, Shape<'c>>,
    present: Box<[bool]>,
    /// Notes the keys that came, if that is needed later.
    received: Option<Statement<'c>>,
    /// Rows without a key were written: they make way for rows with theirs.
    made_keys: bool,
    pairs: Vec<Option<Pairs<'c>>>,
    report: ModelReport,
}

impl<'c> Writer<'c> {
    pub(super) fn new(
        db: &'c Connection,
        schema: &'c Schema,
        options: &'c SyncOptions,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            db,
            schema,
            options,
            tables: schema.models().iter().map(|_| None).collect(),
            order: Vec::new(),
            highest: vec![0; schema.models().len()],
            displaced: Displaced::new(db)?,
            waiting: Waiting::new(schema),
        })
    }

    /// The reports of the models of which rows came.
    pub(super) fn reports(&self) -> impl Iterator<Item = (usize, &ModelReport)> {
        self.order
            .iter()
            .filter_map(|at| Some((*at, &self.tables.get(*at)?.as_ref()?.report)))
    }

    /// Takes one row, and writes it unless it has to wait for others.
    pub(super) fn write(&mut self, row: &Row) -> Result<(), StoreError> {
        let at = self.table(row)?;
        let model = &self.schema.models()[at];
        if let Some(waiting) = &mut self.waiting {
            if waiting.concerns(model, row) {
                let highest = match row.pk() {
                    None => highest_key(self.db, model, self.highest[at])?,
                    Some(key) => {
                        let last = &mut self.highest[at];
                        *last = key.as_int().unwrap_or(0).max(*last);
                        None
                    }
                };
                waiting.push(model, row.clone(), highest);
                return Ok(());
            }
        }
        self.write_now(at, row).map(drop)
    }

    /// Writes the rows that have waited.
    pub(super) fn settle(&mut self) -> Result<(), StoreError> {
        match self.waiting.take() {
            Some(waiting) => waiting.settle(self),
            None => Ok(()),
        }
    }

    /// What has been counted of a model.
    pub(super) fn report(&mut self, model: &Model) -> Option<&mut ModelReport> {
        let table = self.tables.get_mut(model.id().get())?.as_mut()?;
        Some(&mut table.report)
    }

    /// Which table a row belongs to.
    fn table(&mut self, row: &Row) -> Result<usize, StoreError> {
        let model = self
            .schema
            .get(row.model())
            .map(|model| self.schema.concrete(model))
            .ok_or_else(|| StoreError::new(StoreErrorKind::Schema, "a row of another schema"))?;
        let at = model.id().get();
        if self.tables[at].is_none() {
            let table = Table::new(self.db, model, self.options)?;
            self.tables[at] = Some(Box::new(table));
            self.order.push(at);
        }
        Ok(at)
    }

    /// Writes a row into its table, and says which key it has.
    pub(super) fn write_now(&mut self, at: usize, row: &Row) -> Result<Option<Value>, StoreError> {
        match self.tables[at].as_mut() {
            Some(table) => table.write(self.db, self.options, &mut self.displaced, row),
            None => Ok(None),
        }
    }
}

/// The name of the temporary table of keys that came.
pub(super) fn received_table(model: &Model) -> String {
    format!("temp.synctools_received_{}", model.id().get())
}

/// The name of the temporary table of keys that were made here.
fn made_table(model: &Model) -> String {
    format!("temp.synctools_made_{}", model.id().get())
}

impl<'c> Table<'c> {
    fn new(
        db: &'c Connection,
        model: &'c Model,
        options: &SyncOptions,
    ) -> Result<Self, StoreError> {
        let received = match options.clean {
            Clean::No => None,
            _ => Some(prepare_received(db, model)?),
        };
        Ok(Self {
            model,
            shapes: HashMap::new(),
            present: Box::default(),
            received,
            made_keys: false,
            pairs: model.many_to_many().iter().map(|_| None).collect(),
            report: ModelReport::new(model.label().clone()),
        })
    }

    fn write(
        &mut self,
        db: &'c Connection,
        options: &SyncOptions,
        displaced: &mut Displaced<'c>,
        row: &Row,
    ) -> Result<Option<Value>, StoreError> {
        if row.values().len() != self.model.fields().len()
            || row.many_to_many().len() != self.model.many_to_many().len()
        {
            return Err(StoreError::new(
                StoreErrorKind::Schema,
                "a row of another schema",
            ));
        }
        let (made, is_new) = match row.pk() {
            Some(key) => (None, self.put(db, options, displaced, row, key)?),
            None => (Some(self.add(db, displaced, row)?), true),
        };
        let Some(key) = made.as_ref().or_else(|| row.pk()) else {
            return Ok(None);
        };
        for (field, keys) in self.model.many_to_many().iter().zip(row.many_to_many()) {
            let keys = match keys {
                Some(keys) => keys.as_slice(),
                None if options.clean == Clean::Before && field.is_serialized() => &[],
                None => continue,
            };
            let place = &mut self.pairs[field.index().get()];
            let pairs = match place {
                Some(pairs) => pairs,
                None => place.insert(Pairs::new(db, field)?),
            };
            let (added, removed) = pairs
                .set(key, keys, is_new)
                .map_err(|error| pairs::located(error, self.model, field, key))?;
            self.report.pairs_added += added;
            self.report.pairs_removed += removed;
        }
        Ok(made)
    }

    /// Writes a row with a key; true if it is new.
    fn put(
        &mut self,
        db: &'c Connection,
        options: &SyncOptions,
        displaced: &mut Displaced<'c>,
        row: &Row,
        key: &Value,
    ) -> Result<bool, StoreError> {
        self.receive(key)?;
        self.shape(db, options, row)?;
        let mut tries = 0;
        loop {
            let Some(shape) = self.shapes.get_mut(&self.present) else {
                return Err(StoreError::new(StoreErrorKind::Other, "no statements"));
            };
            match shape.put(row, key, self.model) {
                Ok(Put::Exists) if self.made_keys && is_made(db, self.model, key)? => {
                    move_away(db, self.model, key)?;
                }
                Ok(Put::Exists) => {
                    // With no other field there is nothing to compare.
                    let updated = match shape.change(row, key, self.model) {
                        Ok(updated) => updated,
                        Err(Trouble::Unique(error)) if tries < 8 => {
                            tries += 1;
                            if displaced.make_room(self.model, row, key, resets(options))? {
                                continue;
                            }
                            return Err(located(error, self.model, Some(key)));
                        }
                        Err(trouble) => return Err(trouble.located(self.model, Some(key))),
                    };
                    if updated {
                        self.report.updated += 1;
                    } else {
                        self.report.unchanged += 1;
                    }
                    return Ok(false);
                }
                Ok(Put::Inserted) => {
                    self.report.inserted += 1;
                    return Ok(true);
                }
                Err(Trouble::Unique(error)) if tries < 8 => {
                    tries += 1;
                    if !displaced.make_room(self.model, row, key, true)? {
                        return Err(located(error, self.model, Some(key)));
                    }
                }
                Err(trouble) => return Err(trouble.located(self.model, Some(key))),
            }
        }
    }

    /// Writes a row without a key, and says which it got.
    fn add(
        &mut self,
        db: &'c Connection,
        displaced: &mut Displaced<'c>,
        row: &Row,
    ) -> Result<Value, StoreError> {
        let model = self.model;
        let pk = model.pk();
        let uuid = match pk.kind() {
            FieldKind::Uuid if pk.relation().is_none() => Some(make_uuid(db)?),
            kind if kind.is_integer() && pk.relation().is_none() => None,
            _ => {
                return Err(StoreError::new(
                    StoreErrorKind::NotNull,
                    "a row without a key, and the database makes none of this kind",
                )
                .with_model(model.label().clone())
                .with_field(pk.name()));
            }
        };
        let mut columns = Vec::new();
        let mut values = Vec::new();
        if let Some(uuid) = &uuid {
            columns.push(pk.column());
            values.push(uuid.clone());
        }
        for (field, value) in model.fields().iter().zip(row.values()) {
            let value = match value {
                _ if field.is_primary_key() => continue,
                Some(value) => value.clone(),
                None => match field.missing() {
                    Value::Null => continue,
                    value => value,
                },
            };
            columns.push(field.column());
            values.push(value);
        }
        let table = ident(model.table());
        let sql = if columns.is_empty() {
            format!("INSERT INTO {table} DEFAULT VALUES")
        } else {
            let places = vec!["?"; columns.len()].join(", ");
            format!(
                "INSERT INTO {table} ({}) VALUES ({places})",
                idents(columns)
            )
        };
        let mut statement = db.prepare_cached(&sql)?;
        let mut tries = 0;
        loop {
            for (at, value) in values.iter().enumerate() {
                bind(&mut statement, at + 1, value)
                    .map_err(|error| error.with_model(model.label().clone()))?;
            }
            match statement.raw_execute() {
                Ok(_) => break,
                Err(error) if error::is_unique(&error) && tries < 8 => {
                    tries += 1;
                    if !displaced.make_room(model, row, &Value::Null, true)? {
                        return Err(located(error, model, None));
                    }
                }
                Err(error) => return Err(located(error, model, None)),
            }
        }
        let key = uuid.unwrap_or_else(|| Value::Int(db.last_insert_rowid()));
        if !self.made_keys {
            self.made_keys = true;
            db.execute_batch(&format!(
                "CREATE TEMP TABLE IF NOT EXISTS {} (pk PRIMARY KEY) WITHOUT ROWID",
                made_table(model).trim_start_matches("temp.")
            ))?;
        }
        let mut note =
            db.prepare_cached(&format!("INSERT INTO {} VALUES (?1)", made_table(model)))?;
        bind(&mut note, 1, &key)?;
        note.raw_execute()?;
        self.receive(&key)?;
        self.report.inserted += 1;
        Ok(key)
    }

    fn receive(&mut self, key: &Value) -> Result<(), StoreError> {
        if let Some(statement) = &mut self.received {
            bind(statement, 1, key)?;
            statement.raw_execute()?;
        }
        Ok(())
    }

    /// Has the statements for rows with the fields of this one.
    fn shape(
        &mut self,
        db: &'c Connection,
        options: &SyncOptions,
        row: &Row,
    ) -> Result<(), StoreError> {
        let same = self.present.len() == row.values().len()
            && self
                .present
                .iter()
                .zip(row.values())
                .all(|(present, value)| *present == value.is_some());
        if same && !self.shapes.is_empty() {
            return Ok(());
        }
        self.present = row.values().iter().map(Option::is_some).collect();
        if !self.shapes.contains_key(&self.present) {
            if self.shapes.len() >= MOST_SHAPES {
                self.shapes.clear();
            }
            let shape = Shape::new(db, self.model, options, &self.present)?;
            self.shapes.insert(self.present.clone(), shape);
        }
        Ok(())
    }
}

/// Whether fields that a row came without get their defaults also where the
/// row is there already.
pub(super) fn resets(options: &SyncOptions) -> bool {
    options.missing_fields == MissingFields::DjangoDefaults || options.clean == Clean::Before
}

fn prepare_received<'c>(db: &'c Connection, model: &Model) -> Result<Statement<'c>, StoreError> {
    let table = received_table(model);
    // Keys compare as they do in the table itself.
    let declared = if model.pk().kind().is_integer() {
        "(pk INTEGER PRIMARY KEY)"
    } else {
        "(pk TEXT PRIMARY KEY) WITHOUT ROWID"
    };
    db.execute_batch(&format!(
        "CREATE TEMP TABLE IF NOT EXISTS {} {declared}",
        table.trim_start_matches("temp.")
    ))?;
    Ok(db.prepare(&format!("INSERT OR IGNORE INTO {table} VALUES (?1)"))?)
}

/// Makes the table of keys that came for a model of which none came.
pub(super) fn receive_nothing(db: &Connection, model: &Model) -> Result<(), StoreError> {
    prepare_received(db, model).map(drop)
}

fn is_made(db: &Connection, model: &Model, key: &Value) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT 1 FROM {} WHERE pk = ?1",
        made_table(model)
    ))?;
    bind(&mut find, 1, key)?;
    Ok(find.raw_query().next()?.is_some())
}

/// Gives the row that was written without a key, and got this one, another.
fn move_away(db: &Connection, model: &Model, key: &Value) -> Result<(), StoreError> {
    let (table, pk) = (ident(model.table()), ident(model.pk().column()));
    let Value::Int(key) = *key else {
        return Err(StoreError::new(
            StoreErrorKind::Unique,
            "a key that was made at random came as well",
        )
        .with_model(model.label().clone()));
    };
    let next: i64 = db
        .query_row(&format!("SELECT max({pk}) + 1 FROM {table}"), [], |row| {
            row.get(0)
        })
        .optional()?
        .ok_or_else(|| StoreError::new(StoreErrorKind::Unique, "no key is left"))?;
    db.execute(
        &format!("UPDATE {table} SET {pk} = ?2 WHERE {pk} = ?1"),
        [key, next],
    )?;
    let made = made_table(model);
    db.execute(
        &format!("UPDATE {made} SET pk = ?2 WHERE pk = ?1"),
        [key, next],
    )?;
    for field in model.many_to_many().iter().filter(|f| f.is_serialized()) {
        let (through, from) = (ident(field.table()), ident(field.from_column()));
        db.execute(
            &format!("UPDATE {through} SET {from} = ?2 WHERE {from} = ?1"),
            [key, next],
        )?;
        if field.is_symmetrical() {
            let to = ident(field.to_column());
            db.execute(
                &format!("UPDATE {through} SET {to} = ?2 WHERE {to} = ?1"),
                [key, next],
            )?;
        }
    }
    Ok(())
}

/// A random UUID, by the generator of the database.
fn make_uuid(db: &Connection) -> Result<Value, StoreError> {
    let mut bytes: [u8; 16] = db.query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(Value::Uuid(crate::value::Uuid::from_bytes(bytes)))
}
