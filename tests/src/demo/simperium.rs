//! A bucket that one client fills, and another keeps a copy of in a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use simperium::api::ChangeEvent;
use simperium::emulator::Emulator;
use simperium::jsondiff::apply;
use simperium::model::{BulkChange, Change, Cv, Operation};
use simperium::{Api, Auth, Bucket};
use tokio::time::Instant;

use super::Synced;
use super::progress::Bars;
use crate::Result;

const APP: &str = "demo-app";
const USER: &str = "joe@example.com";
const PASSWORD: &str = "secret";
/// Notes of about 2 KiB.
const NOTES: usize = 3_000;
/// How many are sent at once.
const BATCH: usize = 250;

/// Starts the service, fills a bucket, and keeps a copy of it up to date.
pub(super) async fn run() -> Result<Synced> {
    let emulator = Emulator::builder().start().await?;
    println!("\nSimperium is at {}.", emulator.origin());
    let auth = Auth::builder(APP, "demo-key")
        .host(emulator.origin())
        .build()?;
    let user = auth.create(USER, PASSWORD).await?;
    println!("{} writes {NOTES} notes on one device.", user.username);
    let phone = bucket(&emulator, &auth).await?;
    let bars = Bars::new();
    fill(&phone, &bars).await?;

    let begun = Instant::now();
    let laptop = bucket(&emulator, &auth).await?;
    let mut copy = Copy::begin()?;
    copy.index(&laptop, &bars).await?;
    let edited = edit(&phone).await?;
    let taken = copy.follow(&laptop, edited, &bars).await?;
    let time = begun.elapsed();
    println!("The copy has taken over {taken} changes.");
    let (items, bytes) = copy.compare(&laptop).await?;
    Ok(Synced {
        service: "Simperium (own server)".to_owned(),
        what: "bucket \"note\" in a file".to_owned(),
        items,
        bytes,
        time,
        place: format!("{} and {}", emulator.origin(), copy.file.display()),
    })
}

/// The user's notes, as another device sees them.
async fn bucket(emulator: &Emulator, auth: &Auth) -> Result<Bucket> {
    let user = auth.authorize(USER, PASSWORD).await?;
    let api = Api::builder(APP, user.access_token)
        .host(emulator.origin())
        .build()?;
    Ok(api.bucket("note")?)
}

fn note(number: usize) -> Value {
    json!({
        "title": format!("Note {number}"),
        "content": "Eggs, milk, and a new broom. ".repeat(64),
        "pinned": number % 100 == 0,
    })
}

async fn fill(phone: &Bucket, bars: &Bars) -> Result<()> {
    let mut bar = bars.add_items("phone")?;
    for begin in (0..NOTES).step_by(BATCH) {
        let end = NOTES.min(begin + BATCH);
        let changes = (begin..end)
            .map(|number| BulkChange::create(format!("note-{number}"), &note(number)))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        for result in phone.bulk(changes).await? {
            if !result.outcome.is_done() {
                return Err(format!("{} was not written", result.key).into());
            }
        }
        bar.set(end as u64, NOTES as u64, "writing");
    }
    bar.finish("written");
    Ok(())
}

/// Changes, removes and adds notes. Returns how many.
async fn edit(phone: &Bucket) -> Result<u64> {
    let mut edited = 0;
    for number in (0..NOTES).step_by(50) {
        let patch = json!({"content": note(number)["content"].as_str().map(|text| {
            text.replacen("milk", "oat milk", 1)
        })});
        phone.set(format!("note-{number}"), &patch).await?;
        edited += 1;
    }
    for number in (25..NOTES).step_by(100) {
        phone.delete(format!("note-{number}")).await?;
        edited += 1;
    }
    for _ in 0..20 {
        phone.new(&json!({"title": "Not to forget"})).await?;
        edited += 1;
    }
    Ok(edited)
}

/// A copy of a bucket in a file. Removed in the end.
struct Copy {
    file: PathBuf,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// After which change to go on.
    cv: Option<Cv>,
    notes: BTreeMap<String, Note>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    version: u64,
    data: Value,
}

impl Copy {
    fn begin() -> Result<Self> {
        let name = format!("demo-simperium-{}.json", std::process::id());
        let copy = Self {
            file: std::env::temp_dir().join(name),
            kept: Kept::default(),
        };
        copy.store()?;
        Ok(copy)
    }

    /// What is kept and from where to go on, together.
    fn store(&self) -> Result<()> {
        fs::write(&self.file, serde_json::to_vec(&self.kept)?)?;
        Ok(())
    }

    async fn index(&mut self, source: &Bucket, bars: &Bars) -> Result<()> {
        let mut bar = bars.add_items("laptop")?;
        let mut entries = source.index().data(true).limit(500).stream();
        while let Some(entry) = entries.next().await {
            let entry = entry?;
            let data = entry.data.ok_or("an entry without its note")?;
            let note = Note {
                version: entry.version,
                data,
            };
            self.kept.notes.insert(entry.key.into(), note);
            bar.set(self.kept.notes.len() as u64, NOTES as u64, "reading");
        }
        self.kept.cv = entries.first_current();
        self.store()?;
        bar.finish("read");
        Ok(())
    }

    /// Takes over so many changes.
    async fn follow(&mut self, source: &Bucket, count: u64, bars: &Bars) -> Result<u64> {
        let mut bar = bars.add_items("changes")?;
        let mut taken = 0;
        let mut changes = source.changes(self.kept.cv.clone()).stream();
        while taken < count {
            match changes.next().await.ok_or("the changes came to an end")?? {
                ChangeEvent::Change(change) => self.take(source, &change).await?,
                ChangeEvent::Reindex => return Err("the place was forgotten".into()),
                // The stream goes on by itself.
                _ => continue,
            }
            self.kept.cv = changes.position().cloned();
            taken += 1;
            bar.set(taken, count, "following");
        }
        self.store()?;
        bar.finish("up to date");
        Ok(taken)
    }

    async fn take(&mut self, source: &Bucket, change: &Change) -> Result<()> {
        if change.operation == Operation::Delete {
            self.kept.notes.remove(&change.id);
            return Ok(());
        }
        let (Some(version), Some(diff)) = (change.ev, change.diff()?) else {
            return Err(format!("a change of {} without its difference", change.id).into());
        };
        let known = self.kept.notes.get(&change.id);
        let data = match (known, change.sv) {
            // The index was newer than the change.
            (Some(known), _) if known.version >= version => return Ok(()),
            (Some(known), Some(sv)) if known.version == sv => apply(&known.data, &diff)?,
            (None, None | Some(0)) => apply(&json!({}), &diff)?,
            _ => {
                let read = source.get_version(&change.id, version).await?;
                read.ok_or("a version that is not there")?.data
            }
        };
        self.kept
            .notes
            .insert(change.id.clone(), Note { version, data });
        Ok(())
    }

    /// Reads the copy from disk, and sees that it is what the service has: how
    /// many notes, and how many bytes.
    async fn compare(&self, source: &Bucket) -> Result<(u64, u64)> {
        let text = fs::read(&self.file)?;
        let kept: Kept = serde_json::from_slice(&text)?;
        let mut entries = source.index().data(true).stream();
        let mut seen = 0;
        while let Some(entry) = entries.next().await {
            let entry = entry?;
            let note = kept.notes.get(entry.key.as_str());
            let same = |note: &&Note| {
                note.version == entry.version && Some(&note.data) == entry.data.as_ref()
            };
            note.filter(same)
                .ok_or_else(|| format!("{} is another here", entry.key))?;
            seen += 1;
        }
        if seen != kept.notes.len() {
            return Err(format!("{seen} notes there, {} here", kept.notes.len()).into());
        }
        Ok((seen as u64, text.len() as u64))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}
