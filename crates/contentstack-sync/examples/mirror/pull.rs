//! What asks the service.

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use contentstack_sync::mirror::{Mirror, Mode, Report, Shards, Watched};

use crate::args::{Connect, Pull};
use crate::progress::Line;
use crate::{Outcome, Result};
use sync_core::tool::say;

/// Ends with Ctrl-C, or when the process is asked to end.
async fn shutdown() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// The result of `work`; `None` when it was stopped before. Whatever was being
/// written then is written as a whole or not at all.
async fn unless_stopped<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        () = shutdown() => None,
        result = &mut work => Some(result),
    }
}

async fn open(connect: &Connect) -> Result<Mirror> {
    Ok(Mirror::open_sqlite(&connect.db, connect.stack()?).await?)
}

pub(crate) async fn pull(connect: &Connect, what: &Pull) -> Result {
    let mirror = open(connect).await?;
    let line = Arc::new(Line::default());
    let outcome = unless_stopped(async {
        let shown = Arc::clone(&line);
        let mut run = match what.resync {
            true => mirror.resync(),
            false => mirror.sync(),
        };
        if what.sharded {
            run = run.sharded(Shards::by_content_type());
        }
        let report = run
            .on_progress(move |progress| shown.synced(progress))
            .await?;
        line.clear();
        say!("{}", sentence(&report));
        further(&mirror, what, &line).await
    })
    .await;
    line.clear();
    match outcome {
        Some(outcome) => outcome,
        None => {
            say!("stopped; the next pull goes on from here");
            Ok(Outcome::Stopped)
        }
    }
}

/// What comes after a sync: schemas and files.
async fn further(mirror: &Mirror, what: &Pull, line: &Arc<Line>) -> Result {
    if what.schemas {
        say!("{} content types", mirror.refresh_schemas().await?);
    }
    match &what.assets {
        Some(folder) => download(mirror, folder, line).await,
        None => Ok(Outcome::Good),
    }
}

async fn download(mirror: &Mirror, folder: &Path, line: &Arc<Line>) -> Result {
    let shown = Arc::clone(line);
    let report = mirror
        .assets()
        .download(folder)
        .on_event(move |event| shown.downloaded(event))
        .run()
        .await?;
    line.clear();
    say!(
        "{} files downloaded ({} bytes), {} removed, {} failed",
        report.downloaded,
        report.bytes,
        report.removed,
        report.failed.len()
    );
    for failure in &report.failed {
        eprintln!("{}: {}", failure.key, failure.error);
    }
    match report.failed.is_empty() {
        true => Ok(Outcome::Good),
        false => Ok(Outcome::Bad),
    }
}

pub(crate) async fn watch(connect: &Connect, interval: Duration, what: &Pull) -> Result {
    let mirror = open(connect).await?;
    let line = Arc::new(Line::default());
    let mut stop = pin!(shutdown());
    let mut watched = mirror.watch(interval);
    loop {
        let result = tokio::select! {
            biased;
            () = &mut stop => return Ok(Outcome::Stopped),
            result = watched.next() => result,
        };
        match result {
            None => return Ok(Outcome::Good),
            Some(Ok(Watched::Synced(report))) => {
                say!("{}", sentence(&report));
                // The next run waits for the files of this one.
                tokio::select! {
                    biased;
                    () = &mut stop => return Ok(Outcome::Stopped),
                    outcome = further(&mirror, what, &line) => { outcome?; }
                }
            }
            Some(Ok(Watched::Interrupted { error, pause })) => {
                eprintln!("{error}; again in {} s", pause.as_secs());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
        }
    }
}

pub(crate) async fn verify(connect: &Connect) -> Result {
    let mirror = open(connect).await?;
    let Some(drift) = unless_stopped(mirror.verify()).await else {
        return Ok(Outcome::Stopped);
    };
    let drift = drift?;
    for key in &drift.missing {
        say!("missing {key}");
    }
    for key in &drift.extra {
        say!("extra {key}");
    }
    for difference in &drift.different {
        say!("different {}", difference.key);
    }
    say!("{} compared", drift.compared);
    match drift.is_none() {
        true => Ok(Outcome::Good),
        false => Ok(Outcome::Bad),
    }
}

fn sentence(report: &Report) -> String {
    let mode = match report.mode {
        Mode::Initial => "everything",
        Mode::Delta => "what has changed",
        Mode::Resync { .. } => "everything again",
        _ => "done",
    };
    let mut text = format!(
        "{mode}: {} written, {} removed, {} requests",
        report.upserts,
        report.deletes + report.swept,
        report.requests
    );
    if report.dead_letters > 0 {
        text.push_str(&format!(
            ", {} items cannot be read yet",
            report.dead_letters
        ));
    }
    text
}
