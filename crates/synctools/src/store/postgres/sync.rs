//! One sync: rows come through a channel to a task that copies them to the
//! server, and are written to their tables when all are there.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::catalog::{self, ForeignKey};
use super::clean::Postgres;
use super::link::{Link, Server};
use super::stage::{Stage, Table};
use super::upsert::Upsert;
use super::{check, natural, pairs, sequences};
use crate::schema::{Model, Schema};
use crate::store::clean::{self, Cleaned, Cleaning, Doomed};
use crate::store::sql::ident;
use crate::store::worker::{BATCHES, Command, RemoteSync};
use crate::store::{ModelReport, StoreError, StoreErrorKind, StoreReport, SyncOptions, lookup};

/// Syncs come one after the other: two at once would wait for each other's
/// rows in any order.
const LOCK: i64 = 0x73796e63_746f6f6c;

/// Begins a sync on a connection of its own.
pub(super) async fn begin(
    server: &Arc<Server>,
    schema: &Schema,
    options: SyncOptions,
) -> Result<RemoteSync, StoreError> {
    lookup::cleaned(schema, &options, &[])?;
    let link = server.connect().await?;
    link.run("BEGIN; SET CONSTRAINTS ALL DEFERRED").await?;
    link.run(&format!("SELECT pg_advisory_xact_lock({LOCK})"))
        .await?;
    let (commands, queue) = mpsc::channel(BATCHES);
    let (end, result) = oneshot::channel();
    let (server, schema) = (Arc::clone(server), schema.clone());
    tokio::spawn(async move {
        let _ = end.send(run(server, link, schema, options, queue).await);
    });
    Ok(RemoteSync::new(commands, result))
}

async fn run(
    server: Arc<Server>,
    link: Link,
    schema: Schema,
    options: SyncOptions,
    mut queue: mpsc::Receiver<Command>,
) -> Result<StoreReport, StoreError> {
    let mut stage = Stage::new(&schema);
    loop {
        match queue.recv().await {
            Some(Command::Rows(rows)) => {
                for row in &rows {
                    stage.write(&link, &options, row).await?;
                }
            }
            Some(Command::Finish) => break,
            None => {
                // A `COPY` may be open: without the connection the server takes
                // back everything. Waiting for it is what `rollback` promises.
                drop(stage);
                let _ = link.run("ROLLBACK").await;
                return Err(StoreError::new(
                    StoreErrorKind::Closed,
                    "the sync was ended before it was finished",
                ));
            }
        }
    }
    stage.finish(&link).await?;
    natural::resolve(&link, &schema, &options, &mut stage).await?;
    let finish = Finish {
        keys: catalog::foreign_keys(&link).await?,
        link: &link,
        schema: &schema,
        options: &options,
        stage: &stage,
    };
    let report = finish.run().await?;
    server.put_back(link);
    Ok(report)
}

/// The end of a sync, when everything is on the server.
struct Finish<'a> {
    link: &'a Link,
    schema: &'a Schema,
    options: &'a SyncOptions,
    stage: &'a Stage,
    keys: Vec<ForeignKey>,
}

impl<'a> Finish<'a> {
    async fn run(&self) -> Result<StoreReport, StoreError> {
        let mut report = StoreReport {
            dry_run: self.options.dry_run,
            ..StoreReport::default()
        };
        for at in &self.stage.order {
            if let Some(model) = self.schema.models().get(*at) {
                report.models.push(ModelReport::new(model.label().clone()));
            }
        }
        let order = self.order();
        for at in &order {
            let Some((model, table)) = self.table(*at) else {
                continue;
            };
            if table.has_new {
                self.upsert(model, table, &[], &[]).assign_keys("").await?;
            }
        }
        let cleaning = self.cleaning().await?;
        let stale = match &cleaning {
            Some(cleaning) => clean::find(&mut Postgres(self.link), cleaning).await?,
            None => Vec::new(),
        };
        let held: Vec<Vec<String>> = order.iter().map(|at| self.held(&order, *at)).collect();
        for (at, held) in order.iter().zip(&held) {
            let Some((model, table)) = self.table(*at) else {
                continue;
            };
            let counts = entry(&mut report, model);
            let upsert = self.upsert(model, table, held, &stale);
            upsert.write(counts).await?;
        }
        for (at, held) in order.iter().zip(&held) {
            if let (Some((model, table)), false) = (self.table(*at), held.is_empty()) {
                self.upsert(model, table, held, &stale).set_held().await?;
            }
        }
        for at in &self.stage.order {
            let Some((model, table)) = self.table(*at) else {
                continue;
            };
            for (field, staged) in model.many_to_many().iter().zip(&table.pairs) {
                if let Some(staged) = staged {
                    let counts = entry(&mut report, model);
                    pairs::write(self.link, model, field, &staged.name, counts).await?;
                }
            }
        }
        if let Some(cleaning) = &cleaning {
            let removed = clean::remove(&mut Postgres(self.link), cleaning, stale).await?;
            for (at, count) in removed.rows {
                self.add(&mut report, at, |report| report.deleted += count);
            }
            for (at, count) in removed.pairs {
                self.add(&mut report, at, |report| report.pairs_removed += count);
            }
            report.references = removed.references;
        }
        check::check(self.link, self.schema, &self.keys).await?;
        self.end(&report).await?;
        Ok(report)
    }

    async fn end(&self, report: &StoreReport) -> Result<(), StoreError> {
        if self.options.dry_run {
            return Ok(self.link.run("ROLLBACK").await?);
        }
        let mut later = Vec::new();
        if self.options.reset_sequences {
            let touched: Vec<&Model> = report
                .models
                .iter()
                .filter_map(|report| self.schema.model(report.model.as_str()))
                .collect();
            later = sequences::reset(self.link, &touched).await?;
        }
        if let Err(error) = self.link.run("COMMIT").await {
            let lost = self.link.client.is_closed();
            let error = StoreError::from(error);
            if !lost {
                return Err(error);
            }
            return Err(StoreError::new(
                StoreErrorKind::Io,
                "the connection was lost at the very end: the sync has happened as a whole or not \
                 at all",
            )
            .with_source(error));
        }
        for statement in later {
            self.link.run(&statement).await?;
        }
        Ok(())
    }

    fn table(&self, at: usize) -> Option<(&'a Model, &'a Table)> {
        let table = self.stage.tables.get(at)?.as_ref()?;
        Some((self.schema.models().get(at)?, table))
    }

    /// The models of which rows came, those that others refer to first.
    fn order(&self) -> Vec<usize> {
        let came = self.stage.order.iter();
        let ids: Vec<_> = came
            .filter_map(|at| Some(self.schema.models().get(*at)?.id()))
            .collect();
        let sorted = self.schema.sort(&ids);
        sorted.into_iter().map(|id| id.get()).collect()
    }

    fn upsert<'u>(
        &'u self,
        model: &'u Model,
        table: &'u Table,
        held: &'u [String],
        stale: &'u [Doomed<'_>],
    ) -> Upsert<'u> {
        let stale = stale
            .iter()
            .find(|rows| rows.model.is_some_and(|other| other.id() == model.id()));
        Upsert {
            link: self.link,
            model,
            table,
            options: self.options,
            held,
            stale: stale.map(|rows| rows.list.as_str()),
            acts_on_delete: self
                .keys
                .iter()
                .any(|key| key.acts_on_delete && key.reference.parent == model.table()),
        }
    }

    /// The columns of a model that refer, with a check at once, to rows that
    /// are written later, and may be `NULL` until then.
    fn held(&self, order: &[usize], at: usize) -> Vec<String> {
        let Some((model, table)) = self.table(at) else {
            return Vec::new();
        };
        let place = |table: &str| {
            let mut models = order.iter().map(|at| self.table(*at));
            models.position(|model| model.is_some_and(|(model, _)| model.table() == table))
        };
        let own = place(model.table());
        let keys = self.keys.iter().filter(|key| {
            let reference = &key.reference;
            let later = match place(&reference.parent) {
                None => false,
                // One statement may refer to its own rows; several may not.
                parent if parent == own => table.shapes.len() > 1 || !table.ascending,
                parent => parent > own,
            };
            !key.deferrable && later && reference.table == model.table() && reference.nullable
        });
        keys.map(|key| key.reference.column.clone()).collect()
    }

    async fn cleaning(&self) -> Result<Option<Cleaning<'a>>, StoreError> {
        let models = lookup::cleaned(self.schema, self.options, &self.stage.order)?;
        if models.is_empty() {
            return Ok(None);
        }
        let mut received = Vec::new();
        for at in &self.stage.order {
            if let Some((model, table)) = self.table(*at) {
                let key = ident(model.pk().column());
                // The steps join with it.
                self.link
                    .run(&format!("ANALYZE {} ({key})", table.name))
                    .await?;
                received.push((model, format!("(SELECT {key} AS pk FROM {})", table.name)));
            }
        }
        let mut cleaned = Vec::new();
        for model in models {
            let sql = format!("SELECT count(*) FROM {}", ident(model.table()));
            let located = |error| StoreError::from(error).with_model(model.label().clone());
            let before = self.link.count(&sql).await.map_err(located)?;
            cleaned.push(Cleaned { model, before });
        }
        let mut references: Vec<_> = self.keys.iter().map(|key| key.reference.clone()).collect();
        clean::add_references(&mut references, self.schema, |one, other| one == other);
        Ok(Some(Cleaning {
            schema: self.schema,
            options: self.options,
            cleaned,
            received,
            references,
        }))
    }

    fn add(&self, report: &mut StoreReport, at: usize, change: impl FnOnce(&mut ModelReport)) {
        let Some(model) = self.schema.models().get(at) else {
            return;
        };
        change(entry(report, model));
        report
            .models
            .retain(|report| report.received() > 0 || report.changed());
    }
}

/// The report of a model.
fn entry<'r>(report: &'r mut StoreReport, model: &Model) -> &'r mut ModelReport {
    let models = &mut report.models;
    let at = models
        .iter()
        .position(|report| report.model == *model.label());
    let at = at.unwrap_or_else(|| {
        models.push(ModelReport::new(model.label().clone()));
        models.len() - 1
    });
    &mut models[at]
}
