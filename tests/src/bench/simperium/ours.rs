//! This project's client.

use serde::{Deserialize, Serialize};
use simperium::{Api, Bucket};
use tokio::time::Instant;

use super::calls::{TOKEN, Way, value};
use crate::Result;
use crate::cost::Cost;

pub(super) fn call(way: Way, host: &str, count: u32) -> Result<Cost> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let api = Api::builder("bench", TOKEN)
            .host(format!("http://{host}"))
            .build()?;
        let note = api.bucket_as::<Note>("note")?;
        let any = api.bucket("note")?;
        // Opens the way, as with the floor.
        if way.is_repeated() {
            once(&note, way, 0).await?;
        }
        let begun = Instant::now();
        match way {
            Way::Set | Way::Get => {
                for number in 1..=count {
                    once(&note, way, number).await?;
                }
            }
            Way::Index => index(&any, false, count).await?,
            Way::IndexData => index(&any, true, count).await?,
            Way::Idle => {}
        }
        Cost::until_now(begun.elapsed().as_secs_f64(), 0)
    })
}

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

async fn once(note: &Bucket<Note>, way: Way, number: u32) -> Result<()> {
    if way == Way::Set {
        note.set("ours", &Patch { n: value(number) }).await?;
    } else if note.get("k0").await?.is_none() {
        return Err("the entity is not there".into());
    }
    Ok(())
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
