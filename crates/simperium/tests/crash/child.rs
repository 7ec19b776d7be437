//! What is killed.

use std::time::Duration;

use serde_json::{Value, json};
use simperium::Backoff;
use simperium::store::SqliteStore;
use simperium::syncer::{SyncedBucket, Syncer};

use crate::gates::Gates;
use crate::world::{APP, BUCKET, LOG, TOKEN};

pub(crate) const FILE: &str = "SIMPERIUM_CRASH_FILE";
pub(crate) const ORIGIN: &str = "SIMPERIUM_CRASH_ORIGIN";
pub(crate) const RUN: &str = "SIMPERIUM_CRASH_RUN";
pub(crate) const GATED: &str = "SIMPERIUM_CRASH_GATED";

/// Longer than any wait that ends.
const LIMIT: Duration = Duration::from_secs(60);

/// Not a test by itself: edits, syncs, and waits to be killed.
#[tokio::test(flavor = "multi_thread")]
async fn edits_until_it_is_killed() {
    let variable = |name| std::env::var(name).ok();
    let (Some(file), Some(origin), Some(run)) = (variable(FILE), variable(ORIGIN), variable(RUN))
    else {
        return;
    };
    // The harness has begun a line.
    println!();
    let store = SqliteStore::open(file).unwrap();
    let bucket = BUCKET.try_into().unwrap();
    let store = Gates::new(store, bucket, variable(GATED).is_some());
    let syncer = Syncer::builder(APP, TOKEN)
        .host(origin)
        .bucket(BUCKET)
        .store(store)
        .paused(true)
        .reconnect(Backoff::new(
            Duration::from_millis(1),
            Duration::from_millis(4),
        ))
        .start()
        .await
        .unwrap();
    let notes = syncer.bucket(BUCKET).unwrap();
    let run: u32 = run.parse().unwrap();

    // Without a connection, but in the first run, which has nothing to edit.
    if notes.get(LOG).await.unwrap().is_none() {
        syncer.resume().unwrap();
        syncer.wait_synced(LIMIT).await.unwrap();
    }
    append(&notes, run, 0).await;
    create(&notes, run, 0).await;
    syncer.resume().unwrap();
    syncer.wait_synced(LIMIT).await.unwrap();
    println!("> synced");
    // While it is: the second edit comes while the first is on its way.
    append(&notes, run, 1).await;
    append(&notes, run, 2).await;
    delete(&notes, run).await;
    create(&notes, run, 1).await;
    syncer.wait_synced(LIMIT).await.unwrap();
    println!("> done");
    // To be killed here, too.
    std::future::pending::<()>().await;
}

/// Adds a word to the text that all runs, and another device, write.
async fn append(notes: &SyncedBucket, run: u32, number: u32) {
    let word = crate::world::word(run, number);
    println!("> try word {word}");
    let before = notes.get(LOG).await.unwrap().unwrap();
    let mut after = before.clone();
    let text = before["text"].as_str().unwrap();
    after["text"] = Value::from(format!("{text}{word}\n"));
    let lost = notes.edit(LOG, &before, &after).await.unwrap();
    assert!(lost.is_empty());
    println!("> kept word {word}");
}

async fn create(notes: &SyncedBucket, run: u32, number: u32) {
    let key = format!("new-{run}-{number}");
    println!("> try object {key}");
    notes.put(&key, &json!({"run": run})).await.unwrap();
    println!("> kept object {key}");
}

/// Deletes what the run before has made first, if it is there.
async fn delete(notes: &SyncedBucket, run: u32) {
    let key = format!("new-{}-0", run.wrapping_sub(1));
    println!("> try delete {key}");
    if notes.delete(&key).await.unwrap() {
        println!("> kept delete {key}");
    }
}
