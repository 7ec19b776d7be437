//! What happens, as it happens.

use std::path::Path;

use syncthing_rest::Client;
use syncthing_rest::events::{Cursor, EventItem};
use syncthing_rest::model::{Event, EventKind};

use crate::args::Watch;
use crate::{Outcome, Result};
use sync_core::tool::say;

pub(crate) async fn watch(client: &Client, what: Watch) -> Result {
    let mut builder = client.events();
    if what.disk {
        builder = builder.disk();
    } else if !what.types.is_empty() {
        builder = builder.types(what.types);
    }
    if let Some(cursor) = what.cursor.as_deref().and_then(load) {
        builder = builder.from(cursor?);
    }
    let mut events = builder.stream();
    while let Some(item) = events.next().await.transpose()? {
        match item {
            EventItem::Event(event) if what.debug => say!("{event:?}"),
            EventItem::Event(event) => say!("{}", line(&event)),
            EventItem::Started { device, start_time } => {
                say!("-- watching {}, up since {start_time}", device.short());
            }
            EventItem::Gap {
                missed: Some(missed),
            } => say!("-- {missed} events were lost"),
            EventItem::Gap { missed: None } => say!("-- events may have been lost"),
            EventItem::Restarted { now, .. } => say!("-- the daemon was restarted at {now}"),
            EventItem::Unsupported { types, .. } => {
                say!("-- this daemon does not know {types:?}");
            }
            EventItem::Interrupted { error, pause } => {
                eprintln!("-- {error}; trying again in {pause:.1?}");
            }
            _ => {}
        }
        if let (Some(file), Some(cursor)) = (&what.cursor, events.cursor()) {
            store(file, cursor)?;
        }
    }
    Ok(Outcome::Good)
}

fn load(file: &Path) -> Option<Result<Cursor>> {
    let text = std::fs::read_to_string(file).ok()?;
    let cursor = serde_json::from_str(&text);
    Some(cursor.map_err(|error| format!("{} is no cursor: {error}", file.display()).into()))
}

/// Replaces the file in one step, so that it is never half a cursor.
fn store(file: &Path, cursor: &Cursor) -> Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, serde_json::to_string(cursor)?)?;
    std::fs::rename(&new, file)?;
    Ok(())
}

fn line(event: &Event) -> String {
    let time = event.time.map(|time| time.to_string()).unwrap_or_default();
    // The day is known, and nobody reads nanoseconds.
    let time = time.get(11..19).unwrap_or_default();
    let what = match &event.kind {
        EventKind::StateChanged(data) => format!("{} is {}", data.folder, data.to),
        EventKind::ItemStarted(data) => format!("{} {}: {}", data.folder, data.action, data.item),
        EventKind::ItemFinished(data) => match &data.error {
            Some(error) => format!("{} {}: {error}", data.folder, data.item),
            None => format!("{} {}", data.folder, data.item),
        },
        EventKind::LocalChangeDetected(data) | EventKind::RemoteChangeDetected(data) => {
            format!("{} {} {}", data.folder, data.action, data.path)
        }
        EventKind::LocalIndexUpdated(data) => format!("{} {} items", data.folder, data.items),
        EventKind::RemoteIndexUpdated(data) => {
            format!(
                "{} {} items at {}",
                data.folder,
                data.items,
                data.device.short()
            )
        }
        EventKind::FolderSummary(data) => {
            let summary = &data.summary;
            format!(
                "{} is {}, needs {} items",
                data.folder, summary.state, summary.need_total_items
            )
        }
        EventKind::FolderCompletion(data) => {
            format!(
                "{} {:.0} % at {}",
                data.folder,
                data.completion,
                data.device.short()
            )
        }
        EventKind::FolderErrors(data) => format!("{} {} errors", data.folder, data.errors.len()),
        EventKind::FolderScanProgress(data) => {
            format!("{} {} of {} bytes", data.folder, data.current, data.total)
        }
        EventKind::DownloadProgress(data) => {
            let files: usize = data.values().map(|files| files.len()).sum();
            format!("{files} files")
        }
        EventKind::DeviceConnected(data) => format!("{} {}", data.id.short(), data.device_name),
        EventKind::DeviceDisconnected(data) => format!("{} {}", data.id.short(), data.error),
        EventKind::Unknown { data, .. } => format!("{} bytes of data", data.as_str().len()),
        other => {
            let folder = other.folder().map(|folder| folder.to_string());
            let device = other.device().map(|device| device.short().to_string());
            [folder, device]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" ")
        }
    };
    format!(
        "{time} {:6} {:22} {what}",
        event.id,
        event.kind.event_type()
    )
}
