//! Edits: kept at once, sent when there is a connection.

use serde_json::Value;
use simperium::jsondiff::LostKind;
use simperium::model::Key;

use crate::connect::{Note, Notes, TEXT, text};
use crate::{Outcome, Result, editor};
use sync_core::tool::say;

pub(crate) async fn add(notes: &Notes, given: Option<&str>) -> Result {
    let new = editor::text(given, "")?;
    if new.trim().is_empty() {
        eprintln!("notes: there is nothing in it");
        return Ok(Outcome::Bad);
    }
    let note = Note::from_iter([(TEXT.to_owned(), Value::from(new))]);
    let key = notes.bucket.new(&note).await?;
    say!("{key}");
    sent(notes).await
}

pub(crate) async fn edit(notes: &Notes, key: &str, given: Option<&str>) -> Result {
    let key = Key::new(key)?;
    // The note as it is now, if it can be had.
    notes.sync().await?;
    let Some(before) = notes.bucket.get(&key).await? else {
        eprintln!("notes: there is no note {key}");
        return Ok(Outcome::Bad);
    };
    let new = editor::text(given, text(&before))?;
    if new == text(&before) {
        return Ok(Outcome::Good);
    }
    let mut after = before.clone();
    after.insert(TEXT.to_owned(), Value::from(new));
    // What came while the editor was open stays.
    let lost = notes.bucket.edit(&key, &before, &after).await?;
    let outcome = sent(notes).await?;
    if lost.is_empty() {
        return Ok(outcome);
    }
    eprintln!("notes: the note has changed meanwhile, and this found no place in it:");
    for lost in lost {
        let what = match lost.kind {
            LostKind::Text { inserted, deleted } => {
                format!("{inserted:?} in place of {deleted:?}")
            }
            LostKind::Value(value) => value.to_string(),
            LostKind::Removal => "its removal".to_owned(),
            _ => "something".to_owned(),
        };
        eprintln!("  {}: {what}", lost.path);
    }
    Ok(Outcome::Bad)
}

pub(crate) async fn delete(notes: &Notes, key: &str) -> Result {
    // What is not here cannot be deleted.
    notes.sync().await?;
    if !notes.bucket.delete(key).await? {
        eprintln!("notes: there is no note {key}");
        return Ok(Outcome::Bad);
    }
    sent(notes).await
}

/// Sends what there is to send. That it has to wait is no failure.
async fn sent(notes: &Notes) -> Result {
    if notes.offline {
        eprintln!("notes: kept, to be sent later");
    } else {
        notes.sync().await?;
    }
    Ok(Outcome::Good)
}
