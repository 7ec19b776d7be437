//! What there is.

use simperium::store::{ConflictId, Json};
use simperium::syncer::SyncState;

use crate::connect::{Note, Notes, text};
use crate::{Outcome, Result};
use sync_core::tool::say;

/// How much of a note a list shows, in characters.
const TITLE: usize = 60;

/// How a text begins.
pub(crate) fn title(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty());
    line.unwrap_or_default().chars().take(TITLE).collect()
}

pub(crate) async fn list(notes: &Notes) -> Result {
    notes.sync().await?;
    for (key, note) in notes.bucket.all().await? {
        say!("{key} {} {}", notes.mark(&key).await?, title(text(&note)));
    }
    Ok(Outcome::Good)
}

pub(crate) async fn one(notes: &Notes, key: &str) -> Result {
    notes.sync().await?;
    let Some(note) = notes.bucket.get(key).await? else {
        eprintln!("notes: there is no note {key}");
        return Ok(Outcome::Bad);
    };
    say!("{}", text(&note));
    Ok(Outcome::Good)
}

pub(crate) async fn status(notes: &Notes) -> Result {
    notes.sync().await?;
    say!("connection: {}", notes.bucket.syncer().status());
    say!("device: {}", notes.bucket.syncer().client_id());
    say!("notes: {}", notes.bucket.all().await?.len());
    say!("conflicts: {}", notes.bucket.conflicts().await?.len());
    let pending = notes.bucket.pending().await?;
    say!("to be sent: {}", pending.len());
    for (key, state) in &pending {
        match state {
            SyncState::Rejected(Some(reason)) => say!("  {key} was refused: {reason}"),
            SyncState::Rejected(None) => say!("  {key} was refused"),
            SyncState::Sent => say!("  {key} was sent, and is not acknowledged yet"),
            _ => say!("  {key} waits to be sent"),
        }
    }
    Ok(Outcome::Good)
}

pub(crate) async fn history(notes: &Notes, key: &str) -> Result {
    let mut versions = notes.bucket.revisions(key);
    let mut outcome = Outcome::Bad;
    while let Some(version) = versions.next().await {
        let version = version?;
        outcome = Outcome::Good;
        let number = version.version.unwrap_or_default();
        say!("{number:>6} {}", title(text(&version.data)));
    }
    Ok(outcome)
}

pub(crate) async fn conflicts(notes: &Notes, settle: &[ConflictId]) -> Result {
    for id in settle {
        notes.bucket.settle(*id).await?;
    }
    notes.sync().await?;
    let object = |json: Option<&Json>| match json.map(Json::decode::<Note>) {
        Some(Ok(note)) => text(&note).to_owned(),
        Some(Err(_)) => "(no note)".to_owned(),
        None => "(nothing)".to_owned(),
    };
    for (id, conflict) in notes.bucket.conflicts().await? {
        say!("{} {} {}", id.0, conflict.key, conflict.kind.as_str());
        for (who, json) in [
            ("here", &conflict.local),
            ("there", &conflict.remote),
            ("now", &conflict.result),
        ] {
            for line in object(json.as_ref()).lines() {
                say!("  {who:>5}: {line}");
            }
        }
    }
    Ok(Outcome::Good)
}
