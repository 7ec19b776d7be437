//! A database of a Django site, served, and synced into another.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use synctools::route::Route;
use synctools::store::{Clean, SqliteStore};
use synctools::{Client, Schema, SyncReport};
use tokio::time::Instant;

use super::Synced;
use super::progress::{Bar, Bars};
use crate::Result;
use crate::synctools::{Database, Django, Folder, Ours, Project, Site, TOKEN, sample};

/// Of the larger table.
const PRODUCTS: u64 = 20_000;

/// Serves a database, syncs it, changes it, syncs that; and takes the same of a
/// real Django where there is one.
pub(super) async fn run() -> Result<Synced> {
    let folder = Folder::of("synctools")?;
    let (there, here) = (
        folder.path().join("site.sqlite3"),
        folder.path().join("copy.sqlite3"),
    );
    sample::create(&there)?;
    sample::create(&here)?;
    sample::fill(&there, PRODUCTS as usize)?;

    let schema = sample::schema()?;
    let server = Route::builder(SqliteStore::open(&there).await?, schema.clone())
        .token(TOKEN)
        .prefix("/sync/")
        .app("shop", "shop")
        .build()?
        .listen(([127, 0, 0, 1], 0).into())
        .await?;
    let url = format!("http://{}/sync/", server.address());
    println!("\nA Django site's database is served at {url}.");
    let client = client(&url, schema, SqliteStore::open(&here).await?)?;

    let bars = Bars::new();
    let begun = Instant::now();
    let first = sync(
        &client,
        "shop",
        bars.add_items("first")?,
        Some(PRODUCTS + 40),
    )
    .await?;
    let left = sample::change(&there)?;
    let second = sync(&client, "shop", bars.add_items("changes")?, Some(left + 40)).await?;
    let time = begun.elapsed();
    println!(
        "The copy took {} rows, then {} of {} as they were: {} new, {} changed, {} gone.",
        first.inserted(),
        second.unchanged(),
        second.objects,
        second.inserted(),
        second.updated(),
        second.deleted(),
    );
    compare(&there, &here)?;
    if second.model("shop.product").map(|model| model.received()) != Some(left) {
        return Err("not all products came".into());
    }
    django(&bars).await?;
    Ok(Synced {
        service: "synctools (own route)".to_owned(),
        what: "an app into SQLite".to_owned(),
        items: first.objects + second.objects,
        bytes: first.bytes + second.bytes,
        time,
        place: format!("{url} and {}", here.display()),
    })
}

fn client(url: &str, schema: Schema, store: SqliteStore) -> Result<Client> {
    Ok(Client::builder()
        .api_url(url)
        .token(TOKEN)
        .schema(schema)
        .store(store)
        .build()?)
}

/// Syncs a path of which so many rows will come, where that is known.
async fn sync(client: &Client, path: &str, bar: Bar, total: Option<u64>) -> Result<SyncReport> {
    let bar = Arc::new(Mutex::new(bar));
    let shown = Arc::clone(&bar);
    let report = client
        .sync(path)
        .clean(Clean::Stale)
        .on_progress(move |now| {
            let mut bar = shown.lock().unwrap_or_else(PoisonError::into_inner);
            bar.set(now.objects, total.unwrap_or(now.objects).max(1), "written");
        })
        .await?;
    let bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
    bar.finish("committed");
    Ok(report)
}

/// Sees that both hold the same.
fn compare(there: &Path, here: &Path) -> Result<()> {
    if sample::contents(there)? != sample::contents(here)? {
        return Err("the copy is another".into());
    }
    Ok(())
}

/// The original serves, on the newest Django where it does.
async fn django(bars: &Bars) -> Result<()> {
    const APPS: [&str; 2] = ["catalog", "knots"];
    if Django::V2_2.peer().find().is_err() {
        println!("There is no Django here to sync from.");
        return Ok(());
    }
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V2_2, &source, &APPS)?;
    let site = Site::serve(Django::V2_2, &source)?;
    let copy = Database::sqlite()?;
    let mut here = Project::new(Django::V2_2, &copy)?;
    let ours = Ours::on(Django::V2_2, &copy, &APPS).await?;
    let report = sync(
        &ours.client(&site.api_url())?,
        "all",
        bars.add_items("django")?,
        None,
    )
    .await?;
    if here.rows(&APPS)? != there.rows_as_sent(&APPS)? {
        return Err("Django has something else in the copy".into());
    }
    here.ask(json!({"do": "check"}))?;
    println!(
        "A real one at {} gave {} rows of {} models; Django finds the same in the copy.",
        site.api_url(),
        report.objects,
        report.models.len()
    );
    Ok(())
}
