//! Several files at a time.

use std::collections::HashSet;
use std::sync::Arc;

use sync_core::Pipeline;
use tokio::task::JoinSet;

use super::Media;
use super::fetch::{Context, Fetched};
use super::place::Root;
use super::report::{ImageError, ImageFailure, ImageReport};
use crate::schema::Label;

/// A file that a row names.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) model: Label,
    /// As text, for the report.
    pub(crate) pk: String,
    pub(crate) field: String,
    pub(crate) name: String,
}

struct Outcome {
    wanted: Wanted,
    received: u64,
    result: Result<Fetched, ImageError>,
}

/// Called with the report so far, whenever a file is done.
pub(crate) type OnImage = Arc<dyn Fn(&ImageReport) + Send + Sync>;

/// Downloads that are under way. Whoever drops it stops them all, and no file
/// is left unfinished.
pub(crate) struct Queue {
    context: Arc<Context>,
    running: JoinSet<Outcome>,
    /// The names of `running`: two rows may share a file.
    names: HashSet<String>,
    report: ImageReport,
    on_image: Option<OnImage>,
}

impl Queue {
    /// `files` is the way to the media host, which is at `base`.
    pub(crate) async fn open(
        media: Media,
        files: Pipeline,
        on_image: Option<OnImage>,
    ) -> std::io::Result<Self> {
        let root = Root::open(&media.root).await?;
        let base = format!("{}/", media.url.trim_end_matches('/'));
        Ok(Self {
            context: Arc::new(Context {
                root,
                media,
                files,
                base,
            }),
            running: JoinSet::new(),
            names: HashSet::new(),
            report: ImageReport::default(),
            on_image,
        })
    }

    /// Begins with a file as soon as there is room for it.
    pub(crate) async fn add(&mut self, wanted: Wanted) {
        while self.running.len() >= self.context.media.concurrency
            || self.names.contains(&wanted.name)
        {
            if !self.next().await {
                break;
            }
        }
        self.names.insert(wanted.name.clone());
        let context = Arc::clone(&self.context);
        self.running.spawn(async move {
            let mut received = 0;
            let result = context.fetch(&wanted.name, &mut received).await;
            Outcome {
                wanted,
                received,
                result,
            }
        });
    }

    /// Waits for all.
    pub(crate) async fn finish(mut self) -> ImageReport {
        while self.next().await {}
        self.report
    }

    /// Waits for one; `false` when there is none.
    async fn next(&mut self) -> bool {
        let outcome = match self.running.join_next().await {
            None => return false,
            Some(Ok(outcome)) => outcome,
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => return false,
            },
        };
        let Outcome {
            wanted,
            received,
            result,
        } = outcome;
        self.names.remove(&wanted.name);
        self.report.bytes += received;
        match result {
            Ok(Fetched::Downloaded) => self.report.downloaded += 1,
            Ok(Fetched::Existing) => self.report.existing += 1,
            Err(error) => self.report.failed.push(ImageFailure {
                model: wanted.model,
                pk: wanted.pk,
                field: wanted.field,
                name: wanted.name,
                error,
            }),
        }
        if let Some(call) = &self.on_image {
            call(&self.report);
        }
        true
    }
}
