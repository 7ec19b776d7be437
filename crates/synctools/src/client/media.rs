//! Images of rows that are here.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use sync_core::Error;

use super::failure::store;
use super::{Client, Shared};
use crate::images::{ImageReport, OnImage, Queue, Wanted};
use crate::row::Row;
use crate::schema::{Field, Model};
use crate::store::{Condition, Operator, Query};
use crate::value::Value;

/// How many rows are read at a time.
const PAGE: u64 = 500;

/// A download of the files that a field of images names: see
/// [`Client::images`].
///
/// Names that are empty are skipped, and files that are there are left as
/// they are unless [`Media::existing`](crate::images::Media::existing) says
/// otherwise.
///
/// # Errors
///
/// [`ErrorKind::Config`](sync_core::ErrorKind::Config): there is no such field,
/// it is no image field, or there is no media. A
/// [`SyncError`](crate::SyncError): the database could not be read. Files that
/// cannot be had are no error; they are in the report.
#[must_use = "nothing is downloaded until it is awaited"]
pub struct ImageSync {
    client: Client,
    model: String,
    field: String,
    filter: Vec<Condition>,
    on_image: Option<OnImage>,
}

impl ImageSync {
    pub(super) fn new(client: Client, model: String, field: String) -> Self {
        Self {
            client,
            model,
            field,
            filter: Vec::new(),
            on_image: None,
        }
    }

    /// Only of rows for which this holds. Several hold together.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.filter.push(condition);
        self
    }

    /// Calls `call` with the report so far, whenever a file is done.
    pub fn on_progress(mut self, call: impl Fn(&ImageReport) + Send + Sync + 'static) -> Self {
        self.on_image = Some(Arc::new(call));
        self
    }

    async fn run(self) -> Result<ImageReport, Error> {
        let shared = &*self.client.0;
        let model = shared
            .schema
            .model(&self.model)
            .ok_or_else(|| Error::config(format!("there is no model {:?}", self.model)))?;
        let field = image_field(model, &self.field).ok_or_else(|| {
            Error::config(format!(
                "{:?} is no image field of {}",
                self.field,
                model.label()
            ))
        })?;
        let mut queue = shared.queue(self.on_image.clone()).await?;
        shared
            .queue_table(&mut queue, model, &[field], &self.filter)
            .await?;
        Ok(queue.finish().await)
    }
}

fn image_field<'a>(model: &'a Model, name: &str) -> Option<&'a Field> {
    model.image_fields().find(|field| field.name() == name)
}

impl Shared {
    /// A queue for the media host.
    pub(super) async fn queue(&self, on_image: Option<OnImage>) -> Result<Queue, Error> {
        let (media, way) = self.media.as_ref().ok_or_else(|| {
            Error::config("there is no media: say where images come from, and where they go")
        })?;
        let root = media.root.display().to_string();
        Queue::open(media.clone(), way.clone(), on_image)
            .await
            .map_err(|cause| {
                Error::config(format!("the media root {root:?} cannot be used")).with_source(cause)
            })
    }

    /// Downloads what the rows of a table name. The database is read in pages,
    /// so that it is not held while files come in.
    pub(super) async fn queue_table(
        &self,
        queue: &mut Queue,
        model: &Model,
        fields: &[&Field],
        filter: &[Condition],
    ) -> Result<(), Error> {
        let mut last: Option<Value> = None;
        loop {
            let mut query = Query::model(model.label().clone()).limit(PAGE);
            query.filter = filter.to_vec();
            if let Some(last) = last.take() {
                query = query.filter(Condition::compare("pk", Operator::Greater, last));
            }
            let page = self.page(query).await?;
            for row in &page {
                for field in fields {
                    if let Some(wanted) = wanted(model, field, row) {
                        queue.add(wanted).await;
                    }
                }
            }
            last = page.last().and_then(Row::pk).cloned();
            if last.is_none() {
                return Ok(());
            }
        }
    }

    async fn page(&self, query: Query) -> Result<Vec<Row>, Error> {
        let mut snapshot = self.store.snapshot(&self.schema).await.map_err(store)?;
        snapshot.select(query).await.map_err(store)?;
        let mut page = Vec::new();
        while let Some(rows) = snapshot.next().await.map_err(store)? {
            page.extend(rows);
        }
        Ok(page)
    }
}

/// The file that a row names.
pub(super) fn wanted(model: &Model, field: &Field, row: &Row) -> Option<Wanted> {
    let name = row
        .get(field.index())?
        .as_str()
        .filter(|name| !name.is_empty())?;
    Some(Wanted {
        model: model.label().clone(),
        pk: row.pk().map(ToString::to_string).unwrap_or_default(),
        field: field.name().to_owned(),
        name: name.to_owned(),
    })
}

impl IntoFuture for ImageSync {
    type Output = Result<ImageReport, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for ImageSync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSync")
            .field("model", &self.model)
            .field("field", &self.field)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}
