//! One sync: rows come through a channel to a thread that writes them.

use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::check::Violations;
use super::write::{Writer, receive_nothing};
use super::{SqliteOptions, catalog, clean, introspect};
use crate::schema::{Model, Schema};
use crate::store::worker::{BATCHES, Command, RemoteSync};
use crate::store::{Clean, ModelReport, StoreError, StoreErrorKind, StoreReport, SyncOptions};

/// Starts the thread that writes a sync, and begins there.
pub(super) async fn begin(
    store: &SqliteOptions,
    schema: &Schema,
    options: SyncOptions,
) -> Result<RemoteSync, StoreError> {
    let (commands, queue) = mpsc::channel(BATCHES);
    let (begun, is_begun) = oneshot::channel();
    let (end, result) = oneshot::channel();
    let (store, schema) = (store.clone(), schema.clone());
    thread::Builder::new()
        .name("synctools-sqlite".into())
        .spawn(move || {
            let _ = end.send(run(&store, &schema, &options, queue, begun));
        })
        .map_err(|error| {
            StoreError::new(StoreErrorKind::Io, "no thread can be started").with_source(error)
        })?;
    let mut sync = RemoteSync::new(commands, result);
    match is_begun.await {
        Ok(()) => Ok(sync),
        Err(_) => Err(sync.failed().await),
    }
}

fn run(
    store: &SqliteOptions,
    schema: &Schema,
    options: &SyncOptions,
    mut queue: mpsc::Receiver<Command>,
    begun: oneshot::Sender<()>,
) -> Result<StoreReport, StoreError> {
    let db = store.open_writer()?;
    // Labels are looked up before anything is written.
    crate::store::lookup::cleaned(schema, options, &[])?;
    db.execute_batch("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON")?;
    let _ = begun.send(());
    let mut writer = Writer::new(&db, schema, options)?;
    loop {
        match queue.blocking_recv() {
            Some(Command::Rows(rows)) => {
                for row in &rows {
                    writer.write(row)?;
                }
            }
            Some(Command::Finish) => break,
            // Closing the connection takes everything back.
            None => {
                return Err(StoreError::new(
                    StoreErrorKind::Closed,
                    "the sync was ended before it was finished",
                ));
            }
        }
    }
    writer.settle()?;
    finish(&writer)
}

fn finish(writer: &Writer<'_>) -> Result<StoreReport, StoreError> {
    let (db, schema, options) = (writer.db, writer.schema, writer.options);
    let mut report = StoreReport {
        models: writer.reports().map(|(_, report)| report.clone()).collect(),
        references: Vec::new(),
        dry_run: options.dry_run,
    };
    let came: Vec<(usize, u64)> = writer
        .reports()
        .map(|(at, report)| (at, report.inserted))
        .collect();
    if let Clean::Tables(labels) = &options.clean {
        for label in labels {
            let model = schema
                .model(label.as_str())
                .map(|model| schema.concrete(model));
            if let Some(model) = model {
                receive_nothing(db, model)?;
            }
        }
    }
    let removed = clean::clean(db, schema, options, &came)?;
    for (at, count) in removed.rows {
        add(&mut report, schema, at, |report| report.deleted += count);
    }
    for (at, count) in removed.pairs {
        add(&mut report, schema, at, |report| {
            report.pairs_removed += count
        });
    }
    report.references = removed.references;

    let touched: Vec<&Model> = report
        .models
        .iter()
        .filter_map(|report| schema.model(report.model.as_str()))
        .collect();
    writer.displaced.check(touched.iter().copied())?;
    if options.reset_sequences {
        reset_sequences(db, &touched)?;
    }
    if options.dry_run {
        let violations = Violations::find(db, schema, tables(db, &touched)?)?;
        db.execute_batch("ROLLBACK")?;
        if !violations.is_empty() {
            if let Some(error) = violations.new_since(db)? {
                return Err(error);
            }
        }
        return Ok(report);
    }
    match db.execute_batch("COMMIT") {
        Ok(()) => Ok(report),
        Err(error) => {
            let error = StoreError::from(error);
            if error.kind() != StoreErrorKind::ForeignKey {
                return Err(error);
            }
            let violations = Violations::find(db, schema, tables(db, &touched)?)?;
            db.execute_batch("ROLLBACK")?;
            Err(violations.new_since(db)?.unwrap_or(error))
        }
    }
}

fn add(
    report: &mut StoreReport,
    schema: &Schema,
    model: usize,
    change: impl FnOnce(&mut ModelReport),
) {
    let Some(label) = schema.models().get(model).map(Model::label) else {
        return;
    };
    match report
        .models
        .iter_mut()
        .find(|report| report.model == *label)
    {
        Some(report) => change(report),
        None => {
            let mut new = ModelReport::new(label.clone());
            change(&mut new);
            if new.changed() {
                report.models.push(new);
            }
        }
    }
}

/// The tables whose references may be broken now: those that were written to
/// first, and then those that refer to them.
fn tables(db: &Connection, touched: &[&Model]) -> Result<Vec<String>, StoreError> {
    let mut tables: Vec<String> = Vec::new();
    for model in touched {
        tables.push(model.table().to_owned());
        let pairs = model.many_to_many().iter().filter(|f| f.is_serialized());
        tables.extend(pairs.map(|field| field.table().to_owned()));
    }
    let written = tables.len();
    for table in catalog::tables(db)? {
        let refers = catalog::references(db, &table)?.iter().any(|reference| {
            tables[..written]
                .iter()
                .any(|parent| parent.eq_ignore_ascii_case(&reference.parent))
        });
        if refers
            && !tables
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&table))
        {
            tables.push(table);
        }
    }
    Ok(tables)
}

/// Sets the counters of tables that have one to their highest keys.
fn reset_sequences(db: &Connection, touched: &[&Model]) -> Result<(), StoreError> {
    use crate::store::sql::ident;

    let mut counted: Vec<(&str, &str)> = Vec::new();
    for model in touched {
        if model.pk().kind().is_integer() {
            counted.push((model.table(), model.pk().column()));
        }
        let pairs = model.many_to_many().iter().filter(|f| f.is_serialized());
        counted.extend(pairs.map(|field| (field.table(), "id")));
    }
    for (table, column) in counted {
        let definition = catalog::definition(db, table)?.unwrap_or_default();
        if !introspect::is_autoincrement(&definition) {
            continue;
        }
        db.execute(
            &format!(
                "UPDATE sqlite_sequence SET seq = (SELECT coalesce(max({}), 0) FROM {}) \
                 WHERE lower(name) = lower(?1)",
                ident(column),
                ident(table)
            ),
            [table],
        )?;
    }
    Ok(())
}
