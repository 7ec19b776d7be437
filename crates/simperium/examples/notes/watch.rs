//! What other devices do.

use simperium::store::Json;
use simperium::syncer::{Event, Events};

use crate::connect::{Note, Notes, text};
use crate::show::title;
use crate::{Outcome, Result};
use sync_core::tool::say;

pub(crate) async fn watch(notes: &Notes) -> Result {
    let mut events = notes.bucket.subscribe();
    let watching = async {
        eprintln!("notes: asking what is new");
        notes.sync().await?;
        eprintln!("notes: watching; Ctrl-C ends it");
        follow(&mut events).await;
        Ok(Outcome::Good)
    };
    tokio::select! {
        // First, so that it is listened to once anything is said.
        biased;
        result = tokio::signal::ctrl_c() => {
            result?;
            Ok(Outcome::Good)
        }
        outcome = watching => outcome,
    }
}

/// Tells what happens, until the end.
async fn follow(events: &mut Events) {
    while let Some(event) = events.next().await {
        match event {
            Event::Added { key, object, .. } => say!("+ {key} {}", begin(&object)),
            Event::Changed { key, patch, .. } => say!("~ {key} {}", begin(patch.after())),
            Event::Removed { key, before, .. } => say!("- {key} {}", begin(&before)),
            Event::Acknowledged { key, .. } => say!("> {key} sent"),
            Event::Conflict(conflict) => say!("! {} conflict", conflict.key),
            Event::Rejected { key, reason, .. } => say!("! {key} refused: {reason}"),
            Event::Connection(status) => eprintln!("notes: {status}"),
            Event::Refused { code, message } => eprintln!("notes: refused: {message} ({code})"),
            Event::Lagged(missed) => say!("… {missed} more"),
            _ => {}
        }
    }
}

fn begin(object: &Json) -> String {
    match object.decode::<Note>() {
        Ok(note) => title(text(&note)),
        Err(_) => "(no note)".to_owned(),
    }
}
