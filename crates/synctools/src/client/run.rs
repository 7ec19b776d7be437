//! A sync on its way: from the request to the commit.

use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, StatusCode, Uri};
use sync_core::policy::Backoff;
use sync_core::{Call, Error, ErrorKind, Pipeline};
use tokio::time::Instant;

use super::address;
use super::failure::Failure;
use super::operations::SYNC;
#[cfg(feature = "images")]
use super::progress::Phase;
use super::receive::Seen;
use super::report::{SyncReport, Warning};
use super::sync::{SyncBuilder, Target};
use super::validator::{Validator, Validators};
use crate::store::Clean;

/// A sync on its way.
pub(super) struct Run {
    pub(super) sync: SyncBuilder,
    began: Instant,
    pub(super) attempt: u32,
    pub(super) told: Option<Instant>,
}

/// Where a sync is from.
struct Source {
    way: Pipeline,
    uri: Uri,
    has_token: bool,
}

impl Run {
    pub(super) fn new(sync: SyncBuilder) -> Self {
        Self {
            sync,
            began: Instant::now(),
            attempt: 0,
            told: None,
        }
    }

    pub(super) async fn run(mut self) -> Result<SyncReport, Error> {
        self.began = Instant::now();
        let source = self.source()?;
        #[cfg(feature = "images")]
        super::pictures::Pictures::new(&self.sync.client, self.images())?;
        let backoff = Backoff::default();
        loop {
            self.attempt += 1;
            let failure = match self.attempt(&source).await {
                Ok(mut report) => {
                    report.attempts = self.attempt;
                    return Ok(report);
                }
                Err(failure) => failure.at(&source.uri),
            };
            if !failure.broke_off || self.attempt >= self.sync.client.0.attempts {
                return Err(failure.error);
            }
            tracing::debug!(
                attempt = self.attempt,
                error = %failure.error,
                "the body broke off; all is taken back and begun anew"
            );
            tokio::time::sleep(backoff.pause(self.attempt - 1)).await;
        }
    }

    /// Finds out where to ask, and whether the token goes along.
    fn source(&self) -> Result<Source, Error> {
        let shared = &*self.sync.client.0;
        let has_token = shared.ways.has_token();
        match &self.sync.target {
            Target::Path(path) => {
                let (Some(api), Some(home)) = (&shared.api, &shared.home) else {
                    return Err(Error::config(
                        "there is no endpoint for the path: give the client its api_url, \
                         set SYNCTOOL_CLIENT_ENDPOINT, or sync a whole URL",
                    ));
                };
                let text = address::origin(api) + &address::join(api.path(), path)?;
                let uri = text.parse().map_err(|error: http::uri::InvalidUri| {
                    Error::config("the path cannot be written as a URL").with_source(error)
                })?;
                Ok(Source {
                    way: home.clone(),
                    uri,
                    has_token,
                })
            }
            Target::Url(url) => {
                let uri = address::absolute(url)?;
                let (way, is_allowed) = shared.way_to(&uri, self.sync.send_token)?;
                Ok(Source {
                    way,
                    uri,
                    has_token: has_token && is_allowed,
                })
            }
        }
    }

    /// Where validators are kept, if this sync heeds them.
    fn validators(&self) -> Option<&dyn Validators> {
        let wanted = self.sync.conditional && !self.sync.store.dry_run;
        let validators = self.sync.client.0.validators.as_deref();
        validators.filter(|_| wanted)
    }

    fn call(&self, source: &Source, validator: Option<&Validator>) -> Call<bytes::Bytes> {
        let accept = match self.sync.lines {
            true => "application/x-ndjson, application/json;q=0.9, */*;q=0.1",
            false => "*/*",
        };
        let mut call = source
            .way
            .call_uri(&SYNC, source.uri.clone())
            .accept(HeaderValue::from_static(accept));
        if !self.sync.compressed {
            call = call.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(validator) = validator {
            call = call.accept_status(&[304]);
            for (name, value) in validator.headers() {
                call = call.header(name, value);
            }
        }
        call
    }

    async fn attempt(&mut self, source: &Source) -> Result<SyncReport, Failure> {
        let url = source.uri.to_string();
        let broken = |error: std::io::Error| {
            let text = "what the server said about its data cannot be read back";
            Error::new(ErrorKind::Local, text).with_source(error)
        };
        // What is only here must go, whether or not the server has changed.
        let asks = self.sync.store.clean == Clean::No;
        let known = match self.validators().filter(|_| asks) {
            Some(validators) => validators.load(&url).await.map_err(broken)?,
            None => None,
        };
        let answer = self.call(source, known.as_ref()).stream().await?;
        let (head, body) = answer.into_parts();
        if head.status == StatusCode::NOT_MODIFIED {
            return Ok(SyncReport {
                not_modified: true,
                elapsed: self.began.elapsed(),
                ..SyncReport::default()
            });
        }
        let (stored, seen) = self.receive(&head, body).await?;
        let mut report = SyncReport {
            objects: seen.objects,
            skipped: seen.skipped,
            bytes: seen.bytes,
            elapsed: self.began.elapsed(),
            ..SyncReport::default()
        };
        report.stored(stored);
        self.warn(source, &seen, &mut report);
        if let Some(validators) = self.validators() {
            let validator = Validator::of(&head.headers);
            if let Err(error) = validators.save(&url, validator).await {
                let error = error.to_string();
                report.warnings.push(Warning::ValidatorNotKept { error });
            }
        }
        #[cfg(feature = "images")]
        self.download(seen, &mut report).await;
        Ok(report)
    }

    /// Which images are downloaded at the end.
    #[cfg(feature = "images")]
    pub(super) fn images(&self) -> super::sync::Images {
        match self.sync.store.dry_run {
            true => super::sync::Images::No,
            false => self.sync.images,
        }
    }

    /// The rows are committed: whatever becomes of images is in the report.
    #[cfg(feature = "images")]
    async fn download(&mut self, mut seen: Seen, report: &mut SyncReport) {
        let Some(pictures) = seen.pictures.take() else {
            return;
        };
        self.tell(Phase::Images, &seen, true);
        let call = self.sync.on_progress.as_ref();
        let on_image =
            call.map(|call| super::pictures::teller(call, seen.bytes, seen.objects, self.attempt));
        let client = &self.sync.client;
        match pictures.download(client, &seen.notes, on_image).await {
            Ok(images) => report.images = Some(images),
            Err(error) => report.warnings.push(Warning::Images {
                error: error.to_string(),
            }),
        }
        report.elapsed = self.began.elapsed();
    }

    /// What is to be said about an attempt that went well.
    fn warn(&self, source: &Source, seen: &Seen, report: &mut SyncReport) {
        let schema = &self.sync.client.0.schema;
        report.warnings = seen.notes.warnings(schema, &seen.unknown);
        let cleans = matches!(self.sync.store.clean, Clean::Before | Clean::Stale);
        if cleans && seen.objects == 0 {
            report.warnings.push(Warning::NothingToClean);
        }
        if source.has_token && address::is_in_the_open(&source.uri) {
            report.warnings.push(Warning::TokenInTheOpen);
        }
    }
}
