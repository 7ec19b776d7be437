//! Two Syncthing daemons share a folder.

use std::time::Duration;

use syncthing_rest::Client;
use syncthing_rest::wait::{Snapshot, WaitError, decide};
use tokio::time::Instant;
use xtask::peers::syncthing::Version;

use super::Synced;
use super::progress::{Bar, Bars};
use crate::Result;
use crate::syncthing::{Pair, Size, file_count, write_file, write_files};

const FOLDER: &str = "demo";
/// Small files of 20 KiB, and large ones of 4 MiB.
const SMALL: u32 = 300;
const LARGE: u32 = 6;
/// Long enough for a slow machine.
const LIMIT: Duration = Duration::from_secs(180);

/// Starts two daemons, lets files appear at one, and follows them to the other.
/// `None` where there is no daemon, which is said.
pub(super) async fn run() -> Result<Option<Synced>> {
    let Some(version) = newest() else {
        return Ok(None);
    };
    println!("Starting two daemons, {version}, in temporary folders.");
    let pair = Pair::start(version)
        .await?
        .ok_or("the daemon has disappeared")?;
    for (name, lab) in [("one", &pair.one), ("two", &pair.two)] {
        let what = lab.client.system().version().await?;
        let id = lab.id()?.short();
        println!("{name}: {} ({id}) at {}", what.version, lab.daemon.url());
    }
    pair.share(FOLDER).await?;

    println!("{} files appear at one.", SMALL + LARGE);
    let source = pair.one.path(FOLDER);
    write_files(&source, SMALL, Size::Bytes(20 << 10))?;
    for number in 0..LARGE {
        write_file(
            &source.join(format!("large-{number}")),
            Size::Bytes(4 << 20),
        )?;
    }

    let begun = Instant::now();
    pair.one.client.folder(FOLDER).scan().await?;
    let bars = Bars::new();
    let (one, two) = tokio::join!(
        follow(&pair.one.client, bars.add("one")?),
        follow(&pair.two.client, bars.add("two")?),
    );
    let time = begun.elapsed();
    one?;
    let snapshot = two?;

    let (sent, got) = (file_count(&source)?, file_count(&pair.two.path(FOLDER))?);
    if sent != got {
        return Err(format!("one has {sent} files, and two has {got}").into());
    }
    let status = snapshot
        .folders
        .values()
        .next()
        .map(|folder| &folder.status);
    Ok(Some(Synced {
        service: version.to_string(),
        what: format!("folder {FOLDER:?} of two daemons"),
        items: got as u64,
        bytes: status.map_or(0, |status| u64::try_from(status.local_bytes).unwrap_or(0)),
        time,
        place: format!("{} and {}", pair.one.daemon.url(), pair.two.daemon.url()),
    }))
}

/// Shows on `bar` how far the folder is, here and there, until it is in sync.
async fn follow(client: &Client, mut bar: Bar) -> Result<Snapshot, WaitError> {
    let result = client
        .folder(FOLDER)
        .wait_until_in_sync()
        .keep_waiting()
        .deadline(LIMIT)
        .on_progress(|now| bar.set(now.bytes_done(), now.bytes_total(), &doing(now)))
        .await;
    bar.finish(match &result {
        Ok(_) => "in sync, here and there",
        Err(_) => "not in sync",
    });
    result
}

fn doing(now: &Snapshot) -> String {
    let state = now
        .folders
        .values()
        .next()
        .map(|folder| &folder.status.state);
    match state {
        Some(state) => format!("{state}, {} items to go; {}", now.items_left(), decide(now)),
        None => String::new(),
    }
}

/// The newest daemon that is here.
fn newest() -> Option<Version> {
    let mut missing = Vec::new();
    for &version in Version::ALL.iter().rev() {
        match version.find() {
            Ok(_) => return Some(version),
            Err(why) => missing.push(format!("  {}: {}", why.peer, why.reason)),
        }
    }
    println!(
        "There is no Syncthing daemon here, so this part is left out:\n{}\n`cargo xtask peers \
         install` fetches one from Debian's archive; so does `apt-get install syncthing` where \
         you may do that.",
        missing.join("\n")
    );
    None
}
