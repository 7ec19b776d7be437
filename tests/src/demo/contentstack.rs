//! A stack of content, and a mirror of it in a SQLite file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use contentstack_sync::Stack;
use contentstack_sync::emulator::{Emulator, EntryDraft, Fill, Kind, Published};
use contentstack_sync::mirror::{Mirror, Progress, Report};
use contentstack_sync::query::{Direction, field};
use serde::Deserialize;
use tokio::time::Instant;

use super::Synced;
use super::progress::{Bar, Bars};
use crate::Result;
use crate::contentstack::Folder;

/// Entries and assets, about 2 KB each.
const ITEMS: usize = 3_000;

/// What the demo wants to know of an article.
#[derive(Deserialize)]
struct Article {
    title: String,
    number: Option<u64>,
}

/// Starts the service, mirrors it, changes it, and asks the mirror.
pub(super) async fn run() -> Result<Synced> {
    let emulator = Emulator::builder().start().await?;
    println!("\nA stack of content is at {}.", emulator.url());
    emulator.fill(&Fill::new(ITEMS));
    let stack = Stack::builder(
        emulator.api_key(),
        emulator.access_token(),
        emulator.environment(),
    )
    .host(emulator.url())
    .build()?;

    let folder = Folder::new()?;
    let file = folder.path().join("mirror.db");
    let bars = Bars::new();
    let begun = Instant::now();
    let mirror = Mirror::open_sqlite(&file, stack).await?;
    let first = sync(&mirror, bars.add_items("first")?).await?;

    change(&emulator);
    let second = sync(&mirror, bars.add_items("changes")?).await?;
    let time = begun.elapsed();
    println!(
        "The mirror took {} items with {} requests, then {} changes with {}: {} written, {} gone.",
        first.items, first.requests, second.items, second.requests, second.upserts, second.deletes,
    );

    let articles: Vec<Article> = mirror
        .entries("article")
        .locale("en-us")
        .filter(field("number").ge(ITEMS as u64 / 2))
        .order_by("number", Direction::Descending)
        .limit(3)
        .find()
        .await?;
    println!("The latest articles in English:");
    for article in &articles {
        println!("  {:>6}  {}", article.number.unwrap_or(0), article.title);
    }
    if articles.first().map(|article| article.title.as_str()) != Some("The latest of all") {
        return Err("the mirror does not have the latest article".into());
    }
    let (items, bytes) = compare(&mirror, emulator.published()).await?;
    Ok(Synced {
        service: "Contentstack (own server)".to_owned(),
        what: "an environment in SQLite".to_owned(),
        items,
        bytes,
        time,
        place: format!("{} and {}", emulator.url(), file.display()),
    })
}

/// Some items are published again, some are taken back, some deleted, and there
/// is a new article.
fn change(emulator: &Emulator) {
    for (number, item) in emulator.published().into_iter().step_by(8).enumerate() {
        let Published {
            kind, uid, locale, ..
        } = item;
        match (number % 8, kind) {
            (0, _) => {
                emulator.unpublish(kind, &uid, &locale);
            }
            (1, _) => {
                emulator.delete(kind, &uid, &locale);
            }
            (_, Kind::Entry) => {
                let draft = EntryDraft::new(item.content_type).uid(uid).locale(locale);
                emulator.publish_entry(draft.title("A newer version"));
            }
            _ => {}
        }
    }
    let draft = EntryDraft::new("article").title("The latest of all");
    emulator.publish_entry(draft.field("number", ITEMS));
}

async fn sync(mirror: &Mirror, bar: Bar) -> Result<Report> {
    let bar = Arc::new(Mutex::new(bar));
    let shown = Arc::clone(&bar);
    let report = mirror
        .sync()
        .on_progress(move |now: &Progress| {
            // A page without news has no total.
            if let Some(total) = now.total.filter(|total| *total > 0) {
                let mut bar = shown.lock().unwrap_or_else(PoisonError::into_inner);
                bar.set(now.items, total, "taking over pages");
            }
        })
        .await?;
    let bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
    bar.finish("up to date");
    Ok(report)
}

/// Sees that the mirror has what is published, byte for byte: how many items,
/// and how many bytes.
async fn compare(mirror: &Mirror, published: Vec<Published>) -> Result<(u64, u64)> {
    let mut here = BTreeMap::new();
    let entries = mirror.all_entries().rows().await?;
    let assets = mirror.assets().rows().await?;
    for row in entries.into_iter().chain(assets) {
        let kind = format!("{:?}", row.key.kind);
        let name = (kind, row.key.uid.to_string(), row.key.locale.to_string());
        here.insert(name, row.data.as_str().to_owned());
    }
    let mut bytes = 0;
    let count = published.len();
    for item in published {
        let kind = match item.kind {
            Kind::Entry => "Entry",
            Kind::Asset => "Asset",
        };
        bytes += item.data.len() as u64;
        let name = (kind.to_owned(), item.uid, item.locale);
        if here.remove(&name).as_ref() != Some(&item.data) {
            return Err(format!("{name:?} is another here").into());
        }
    }
    match here.len() {
        0 => Ok((count as u64, bytes)),
        more => Err(format!("{more} items are here that are not there").into()),
    }
}
