//! Our client and our mirror.

use std::fs;
use std::path::{Path, PathBuf};

use contentstack_sync::emulator::{ACCESS_TOKEN, API_KEY, ENVIRONMENT};
use contentstack_sync::mirror::{Mirror, Shards};
use contentstack_sync::{RateLimit, Stack};
use sync_core::Body;
use sync_core::Transport as _;
use sync_core::hyper::{HyperTransport, TlsConfig};
use tokio::time::Instant;

use super::client::{PATIENCE, Place};
use super::{Result, Run};

/// The locales of what the server has.
const LOCALES: [&str; 3] = ["en-us", "fr-fr", "de-de"];
/// Four content types and the assets, in three locales.
const CHAINS: usize = 15;

fn transport(place: &Place<'_>) -> Result<HyperTransport> {
    let tls = TlsConfig::builder()
        .add_root_pem(&place.authority)
        .only_added_roots()
        .build()?;
    Ok(HyperTransport::builder().tls(tls).build()?)
}

fn url(place: &Place<'_>) -> String {
    format!("https://127.0.0.1:{}", place.port)
}

/// Without the limit of requests, which would be all that is measured: it lets
/// 80 pages a second through.
fn stack(place: &Place<'_>) -> Result<Stack> {
    let builder = Stack::builder(API_KEY, ACCESS_TOKEN, ENVIRONMENT)
        .host(url(place))
        .timeout(PATIENCE)
        .rate_limit(RateLimit::unlimited())
        .transport(transport(place)?);
    Ok(builder.build()?)
}

pub(super) async fn stream(place: &Place<'_>) -> Result<Run> {
    let begun = Instant::now();
    let mut pages = stack(place)?.sync_init().pages();
    let (mut items, mut bytes) = (0, 0);
    while let Some(page) = pages.next().await {
        for item in &page?.items {
            items += 1;
            bytes += item.data().map_or(0, |data| data.as_str().len());
        }
    }
    std::hint::black_box(bytes);
    Run::until_now(begun.elapsed().as_secs_f64(), items)
}

/// A database that is removed in the end.
struct Database(PathBuf);

impl Database {
    fn new(place: &Place<'_>) -> Self {
        Self(place.folder.join(format!("{}.db", std::process::id())))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        remove_database(&self.0);
    }
}

/// With what SQLite keeps beside it.
pub(super) fn remove_database(file: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let _ = fs::remove_file(name);
    }
}

pub(super) async fn mirror(place: &Place<'_>) -> Result<Run> {
    sync(place, Shards::none()).await
}

pub(super) async fn sharded(place: &Place<'_>) -> Result<Run> {
    let shards = Shards::by_content_type().locales(LOCALES);
    sync(place, shards.max_chains(CHAINS)).await
}

/// From nothing to a mirror that is ready.
async fn sync(place: &Place<'_>, shards: Shards) -> Result<Run> {
    let database = Database::new(place);
    let begun = Instant::now();
    let mirror = Mirror::open_sqlite(&database.0, stack(place)?).await?;
    let report = mirror.sync().sharded(shards).await?;
    let seconds = begun.elapsed().as_secs_f64();
    if !report.complete {
        return Err(format!("the mirror is not complete: {report:?}").into());
    }
    Run::until_now(seconds, report.upserts)
}

pub(super) async fn empty_delta(place: &Place<'_>) -> Result<Run> {
    let database = Database::new(place);
    let mirror = Mirror::open_sqlite(&database.0, stack(place)?).await?;
    mirror.sync().await?;
    let before = requests(place).await?;
    let begun = Instant::now();
    mirror.sync().await?;
    let seconds = begun.elapsed().as_secs_f64();
    Run::until_now(seconds, requests(place).await? - before)
}

/// How many requests the server has seen.
async fn requests(place: &Place<'_>) -> Result<u64> {
    let uri = format!("{}/count", url(place));
    let request = http::Request::get(uri).body(Body::empty())?;
    let answer = transport(place)?.send(request).await?;
    let text = answer.into_body().collect(64).await?;
    Ok(std::str::from_utf8(&text)?.parse()?)
}
