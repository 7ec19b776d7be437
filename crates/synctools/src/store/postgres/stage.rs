//! Rows on their way into temporary tables, by `COPY`.
//!
//! Each model has a temporary table with the columns of its own, and so has
//! each many-to-many field. A connection can copy into one table at a time, so
//! rows of the others are kept until there are enough of them.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio_postgres::CopyInSink;

use super::catalog::{self, Column};
use super::keys::{Form, refers_by_natural_key};
use super::link::Link;
use super::value;
use crate::row::Row;
use crate::schema::{Model, Schema};
use crate::store::sql::{ident, idents};
use crate::store::{Clean, StoreError, StoreErrorKind, SyncOptions};
use crate::value::Value;

/// How much is sent at once.
const PIECE: usize = 64 * 1024;
/// How much is kept for a table that is not the one being copied into.
const KEPT: usize = 256 * 1024;
/// After how much a `COPY` is ended, so that what went wrong can be found.
const COPY: usize = 1024 * 1024;

/// The temporary tables of one sync.
pub(super) struct Stage {
    pub(super) schema: Schema,
    pub(super) tables: Vec<Option<Table>>,
    /// The models of which rows came, in the order in which they did.
    pub(super) order: Vec<usize>,
    pub(super) number: u64,
    open: Option<Open>,
    /// Which kinds of natural keys came, by their numbers.
    pub(super) forms: Vec<Form>,
    pub(super) keys: Buffer,
}

/// The rows of one model.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Which fields rows have: one entry for each combination that came.
    pub(super) shapes: Vec<Shape>,
    last_shape: usize,
    last_key: Option<Value>,
    /// Every key was greater than the one before: none came twice.
    pub(super) ascending: bool,
    /// There are rows without a key.
    pub(super) has_new: bool,
    buffer: Buffer,
    pub(super) pairs: Vec<Option<Pairs>>,
}

/// Rows with the same fields.
pub(super) struct Shape {
    pub(super) present: Box<[bool]>,
    pub(super) rows: u64,
}

/// The lists of one many-to-many field.
pub(super) struct Pairs {
    pub(super) name: String,
    buffer: Buffer,
}

#[derive(Default)]
pub(super) struct Buffer(pub(super) Vec<u8>);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Rows(usize),
    Pairs(usize, usize),
    Keys,
}

/// A `COPY` that has begun.
struct Open {
    target: Target,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    sent: Vec<Bytes>,
    bytes: usize,
}

impl Stage {
    pub(super) fn new(schema: &Schema) -> Self {
        Self {
            schema: schema.clone(),
            tables: schema.models().iter().map(|_| None).collect(),
            order: Vec::new(),
            number: 0,
            open: None,
            forms: Vec::new(),
            keys: Buffer::default(),
        }
    }

    /// Takes one row.
    pub(super) async fn write(
        &mut self,
        link: &Link,
        options: &SyncOptions,
        row: &Row,
    ) -> Result<(), StoreError> {
        let schema = self.schema.clone();
        let other = || StoreError::new(StoreErrorKind::Schema, "a row of another schema");
        let model = schema.get(row.model()).ok_or_else(other)?;
        let model = schema.concrete(model);
        if row.values().len() != model.fields().len()
            || row.many_to_many().len() != model.many_to_many().len()
        {
            return Err(other());
        }
        let at = model.id().get();
        if self.tables[at].is_none() {
            self.begin_table(link, model).await?;
        }
        for field in model.many_to_many() {
            let wanted = row.related(field.index()).is_some()
                || options.clean == Clean::Before && field.is_serialized();
            if wanted {
                self.begin_pairs(link, model, field.index().get()).await?;
            }
        }
        self.number += 1;
        let full: Row;
        let row = match self.with_natural_key(row) {
            Some(row) => {
                full = row;
                &full
            }
            None => row,
        };
        if refers_by_natural_key(row) {
            self.push_keys(link, model, row).await?;
        }
        let Some(table) = &mut self.tables[at] else {
            return Ok(());
        };
        table.push(self.number, model, options, row)?;
        let full = table.buffer.0.len();
        self.flush_if_full(link, Target::Rows(at), full).await?;
        for pairs in 0..model.many_to_many().len() {
            let table = self.tables[at].as_ref();
            let full = table.and_then(|table| table.pairs[pairs].as_ref());
            let full = full.map_or(0, |pairs| pairs.buffer.0.len());
            self.flush_if_full(link, Target::Pairs(at, pairs), full)
                .await?;
        }
        Ok(())
    }

    async fn begin_table(&mut self, link: &Link, model: &Model) -> Result<(), StoreError> {
        // Nothing else can be asked while a `COPY` is open.
        self.close().await?;
        let at = model.id().get();
        let located = |error: StoreError| error.with_model(model.label().clone());
        let columns = catalog::columns(link, model.table())
            .await
            .map_err(located)?;
        let name = format!("synctools_rows_{at}");
        let names = idents(model.fields().iter().map(|field| field.column()));
        link.run(&format!(
            "CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT NULL::bigint AS synctools_n, \
             NULL::integer AS synctools_m, {names} FROM {} WITH NO DATA",
            ident(model.table())
        ))
        .await
        .map_err(|error| located(error.into()))?;
        self.order.push(at);
        self.tables[at] = Some(Table {
            name,
            columns,
            shapes: Vec::new(),
            last_shape: 0,
            last_key: None,
            ascending: true,
            has_new: false,
            buffer: Buffer::default(),
            pairs: model.many_to_many().iter().map(|_| None).collect(),
        });
        Ok(())
    }

    async fn begin_pairs(
        &mut self,
        link: &Link,
        model: &Model,
        at: usize,
    ) -> Result<(), StoreError> {
        let table = self.tables[model.id().get()].as_ref();
        if table.is_none_or(|table| table.pairs[at].is_some()) {
            return Ok(());
        }
        let field = &model.many_to_many()[at];
        let located = |error: StoreError| {
            let error = error.with_model(model.label().clone());
            error.with_field(field.name())
        };
        if !field.is_serialized() {
            return Err(located(StoreError::new(
                StoreErrorKind::Unsupported,
                "a list of a many-to-many field whose table is a model of its own",
            )));
        }
        self.close().await?;
        let name = format!("synctools_pairs_{}_{at}", model.id().get());
        link.run(&format!(
            "CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT NULL::bigint AS n, \
             {} AS owner, NULL::integer AS pos, {} AS target FROM {} WITH NO DATA",
            ident(field.from_column()),
            ident(field.to_column()),
            ident(field.table())
        ))
        .await
        .map_err(|error| located(error.into()))?;
        if let Some(table) = &mut self.tables[model.id().get()] {
            table.pairs[at] = Some(Pairs {
                name,
                buffer: Buffer::default(),
            });
        }
        Ok(())
    }

    pub(super) async fn flush_if_full(
        &mut self,
        link: &Link,
        target: Target,
        bytes: usize,
    ) -> Result<(), StoreError> {
        let is_open = self.open.as_ref().is_some_and(|open| open.target == target);
        let most = if is_open || self.open.is_none() {
            PIECE
        } else {
            KEPT
        };
        if bytes >= most {
            self.flush(link, target).await?;
        }
        Ok(())
    }

    /// Sends everything that is left.
    pub(super) async fn finish(&mut self, link: &Link) -> Result<(), StoreError> {
        for at in 0..self.tables.len() {
            let pairs = match &self.tables[at] {
                Some(table) => table.pairs.len(),
                None => continue,
            };
            self.flush(link, Target::Rows(at)).await?;
            for pairs in 0..pairs {
                self.flush(link, Target::Pairs(at, pairs)).await?;
            }
        }
        self.flush(link, Target::Keys).await?;
        self.close().await
    }

    async fn flush(&mut self, link: &Link, target: Target) -> Result<(), StoreError> {
        let place = match target {
            Target::Keys => Some(("synctools_keys", &mut self.keys)),
            Target::Rows(at) => {
                let table = self.tables[at].as_mut();
                table.map(|table| (table.name.as_str(), &mut table.buffer))
            }
            Target::Pairs(at, pairs) => {
                let table = self.tables[at].as_mut();
                let pairs = table.and_then(|table| table.pairs[pairs].as_mut());
                pairs.map(|pairs| (pairs.name.as_str(), &mut pairs.buffer))
            }
        };
        let Some((name, buffer)) = place.filter(|(_, buffer)| !buffer.0.is_empty()) else {
            return Ok(());
        };
        let name = name.to_owned();
        let piece = Bytes::from(std::mem::replace(
            &mut buffer.0,
            Vec::with_capacity(PIECE + PIECE / 4),
        ));
        if self.open.as_ref().is_some_and(|open| open.target != target) {
            self.close().await?;
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let sql = format!("COPY {name} FROM STDIN");
                let sink = link.client.copy_in::<str, Bytes>(&sql).await?;
                self.open.insert(Open {
                    target,
                    sink: Box::pin(sink),
                    sent: Vec::new(),
                    bytes: 0,
                })
            }
        };
        open.bytes += piece.len();
        open.sent.push(piece.clone());
        let sent = open.sink.send(piece).await;
        let full = open.bytes >= COPY;
        // What was wrong is said at the end.
        if sent.is_err() || full {
            self.close().await?;
        }
        sent.map_err(StoreError::from)
    }

    /// Ends the `COPY` that is open.
    pub(super) async fn close(&mut self) -> Result<(), StoreError> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        match open.sink.as_mut().finish().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let context = error
                    .as_db_error()
                    .and_then(|error| error.where_())
                    .map(str::to_owned);
                let error = StoreError::from(error);
                Err(match context {
                    Some(context) => open.locate(error, &context, &self.schema),
                    None => error,
                })
            }
        }
    }
}

impl Open {
    /// Finds the row that a message is about: `COPY name, line 3, column slug`.
    fn locate(&self, error: StoreError, context: &str, schema: &Schema) -> StoreError {
        // What the type itself says stands in lines of its own before.
        let context = context.lines().find(|line| line.starts_with("COPY "));
        let mut parts = context.unwrap_or_default().split(", ");
        let line = parts
            .find_map(|part| part.strip_prefix("line "))
            .and_then(|line| {
                let digits = line.split(|c: char| !c.is_ascii_digit()).next()?;
                digits.parse::<usize>().ok()
            });
        let name = parts
            .next()
            .and_then(|part| part.strip_prefix("column "))
            .map(|rest| rest.split(':').next().unwrap_or(rest));
        let at = match self.target {
            Target::Rows(at) | Target::Pairs(at, _) => at,
            Target::Keys => return error,
        };
        let Some(model) = schema.models().get(at) else {
            return error;
        };
        let row = line.and_then(|line| {
            let lines = self
                .sent
                .iter()
                .flat_map(|piece| piece.split(|b| *b == b'\n'));
            lines.filter(|line| !line.is_empty()).nth(line - 1)
        });
        let column = |at: usize| {
            let text = row?.split(|byte| *byte == b'\t').nth(at)?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        let mut error = error.with_model(model.label().clone());
        match self.target {
            Target::Rows(_) => {
                let field = name.and_then(|name| {
                    let mut fields = model.fields().iter();
                    fields.find(|field| field.column() == name)
                });
                if let Some(pk) = column(model.pk_index().get() + 2) {
                    error = error.with_pk(pk);
                }
                if let Some(field) = field {
                    error = error.with_field(field.name());
                    if let Some(value) = column(field.index().get() + 2) {
                        error = error.with_value(format!("{value:?}"));
                    }
                }
            }
            Target::Keys => {}
            Target::Pairs(_, pairs) => {
                error = error.with_field(model.many_to_many()[pairs].name());
                if let Some(pk) = column(1) {
                    error = error.with_pk(pk);
                }
            }
        }
        error
    }
}

impl Table {
    fn push(
        &mut self,
        number: u64,
        model: &Model,
        options: &SyncOptions,
        row: &Row,
    ) -> Result<(), StoreError> {
        let shape = self.shape(row);
        match row.pk() {
            None => self.has_new = true,
            Some(key) => {
                if self.ascending {
                    self.ascending = match &self.last_key {
                        None => true,
                        Some(last) => is_greater(key, last),
                    };
                    if self.ascending {
                        self.last_key = Some(key.clone());
                    }
                }
            }
        }
        let out = &mut self.buffer.0;
        push_number(out, number);
        push_number(out, shape as u64);
        for (field, stored) in model.fields().iter().zip(row.values()) {
            if let Some(stored) = stored {
                value::copy(stored, out).map_err(|error| {
                    let error = error.with_model(model.label().clone());
                    let error = error.with_field(field.name());
                    match row.pk() {
                        Some(key) => error.with_pk(key.to_string()),
                        None => error,
                    }
                })?;
            } else {
                out.extend_from_slice(b"\\N");
            }
            out.push(b'\t');
        }
        if let Some(last) = out.last_mut() {
            *last = b'\n';
        }
        for (field, pairs) in model.many_to_many().iter().zip(&mut self.pairs) {
            let keys = match row.related(field.index()) {
                Some(keys) => keys,
                None if options.clean == Clean::Before && field.is_serialized() => &[],
                None => continue,
            };
            let Some(pairs) = pairs else { continue };
            let out = &mut pairs.buffer.0;
            let none = Value::Null;
            // The first line says that there is a list, also an empty one.
            for (place, target) in std::iter::once(&none).chain(keys).enumerate() {
                push_number(out, number);
                value::copy(row.pk().unwrap_or(&Value::Null), out)?;
                out.push(b'\t');
                push_number(out, place as u64);
                value::copy(target, out)?;
                out.push(b'\n');
            }
        }
        Ok(())
    }

    /// Which of the shapes a row has.
    fn shape(&mut self, row: &Row) -> usize {
        let has = |shape: &Shape| {
            let mut pairs = shape.present.iter().zip(row.values());
            pairs.all(|(present, value)| *present == value.is_some())
        };
        let known = self.shapes.get(self.last_shape).is_some_and(has);
        if !known {
            self.last_shape = match self.shapes.iter().position(has) {
                Some(at) => at,
                None => {
                    self.shapes.push(Shape {
                        present: row.values().iter().map(Option::is_some).collect(),
                        rows: 0,
                    });
                    self.shapes.len() - 1
                }
            };
        }
        self.shapes[self.last_shape].rows += 1;
        self.last_shape
    }
}

pub(super) fn push_number(out: &mut Vec<u8>, number: u64) {
    use std::io::Write as _;
    // A `Vec` takes every byte.
    let _ = write!(out, "{number}\t");
}

/// Whether a key is surely greater than the one before it.
fn is_greater(key: &Value, last: &Value) -> bool {
    match (key, last) {
        (Value::Int(key), Value::Int(last)) => key > last,
        (Value::Uuid(key), Value::Uuid(last)) => key > last,
        (Value::Text(key), Value::Text(last)) => key > last,
        _ => false,
    }
}
