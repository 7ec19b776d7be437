//! This project's client.

use serde::{Deserialize, Serialize};
use simperium::{Api, Bucket};
use tokio::time::Instant;

use super::calls::{Call, ENTITY, TOKEN};
use crate::Result;
use crate::cost::Cost;

/// What the emulator puts into a bucket.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    content: String,
    number: u64,
    tags: Vec<String>,
}

/// A change of one key.
#[derive(Debug, Serialize)]
struct Patch {
    n: u64,
}

/// The bucket that is called.
pub(super) struct Ours(Bucket<Note>);

impl Ours {
    pub(super) fn new(api: Api) -> Result<Self> {
        Ok(Self(api.bucket_as("note")?))
    }

    pub(super) async fn call(&self, call: Call, number: u64) -> Result<()> {
        match call {
            Call::Set => {
                self.0.set(ENTITY, &Patch { n: number }).await?;
            }
            Call::Get => {
                let found = self.0.get("k0").await?;
                found.ok_or("the entity is not there")?;
            }
        }
        Ok(())
    }
}

/// What is read, in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reading {
    /// All pages of an index.
    Index,
    /// The same with data.
    IndexData,
    /// Nothing.
    Idle,
}

impl Reading {
    pub(super) const ALL: [Self; 3] = [Self::Index, Self::IndexData, Self::Idle];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::IndexData => "index-data",
            Self::Idle => "idle",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|reading| reading.name() == name);
        Ok(found.ok_or_else(|| format!("there is no reading `{name}`"))?)
    }
}

/// Reads all of it; there have to be `count` entries.
pub(super) fn read(reading: Reading, host: &str, count: u32) -> Result<Cost> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let api = Api::builder("bench", TOKEN)
            .host(format!("http://{host}"))
            .build()?;
        let note = api.bucket("note")?;
        let begun = Instant::now();
        match reading {
            Reading::Index => index(&note, false, count).await?,
            Reading::IndexData => index(&note, true, count).await?,
            Reading::Idle => {}
        }
        Cost::until_now(begun.elapsed().as_secs_f64(), 0)
    })
}

async fn index(note: &Bucket, data: bool, count: u32) -> Result<()> {
    let mut entries = note.index().data(data).stream();
    let mut seen = 0;
    while let Some(entry) = entries.next().await {
        if entry?.data.is_some() != data {
            return Err("an entry is not what was asked for".into());
        }
        seen += 1;
    }
    if seen != count {
        return Err(format!("{seen} entries instead of {count}").into());
    }
    Ok(())
}
