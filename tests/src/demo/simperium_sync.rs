//! Two devices of one user: one goes offline, both edit, and they come to hold
//! the same.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use simperium::emulator::Emulator;
use simperium::store::SqliteStore;
use simperium::syncer::{Event, SyncedBucket, Syncer, SyncerBuilder};
use simperium::{Auth, Secret};
use tokio::time::Instant;

use super::Synced;
use super::progress::Bars;
use crate::Result;

const APP: &str = "demo-app";
const USER: &str = "ann@example.com";
const PASSWORD: &str = "secret";
/// Notes of about 2 KiB.
const NOTES: usize = 3_000;
/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Starts the service and two devices, and has them edit the same notes.
pub(super) async fn run() -> Result<Synced> {
    let emulator = Emulator::builder().start().await?;
    println!(
        "\nSimperium's websocket is at {}.",
        emulator.socket_url(APP)
    );
    let auth = Auth::builder(APP, "demo-key")
        .host(emulator.origin())
        .build()?;
    let user = auth.create(USER, PASSWORD).await?;
    let devices = Devices {
        origin: emulator.origin(),
        auth,
        token: user.access_token,
    };
    let bars = Bars::new();

    let phone = notes(devices.builder().paused(true)).await?;
    println!("The phone writes {NOTES} notes offline, and then goes online.");
    let all: Vec<(String, Value)> = (0..NOTES).map(note).collect();
    phone
        .put_all(all.iter().map(|(key, note)| (key.as_str(), note)))
        .await?;
    send(&phone, &bars).await?;

    let file = File::new();
    let begun = Instant::now();
    let laptop = devices.builder().store(SqliteStore::open(&file.0)?);
    let laptop = notes(laptop.paused(true)).await?;
    read(&laptop, &bars).await?;
    let edited = edit(&phone, &laptop).await?;
    let mut events = laptop.subscribe();
    laptop.syncer().resume()?;
    laptop.wait_synced(LIMIT).await?;
    phone.syncer().sync_now()?;
    phone.wait_synced(LIMIT).await?;
    let time = begun.elapsed();
    let mut kept = 0;
    while let Some(event) = events.try_next() {
        if matches!(event, Event::Conflict(_)) {
            kept += 1;
        }
    }
    println!(
        "Edits of both are merged in {edited} notes; {kept} were deleted there and kept here."
    );
    let (items, bytes) = compare(&emulator, &devices, &phone, &laptop).await?;
    for device in [&phone, &laptop] {
        device.syncer().stop().await?;
    }
    Ok(Synced {
        service: "Simperium (own server)".to_owned(),
        what: "bucket \"note\" on two devices".to_owned(),
        items,
        bytes,
        time,
        place: format!("{} and {}", emulator.origin(), file.0.display()),
    })
}

/// What devices of the user have in common.
struct Devices {
    origin: String,
    auth: Auth,
    token: Secret<String>,
}

impl Devices {
    fn builder(&self) -> SyncerBuilder {
        Syncer::builder(APP, self.token.clone())
            .token_source(self.auth.login(USER, PASSWORD))
            .host(&self.origin)
            .bucket("note")
    }
}

async fn notes(builder: SyncerBuilder) -> Result<SyncedBucket> {
    Ok(builder.start().await?.bucket("note")?)
}

fn note(number: usize) -> (String, Value) {
    let note = json!({
        "title": format!("Note {number}"),
        "content": "Eggs, milk, and a new broom. ".repeat(64),
        "pinned": number % 100 == 0,
    });
    (format!("note-{number}"), note)
}

/// Goes online, and shows how many notes have arrived.
async fn send(phone: &SyncedBucket, bars: &Bars) -> Result<()> {
    let mut bar = bars.add_items("phone")?;
    let mut events = phone.subscribe();
    phone.syncer().resume()?;
    let mut acknowledged = 0;
    while acknowledged < NOTES as u64 {
        match events.next().await.ok_or("the phone has stopped")? {
            Event::Acknowledged { .. } => acknowledged += 1,
            Event::Lagged(missed) => acknowledged += missed,
            _ => continue,
        }
        bar.set(acknowledged.min(NOTES as u64), NOTES as u64, "sending");
    }
    phone.wait_synced(LIMIT).await?;
    bar.finish("sent");
    Ok(())
}

/// The first sync of a device.
async fn read(laptop: &SyncedBucket, bars: &Bars) -> Result<()> {
    let mut bar = bars.add_items("laptop")?;
    let mut events = laptop.subscribe();
    laptop.syncer().resume()?;
    loop {
        match events.next().await.ok_or("the laptop has stopped")? {
            Event::Indexing { done, .. } => bar.set(done, NOTES as u64, "reading"),
            Event::Ready => break,
            _ => {}
        }
    }
    laptop.wait_synced(LIMIT).await?;
    bar.finish("read");
    Ok(())
}

/// Takes the laptop offline, and edits the same notes on both. Returns how many
/// those are.
async fn edit(phone: &SyncedBucket, laptop: &SyncedBucket) -> Result<usize> {
    laptop.syncer().pause().await?;
    let mut edited = 0;
    for number in (0..NOTES).step_by(50) {
        let (key, note) = note(number);
        let content = note["content"].as_str().unwrap_or_default();
        let there = content.replacen("milk", "oat milk", 1);
        phone.patch(&key, &json!({"content": there})).await?;
        let here = format!("{content}And a bucket.");
        laptop.patch(&key, &json!({"content": here})).await?;
        edited += 1;
    }
    // Deleted there, edited here: what is written stays.
    for number in (25..NOTES).step_by(1000) {
        let (key, _) = note(number);
        phone.delete(&key).await?;
        laptop
            .patch(&key, &json!({"title": "Not to forget"}))
            .await?;
    }
    phone.new(&json!({"title": "Made on the phone"})).await?;
    laptop.new(&json!({"title": "Made on the laptop"})).await?;
    phone.wait_synced(LIMIT).await?;
    Ok(edited)
}

/// Sees that both hold what the service has, and that nothing that was written
/// is missing: how many notes, and how many bytes.
async fn compare(
    emulator: &Emulator,
    devices: &Devices,
    phone: &SyncedBucket,
    laptop: &SyncedBucket,
) -> Result<(u64, u64)> {
    let there = emulator.objects(APP, devices.token.expose(), "note");
    let mut bytes = 0;
    for device in [phone, laptop] {
        let all = device.all().await?;
        if all.len() != there.len() {
            return Err(format!("{} notes there, {} here", there.len(), all.len()).into());
        }
        bytes = 0;
        for (key, object) in all {
            if there.get(key.as_str()).map(|(_, there)| there) != Some(&object) {
                return Err(format!("{key} is another here").into());
            }
            bytes += object.to_string().len() as u64;
        }
    }
    let (key, _) = note(50);
    let content = there
        .get(&key)
        .and_then(|(_, note)| note["content"].as_str());
    let both = |text: &str| text.starts_with("Eggs, oat milk") && text.ends_with("And a bucket.");
    if !content.is_some_and(both) {
        return Err(format!("{key} does not have what both have written").into());
    }
    if there.len() != NOTES + 2 {
        return Err(format!("{} notes of {}", there.len(), NOTES + 2).into());
    }
    Ok((there.len() as u64, bytes))
}

/// The laptop's store. Removed in the end.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        let name = format!("demo-simperium-{}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            let _ = fs::remove_file(path);
        }
    }
}
