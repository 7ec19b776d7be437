//! What changes something.

use std::time::Duration;

use syncthing_rest::Client;
use syncthing_rest::model::FolderId;

use crate::{Outcome, Result};
use sync_core::tool::say;

pub(crate) async fn scan(client: &Client, folder: FolderId, paths: Vec<String>) -> Result {
    let handle = client.folder(&folder);
    let scan = paths
        .into_iter()
        .fold(handle.scan(), |scan, path| scan.sub(path));
    scan.await?;
    let status = handle.status().await?;
    say!(
        "{folder}: {} items, {} to fetch",
        status.local_total_items,
        status.need_total_items
    );
    Ok(Outcome::Good)
}

pub(crate) async fn pause(client: &Client, folders: &[FolderId], pause: bool) -> Result {
    for folder in folders {
        let edited = client
            .folder(folder)
            .edit(|folder| folder.paused = pause)
            .await?;
        let done = match (edited.is_changed(), pause) {
            (false, _) => "as it was",
            (true, true) => "paused",
            (true, false) => "resumed",
        };
        say!("{folder}: {done}");
    }
    Ok(Outcome::Good)
}

pub(crate) async fn restart(client: &Client, limit: Option<Duration>) -> Result {
    let mut restart = client.restart_and_wait();
    if let Some(limit) = limit {
        restart = restart.deadline(limit);
    }
    let status = restart.await?;
    let since = status
        .start_time
        .map(|time| time.to_string())
        .unwrap_or_default();
    say!("up again since {since}");
    Ok(Outcome::Good)
}
