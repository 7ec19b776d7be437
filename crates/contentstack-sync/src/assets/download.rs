//! A run over all files that are wanted.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sync_core::{Clock, Pipeline, Transport};
use tokio::task::JoinSet;

use super::fetch::{Context, Fetched, Problem, Wanted};
use super::report::{DownloadError, DownloadEvent, DownloadFailure, DownloadReport, OnEvent};
use super::{name, partial};
use crate::RateLimit;
use crate::model::{Key, Locale};
use crate::query::path::{member, text};
use crate::query::{AssetQuery, Condition};
use crate::store::{DownloadState, Millis, Row, Seq, Store, StoreError};

/// How many rows are read from the store at a time.
const BATCH: usize = 256;

/// The pause after the first failure of a file. It doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// A download of files: see [`AssetQuery::download`].
#[must_use = "nothing is downloaded until it is run"]
pub struct Download {
    query: AssetQuery,
    folder: PathBuf,
    concurrency: usize,
    max_size: Option<u64>,
    retry_now: bool,
    check_files: bool,
    keep_removed: bool,
    on_event: Option<OnEvent>,
}

struct Outcome {
    wanted: Wanted,
    received: u64,
    result: Result<Fetched, Problem>,
}

impl Download {
    pub(super) fn new(query: AssetQuery, folder: PathBuf) -> Self {
        Self {
            query,
            folder,
            concurrency: 8,
            max_size: None,
            retry_now: false,
            check_files: false,
            keep_removed: false,
            on_event: None,
        }
    }

    /// How many files at a time; 8 by default.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = files.max(1);
        self
    }

    /// No files larger than this. No limit by default.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Tries files that have failed before, even if their time has not come:
    /// 30 s after the first failure, twice as long after each further one, up
    /// to 6 hours.
    pub fn retry_now(mut self) -> Self {
        self.retry_now = true;
        self
    }

    /// Looks first whether the files that were downloaded are still there, and
    /// of the size that they had. Those that are not are downloaded again.
    pub fn check_files(mut self) -> Self {
        self.check_files = true;
        self
    }

    /// Keeps the files of assets that were unpublished, deleted or replaced.
    pub fn keep_removed(mut self) -> Self {
        self.keep_removed = true;
        self
    }

    /// Calls `call` for all that happens, from several tasks. It must not block.
    pub fn on_event(mut self, call: impl Fn(&DownloadEvent<'_>) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Arc::new(call));
        self
    }

    /// Downloads what is wanted, and removes what is not any more.
    ///
    /// Files that fail are in the report. Whoever drops the future stops the
    /// run; what was received is kept for the next.
    ///
    /// # Errors
    ///
    /// [`DownloadError`]: no file can be downloaded at all.
    pub async fn run(self) -> Result<DownloadReport, DownloadError> {
        let mut request = self.query.request;
        request.settle();
        let condition = Condition::all(request.conditions.clone());
        condition.check()?;
        let store = request.store;
        let mut report = DownloadReport::default();
        if store.load().await?.readable.is_none() {
            return Ok(report);
        }
        partial::prepare(&self.folder)
            .await
            .map_err(DownloadError::Folder)?;
        let (files, limit, clock) = match &request.stack {
            Some(stack) => {
                let files = stack.files().clone();
                let clock = files.clock().clone();
                (files, stack.rate_limit().clone(), clock)
            }
            None => on_its_own()?,
        };
        let context = Arc::new(Context {
            folder: self.folder,
            files,
            limit,
            clock,
            max_size: self.max_size,
            on_event: self.on_event,
        });
        if self.check_files {
            check_files(&*store, &context.folder).await?;
        }
        let due = match self.retry_now {
            // Beyond all times, and still a number to every database.
            true => Millis(i64::MAX as u64),
            false => Millis::from(context.clock.now()),
        };
        let mut queue = Queue {
            store: Arc::clone(&store),
            due,
            scan: request.scan,
            locales: request.locales,
            condition,
            after: Seq::default(),
            buffer: VecDeque::new(),
            seen: HashSet::new(),
            ended: false,
        };
        let mut running = JoinSet::new();
        loop {
            while running.len() < self.concurrency {
                let Some(wanted) = queue.next().await? else {
                    break;
                };
                let context = Arc::clone(&context);
                running.spawn(async move {
                    let mut received = 0;
                    let result = context.fetch(&wanted, &mut received).await;
                    Outcome {
                        wanted,
                        received,
                        result,
                    }
                });
            }
            match running.join_next().await {
                None => break,
                Some(Ok(outcome)) => note(&*store, &context, outcome, &mut report).await?,
                Some(Err(error)) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime is shutting down.
                    Err(_) => return Ok(report),
                },
            }
        }
        if !self.keep_removed {
            remove_stale(&*store, &context, &mut report).await?;
        }
        Ok(report)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("query", &self.query)
            .field("folder", &self.folder)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Connections for a store without a mirror.
fn on_its_own() -> Result<(Pipeline, RateLimit, Clock), DownloadError> {
    let transport = sync_core::hyper::HyperTransport::builder()
        .build()
        .map_err(sync_core::Error::transport)?;
    let (limit, clock) = (RateLimit::default(), Clock::system());
    let transport: Arc<dyn Transport> = Arc::new(super::Observed {
        inner: Arc::new(transport),
        limit: limit.clone(),
        clock: clock.clone(),
    });
    // Files have whole addresses; this one is nobody's.
    let files = Pipeline::builder("https://assets.invalid")
        .transport(transport)
        .build()?;
    Ok((files, limit, clock))
}

/// The files that are wanted, each once.
struct Queue {
    store: Arc<dyn Store>,
    due: Millis,
    scan: crate::store::Scan,
    locales: Vec<Locale>,
    condition: Condition,
    after: Seq,
    buffer: VecDeque<Wanted>,
    /// Addresses of this run: locales share files, and a failed one is not
    /// wanted twice.
    seen: HashSet<Box<str>>,
    ended: bool,
}

impl Queue {
    async fn next(&mut self) -> Result<Option<Wanted>, StoreError> {
        loop {
            if let Some(wanted) = self.buffer.pop_front() {
                return Ok(Some(wanted));
            }
            if self.ended {
                return Ok(None);
            }
            let rows = self
                .store
                .wanted_downloads(self.due, self.after, BATCH)
                .await?;
            let Some((last, _)) = rows.last() else {
                self.ended = true;
                continue;
            };
            self.after = last.seq;
            for (row, noted) in rows {
                if !self.matches(&row) {
                    continue;
                }
                let attempts = noted.map_or(0, |noted| noted.attempts);
                if let Some(wanted) = wanted(&row, attempts)
                    && self.seen.insert(wanted.url.clone())
                {
                    self.buffer.push_back(wanted);
                }
            }
        }
    }

    fn matches(&self, row: &Row) -> bool {
        let url = row.url.as_deref();
        self.scan.matches(&row.key, row.content_type.as_ref(), url)
            && (self.locales.is_empty() || self.locales.contains(&row.key.locale))
            && self.condition.eval(row.data.as_str(), &|_, _| false)
    }
}

/// What an asset says about its file; `None` for folders.
fn wanted(row: &Row, attempts: u32) -> Option<Wanted> {
    let data = row.data.as_str();
    if member(data, "is_dir") == Some("true") {
        return None;
    }
    let url = row.url.clone()?;
    let named = member(data, "filename").and_then(text);
    let named = named.filter(|name| !name.is_empty());
    let place = match named {
        Some(named) => name::place(row.key.uid.as_str(), &url, &named),
        None => name::place(row.key.uid.as_str(), &url, &last_segment(&url)),
    };
    // A text on the wire, which a number must not trip over.
    let size = member(data, "file_size").and_then(|size| match text(size) {
        Some(size) => size.trim().parse().ok(),
        None => size.parse().ok(),
    });
    Some(Wanted {
        key: row.key.clone(),
        url,
        size,
        place,
        attempts,
    })
}

fn last_segment(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let segment = path.rsplit('/').next().unwrap_or_default();
    percent_encoding::percent_decode_str(segment)
        .decode_utf8_lossy()
        .into_owned()
}

async fn note(
    store: &dyn Store,
    context: &Context,
    outcome: Outcome,
    report: &mut DownloadReport,
) -> Result<(), StoreError> {
    let Outcome {
        wanted,
        received,
        result,
    } = outcome;
    report.bytes += received;
    let attempts = wanted.attempts.saturating_add(1);
    let state = match result {
        Ok(fetched) => {
            report.downloaded += u64::from(!fetched.found);
            report.resumed += u64::from(fetched.resumed);
            report.found += u64::from(fetched.found);
            context.tell(&DownloadEvent::Done {
                key: &wanted.key,
                path: &wanted.place,
                size: fetched.size,
            });
            DownloadState::Done {
                path: wanted.place.as_str().into(),
                size: fetched.size,
            }
        }
        Err(problem) => {
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts - 1));
            let now = Millis::from(context.clock.now());
            let retry_at = problem
                .may_pass()
                .then(|| now.after(pause.min(LONGEST_PAUSE)));
            let failure = DownloadFailure {
                key: wanted.key.clone(),
                url: wanted.url.clone(),
                error: problem.to_string(),
                attempts,
                retry_at,
            };
            context.tell(&DownloadEvent::Failed(&failure));
            let error = failure.error.clone();
            report.failed.push(failure);
            DownloadState::Failed { error, retry_at }
        }
    };
    store
        .note_download(crate::store::Download {
            uid: wanted.key.uid,
            url: wanted.url,
            state,
            attempts,
        })
        .await
}

/// Removes files that no asset has any more.
async fn remove_stale(
    store: &dyn Store,
    context: &Context,
    report: &mut DownloadReport,
) -> Result<(), StoreError> {
    let mut kept = HashSet::new();
    loop {
        let stale = store.stale_downloads(BATCH + kept.len()).await?;
        let mut progress = false;
        for download in stale {
            if kept.contains(&download.url) {
                continue;
            }
            match remove(&context.folder, &download).await {
                Ok(removed) => {
                    store.forget_download(&download.url).await?;
                    progress = true;
                    if let Some(path) = removed {
                        report.removed += 1;
                        context.tell(&DownloadEvent::Removed { path: &path });
                    }
                }
                Err(error) => {
                    report.failed.push(DownloadFailure {
                        key: Key::asset(download.uid.clone(), Locale::default()),
                        url: download.url.clone(),
                        error: format!("the file cannot be removed: {error}"),
                        attempts: download.attempts,
                        retry_at: None,
                    });
                    kept.insert(download.url);
                }
            }
        }
        if !progress {
            return Ok(());
        }
    }
}

/// Says what was removed.
async fn remove(
    folder: &Path,
    download: &crate::store::Download,
) -> std::io::Result<Option<Box<str>>> {
    partial::forget(folder, &download.url).await?;
    let DownloadState::Done { path, .. } = &download.state else {
        return Ok(None);
    };
    if !name::stays_within(path) {
        return Ok(None);
    }
    let file = folder.join(&**path);
    partial::remove(&file).await?;
    // Folders go when they are empty, and not otherwise.
    let mut parent = file.parent();
    while let Some(empty) = parent.filter(|parent| *parent != folder) {
        if tokio::fs::remove_dir(empty).await.is_err() {
            break;
        }
        parent = empty.parent();
    }
    Ok(Some(path.clone()))
}

/// Forgets what is not in the folder any more.
async fn check_files(store: &dyn Store, folder: &Path) -> Result<(), DownloadError> {
    let mut after = Seq::default();
    loop {
        let rows = store
            .scan(&crate::store::Scan::assets(), after, BATCH)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.seq;
        for row in rows {
            let Some(url) = &row.url else {
                continue;
            };
            let Some(noted) = store.download(url).await? else {
                continue;
            };
            let DownloadState::Done { path, size } = noted.state else {
                continue;
            };
            let there = tokio::fs::metadata(folder.join(&*path)).await;
            if !there.is_ok_and(|there| there.is_file() && there.len() == size) {
                store.forget_download(url).await?;
            }
        }
    }
}
