//! What the behaviours are written with.

use std::fmt::Debug;
use std::sync::Arc;

pub(super) use sync_core::kit::{Outcome, Violation, same};

use super::super::{
    Clean, Query, Snapshot, Store, StoreError, StoreErrorKind, StoreReport, SyncOptions,
    SyncTransaction,
};
use super::tables;
use crate::row::Row;
use crate::schema::{DecodeOptions, Decoded, Decoder, Label, Model, Schema};
use crate::value::Value;
use crate::wire::{Reader, ReaderOptions};

/// Insists on an error.
pub(super) fn refused<T: Debug>(
    what: &str,
    result: Result<T, StoreError>,
    kind: StoreErrorKind,
) -> Outcome<StoreError> {
    match result {
        Err(error) if error.kind() == kind => Ok(error),
        other => Err(Violation(format!("{what}: {other:?} instead of {kind:?}"))),
    }
}

/// Insists on what an error is about.
pub(super) fn names(
    error: &StoreError,
    model: &str,
    pk: Option<&str>,
    field: Option<&str>,
    value: Option<&str>,
) -> Outcome {
    let is = (
        error.model().map(Label::model_name),
        error.pk(),
        error.field(),
        error.value(),
    );
    same(
        "what the error names",
        &is,
        &(Some(model), pk, field, value),
    )
}

/// The store under test.
pub(super) struct Context {
    pub(super) store: Arc<dyn Store>,
    pub(super) schema: Schema,
}

impl Context {
    pub(super) fn new(store: Arc<dyn Store>) -> Outcome<Self> {
        let schema = tables::schema().map_err(|error| Violation(error.to_string()))?;
        Ok(Self { store, schema })
    }

    /// Rows from lines: the model, the key, and the fields as the wire has
    /// them.
    pub(super) fn rows(&self, lines: &str) -> Outcome<Vec<Row>> {
        let mut body = String::from("[");
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut parts = line.splitn(3, ' ');
            let (Some(model), Some(pk), Some(fields)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(Violation(format!("not a row: {line}")));
            };
            if body.len() > 1 {
                body.push_str(", ");
            }
            body.push_str(&format!(
                r#"{{"model": "kit.{model}", "pk": {pk}, "fields": {fields}}}"#
            ));
        }
        body.push(']');
        let mut reader = Reader::new(ReaderOptions::new());
        let mut decoder = Decoder::new(&self.schema, DecodeOptions::new());
        reader.push(body.as_bytes());
        reader.end();
        let mut rows = Vec::new();
        let wrong = |error: &dyn std::fmt::Display| Violation(format!("{error}: {body}"));
        while let Some(object) = reader.next_object().map_err(|error| wrong(&error))? {
            match decoder.decode(&object).map_err(|error| wrong(&error))? {
                Decoded::Row(row) => rows.push(row),
                _ => return Err(Violation(format!("no row: {body}"))),
            }
        }
        Ok(rows)
    }

    pub(super) async fn begin(
        &self,
        options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        self.store.begin(&self.schema, options).await
    }

    /// A sync of these lines, in small batches.
    pub(super) async fn try_sync(
        &self,
        options: SyncOptions,
        lines: &str,
    ) -> Outcome<Result<StoreReport, StoreError>> {
        let mut rows = self.rows(lines)?.into_iter().peekable();
        let mut sync = self.begin(options).await?;
        while rows.peek().is_some() {
            if let Err(error) = sync.write(rows.by_ref().take(2).collect()).await {
                return Ok(Err(error));
            }
        }
        Ok(sync.finish().await)
    }

    pub(super) async fn sync_with(
        &self,
        options: SyncOptions,
        lines: &str,
    ) -> Outcome<StoreReport> {
        Ok(self.try_sync(options, lines).await??)
    }

    pub(super) async fn sync(&self, lines: &str) -> Outcome<StoreReport> {
        self.sync_with(SyncOptions::new(), lines).await
    }

    /// A sync that removes what did not come.
    pub(super) async fn clean(&self, lines: &str) -> Outcome<StoreReport> {
        self.sync_with(SyncOptions::new().clean(Clean::Stale), lines)
            .await
    }

    pub(super) fn label(&self, model: &str) -> Outcome<Label> {
        let model = self.model(model)?;
        Ok(model.label().clone())
    }

    pub(super) fn model(&self, model: &str) -> Outcome<&Model> {
        let label = format!("kit.{model}");
        let model = self.schema.model(&label);
        model.ok_or_else(|| Violation(format!("no model {label}")))
    }

    pub(super) async fn snapshot(&self) -> Outcome<Box<dyn Snapshot>> {
        Ok(self.store.snapshot(&self.schema).await?)
    }

    pub(super) fn query(&self, model: &str) -> Outcome<Query> {
        Ok(Query::model(self.label(model)?))
    }

    /// Insists on the rows of a model: the key and some fields, or lists in
    /// any order.
    pub(super) async fn has(&self, model: &str, fields: &[&str], expected: &[&str]) -> Outcome {
        let mut snapshot = self.snapshot().await?;
        let query = self.query(model)?;
        self.gives(&mut *snapshot, query, fields, expected).await
    }

    /// The rows of a model, as [`has`](Self::has) wants them.
    pub(super) async fn shown(&self, model: &str, fields: &[&str]) -> Outcome<Vec<String>> {
        let mut snapshot = self.snapshot().await?;
        let rows = read(&mut *snapshot, self.query(model)?).await?;
        let model = self.model(model)?;
        rows.iter().map(|row| show(model, row, fields)).collect()
    }

    /// Insists on the rows of a query.
    pub(super) async fn gives(
        &self,
        snapshot: &mut dyn Snapshot,
        query: Query,
        fields: &[&str],
        expected: &[&str],
    ) -> Outcome {
        let model = self.model(query.model.model_name())?;
        let what = format!("rows of {model}", model = model.label());
        let rows = read(snapshot, query).await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in &rows {
            shown.push(show(model, row, fields)?);
        }
        let expected: Vec<String> = expected.iter().map(|row| (*row).to_owned()).collect();
        same(&what, &shown, &expected)
    }

    /// Insists on how many rows of a model were inserted, updated, unchanged
    /// and deleted.
    pub(super) fn counted(
        &self,
        report: &StoreReport,
        model: &str,
        expected: (u64, u64, u64, u64),
    ) -> Outcome {
        let label = self.label(model)?;
        let counts = report.model(&label).map_or((0, 0, 0, 0), |report| {
            (
                report.inserted,
                report.updated,
                report.unchanged,
                report.deleted,
            )
        });
        same(&format!("counts of {label}"), &counts, &expected)
    }

    /// Insists on how many pairs of a model were added and removed.
    pub(super) fn paired(
        &self,
        report: &StoreReport,
        model: &str,
        expected: (u64, u64),
    ) -> Outcome {
        let label = self.label(model)?;
        let counts = report
            .model(&label)
            .map_or((0, 0), |report| (report.pairs_added, report.pairs_removed));
        same(&format!("pairs of {label}"), &counts, &expected)
    }
}

/// All rows of a query.
pub(super) async fn read(snapshot: &mut dyn Snapshot, query: Query) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    snapshot.select(query).await?;
    while let Some(batch) = snapshot.next().await? {
        if batch.is_empty() {
            return Err(Violation("an empty batch".into()));
        }
        rows.extend(batch);
    }
    Ok(rows)
}

fn show(model: &Model, row: &Row, fields: &[&str]) -> Outcome<String> {
    let pk = row.pk().map(Value::to_string).unwrap_or_default();
    let mut shown = vec![pk];
    for name in fields {
        if let Some(value) = row.get_named(model, name) {
            shown.push(value.to_string());
            continue;
        }
        let keys = model
            .many_to_many_named(name)
            .and_then(|field| row.related(field.index()));
        let Some(keys) = keys else {
            return Err(Violation(format!("a row without {name}: {row:?}")));
        };
        let mut keys: Vec<String> = keys.iter().map(Value::to_string).collect();
        keys.sort();
        shown.push(format!("[{}]", keys.join(" ")));
    }
    Ok(shown.join(" "))
}
