//! The images of a sync, once its rows are committed.

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_core::{Error, ErrorKind};
use tokio::time::Instant;

use super::Client;
use super::notes::Notes;
use super::progress::{Phase, Progress};
use super::sync::{Images, OnProgress};
use crate::images::{ImageReport, Named, OnImage, Spool, Wanted};
use crate::row::Row;
use crate::schema::{Field, Model, Schema};

/// What a sync notes down about images, to download them afterwards.
pub(super) struct Pictures {
    which: Images,
    /// For each model, whether it has fields of images.
    has_fields: Vec<bool>,
    spool: Spool,
}

impl Pictures {
    /// Nothing, if no images are wanted.
    pub(super) fn new(client: &Client, which: Images) -> Result<Option<Self>, Error> {
        if which == Images::No {
            return Ok(None);
        }
        let Some((media, _)) = &client.0.media else {
            return Err(Error::config(
                "there is no media: say where images come from, and where they go",
            ));
        };
        let models = client.0.schema.models().iter();
        Ok(Some(Self {
            which,
            has_fields: models
                .map(|model| model.image_fields().next().is_some())
                .collect(),
            spool: Spool::new(media.root.clone()),
        }))
    }

    /// Notes down what a row names.
    pub(super) fn row(&mut self, schema: &Schema, row: &Row) -> Result<(), Error> {
        let has_fields = self.has_fields.get(row.model().get());
        if self.which != Images::Synced || has_fields != Some(&true) {
            return Ok(());
        }
        let Some(model) = schema.get(row.model()) else {
            return Ok(());
        };
        for field in model.image_fields() {
            let name = row.get(field.index()).and_then(|value| value.as_str());
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                continue;
            };
            let named = Named {
                model: model.id().get(),
                field: field.index().get(),
                pk: row.pk().map(ToString::to_string).unwrap_or_default(),
                name: name.to_owned(),
            };
            self.spool.push(named).map_err(unusable)?;
        }
        Ok(())
    }

    /// Downloads them.
    pub(super) async fn download(
        self,
        client: &Client,
        notes: &Notes,
        on_image: Option<OnImage>,
    ) -> Result<ImageReport, Error> {
        let shared = &*client.0;
        let schema = &shared.schema;
        let mut queue = shared.queue(on_image).await?;
        if self.which == Images::Tables {
            for model in tables(schema, notes) {
                let fields: Vec<&Field> = model.image_fields().collect();
                shared.queue_table(&mut queue, model, &fields, &[]).await?;
            }
            return Ok(queue.finish().await);
        }
        let mut batches = self.spool.read().map_err(unusable)?;
        loop {
            let batch = batches.next().map_err(unusable)?;
            if batch.is_empty() {
                return Ok(queue.finish().await);
            }
            for named in batch {
                if let Some(wanted) = wanted(schema, named) {
                    queue.add(wanted).await;
                }
            }
        }
    }
}

fn wanted(schema: &Schema, named: Named) -> Option<Wanted> {
    let model = schema.models().get(named.model)?;
    Some(Wanted {
        model: model.label().clone(),
        pk: named.pk,
        field: model.fields().get(named.field)?.name().to_owned(),
        name: named.name,
    })
}

/// The models with images that came, and those that they inherit from: in
/// Django a child has the fields of its parents.
fn tables<'a>(schema: &'a Schema, notes: &'a Notes) -> Vec<&'a Model> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Model> = notes
        .came(schema)
        .map(|model| schema.concrete(model))
        .collect();
    while let Some(model) = open.pop() {
        if found.insert(model.id()) {
            let parents = model.parents().iter();
            open.extend(parents.filter_map(|parent| schema.get(parent.model()?)));
        }
    }
    let models = found.into_iter().filter_map(|id| schema.get(id));
    models
        .filter(|model| model.image_fields().next().is_some())
        .collect()
}

/// The file of the names cannot be used.
fn unusable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Local, "the media root cannot be used").with_source(error)
}

/// Tells of files as of the rest of the sync.
pub(super) fn teller(call: &OnProgress, bytes: u64, objects: u64, attempt: u32) -> OnImage {
    let call = Arc::clone(call);
    let told = std::sync::Mutex::new(None::<Instant>);
    Arc::new(move |report: &ImageReport| {
        let mut told = told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        if told.is_some_and(|told| now.duration_since(told) < super::receive::PROGRESS) {
            return;
        }
        *told = Some(now);
        call(&Progress {
            phase: Phase::Images,
            bytes,
            total_bytes: None,
            objects,
            model: None,
            images: report.downloaded + report.existing + report.failed.len() as u64,
            attempt,
        });
    })
}
