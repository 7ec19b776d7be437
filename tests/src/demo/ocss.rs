//! A SyncServer and a copy of one of its datastores on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ocss::api::ContentCollection;
use ocss::emulator::{Account, Emulator};
use ocss::model::{Change, Changes, Since};
use ocss::oauth1::percent_encode;
use ocss::{SyncServerApi, SyncServerAuth};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Synced;
use super::progress::Bars;
use crate::Result;

const STORE: &str = "my-datastore-client-id";
/// Contacts of about 8 KiB, with a picture each.
const CONTACTS: u32 = 240;
const PICTURE: usize = 8 << 10;
/// Before anything that is in the datastore.
const BEGINNING: &str = "2000-01-01T000000Z";

/// Starts the service, fills a datastore, and keeps a copy of it up to date.
pub(super) async fn run() -> Result<Synced> {
    let emulator = Emulator::builder().page_size(25).start().await?;
    println!("\nA SyncServer is at {}.", emulator.url());
    let phone = client(&emulator)?;
    let vendors = phone.phones().vendors().list().await?;
    let mut counts = Vec::new();
    for vendor in &vendors {
        let name = vendor.name().await?;
        counts.push(format!("{name} {}", vendor.models().len().await?));
    }
    println!("It knows the phones {}.", counts.join(", "));

    let there = contents(&phone).await?;
    println!("{CONTACTS} contacts appear in the datastore {STORE}.");
    let mut ids = Vec::new();
    for number in 0..CONTACTS {
        let contact = there
            .new(contact(number), "text/x-vcard")
            .title(format!("Kari {number}"));
        ids.push(contact.send().await?.id().clone());
    }

    // Another program, which keeps a copy. By the service's clock, which tells
    // whole seconds, it comes a minute later.
    emulator.set_clock_offset(60);
    let begun = Instant::now();
    let source = contents(&client(&emulator)?).await?;
    let bars = Bars::new();
    let mut copy = Copy::begin(temporary_folder()?);
    let first = copy.follow(&source, &bars, "first").await?;

    emulator.set_clock_offset(120);
    let (gone, changed) = ids.split_at(20);
    for id in gone {
        there.delete(id).await?;
    }
    for id in changed.iter().take(30) {
        let content = there.get(id.clone()).await?;
        content
            .update_with(|change| change.title("Kari, married"))
            .await?;
    }
    let second = copy.follow(&source, &bars, "changes").await?;
    let time = begun.elapsed();

    println!(
        "The copy took {} changes, then {}, 20 of them deletions, up to {}.",
        first.changes.len(),
        second.changes.len(),
        copy.index.mark.as_deref().unwrap_or("no time at all"),
    );
    let (items, bytes) = copy.compare(&source).await?;
    let place = format!("{} and {}", emulator.url(), copy.folder.display());
    Ok(Synced {
        service: "SyncServer (own server)".to_owned(),
        what: format!("datastore {STORE:?} on disk"),
        items,
        bytes,
        time,
        place,
    })
}

fn client(emulator: &Emulator) -> Result<SyncServerApi> {
    let alice = Account::alice();
    let auth = SyncServerAuth::new(
        alice.consumer_key(),
        alice.consumer_secret().clone(),
        alice.access_key(),
        alice.access_secret().clone(),
    );
    Ok(SyncServerApi::builder()
        .base_url(emulator.url())
        .auth(auth)
        .build()?)
}

async fn contents(api: &SyncServerApi) -> Result<ContentCollection> {
    Ok(api.clients().datastore().get(STORE).await?.contents())
}

fn contact(number: u32) -> String {
    let picture = "R0lGODlhAQABAIAA".repeat(PICTURE / 16);
    format!(
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Nordmann {number};Kari\r\nPHOTO:{picture}\r\nEND:VCARD\r\n"
    )
}

fn temporary_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("demo-ocss-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A copy of a datastore: a file for each item, and an index. Removed in the
/// end.
struct Copy {
    folder: PathBuf,
    index: Index,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Index {
    /// From when on to ask for changes, by the service's clock.
    mark: Option<String>,
    items: BTreeMap<String, Item>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Item {
    title: Option<String>,
    media_type: Option<String>,
    dataclass: Option<String>,
    bytes: u64,
}

impl Copy {
    fn begin(folder: PathBuf) -> Self {
        Self {
            folder,
            index: Index::default(),
        }
    }

    /// Takes over what has changed since the last time. The mark is written
    /// last: what is cut off is done again, which harms nobody.
    async fn follow(
        &mut self,
        source: &ContentCollection,
        bars: &Bars,
        name: &str,
    ) -> Result<Changes> {
        let mark = self
            .index
            .mark
            .clone()
            .unwrap_or_else(|| BEGINNING.to_owned());
        let changes = source.changes(mark.as_str()).await?;
        let mut all = Vec::new();
        for change in &changes.changes {
            let data = match &change.content {
                Some(content) => Some(content.data().await?),
                None => None,
            };
            all.push((change, data));
        }
        let sizes = all
            .iter()
            .map(|(_, data)| data.as_ref().map_or(0, |data| data.len() as u64));
        let (total, mut done) = (sizes.sum(), 0);
        let mut bar = bars.add(name)?;
        for (change, data) in &all {
            self.take(change, data.as_ref().map(|data| data.as_bytes()))
                .await?;
            done += data.as_ref().map_or(0, |data| data.len() as u64);
            bar.set(done, total, "taking over changes");
        }
        self.index.mark = changes
            .next_mark()
            .map(|mark: &Since| mark.as_str().to_owned());
        fs::write(
            self.folder.join("index.json"),
            serde_json::to_vec_pretty(&self.index)?,
        )?;
        bar.finish("up to date");
        Ok(changes)
    }

    async fn take(&mut self, change: &Change, data: Option<&[u8]>) -> Result<()> {
        let id = change.id.as_str();
        let file = data_file(&self.folder, id);
        match (&change.content, data) {
            (Some(content), Some(data)) => {
                fs::write(file, data)?;
                let item = Item {
                    title: content.title().await?,
                    media_type: content.media_type().await?,
                    dataclass: content.dataclass().await?.map(|class| class.to_string()),
                    bytes: data.len() as u64,
                };
                self.index.items.insert(id.to_owned(), item);
            }
            // It may never have been here.
            _ => {
                if self.index.items.remove(id).is_some() {
                    fs::remove_file(file)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the copy from disk, and sees that it is what the service has:
    /// how many items, and how many bytes.
    async fn compare(&self, source: &ContentCollection) -> Result<(u64, u64)> {
        let index: Index = serde_json::from_slice(&fs::read(self.folder.join("index.json"))?)?;
        source.refresh();
        let there = source.list().await?;
        if there.len() != index.items.len() {
            return Err(format!("{} items there, {} here", there.len(), index.items.len()).into());
        }
        let mut bytes = 0;
        for content in &there {
            let id = content.id().as_str();
            let item = index
                .items
                .get(id)
                .ok_or_else(|| format!("{id} is not here"))?;
            let data = fs::read(data_file(&self.folder, id))?;
            if data != content.data().await?.as_bytes() || item.title != content.title().await? {
                return Err(format!("{id} is another here").into());
            }
            bytes += data.len() as u64;
        }
        Ok((index.items.len() as u64, bytes))
    }
}

/// An id may hold any character; a file's name may not.
fn data_file(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{}.data", percent_encode(id)))
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
