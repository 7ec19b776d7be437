//! A device that is switched off and on again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use simperium::emulator::Emulator;
use simperium::store::{SqliteStore, StoreErrorKind};
use simperium::syncer::{SyncState, SyncedBucket};

use super::support::*;

/// A file of a test's own. It is removed with this value.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "simperium-syncer-{}-{}.db",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }

    async fn device(&self, emulator: &Emulator) -> SyncedBucket {
        let store = SqliteStore::open(&self.0).unwrap();
        notes(&builder(emulator).store(store).start().await.unwrap())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", "-lock"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn edits_that_were_not_sent_are_sent_after_a_restart() {
    let emulator = emulator();
    let file = File::new();
    let notes = file.device(&emulator).await;
    let client = notes.syncer().client_id().clone();
    notes.put("n", &json!({"text": "one"})).await.unwrap();
    synced(&notes).await;
    notes.syncer().pause().await.unwrap();
    notes.put("n", &json!({"text": "one two"})).await.unwrap();
    notes.put("m", &json!({"n": 1})).await.unwrap();
    notes.syncer().stop().await.unwrap();

    let other = device(&emulator).await;
    other.patch("n", &json!({"done": true})).await.unwrap_err();
    synced(&other).await;
    other.patch("n", &json!({"done": true})).await.unwrap();
    synced(&other).await;

    let notes = file.device(&emulator).await;
    assert_eq!(notes.syncer().client_id(), &client);
    assert_eq!(
        notes.get("n").await.unwrap(),
        Some(json!({"text": "one two"}))
    );
    let there = converge(&emulator, &[&notes, &other]).await;
    assert_eq!(there["n"], json!({"text": "one two", "done": true}));
    assert_eq!(there.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_on_its_way_is_made_once() {
    let emulator = emulator();
    let file = File::new();
    let notes = file.device(&emulator).await;
    synced(&notes).await;
    // It is made, and the device is switched off before it hears of it.
    emulator.drop_after_write(1);
    notes.put("n", &json!({"text": "x"})).await.unwrap();
    while emulator.changes_made() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(notes.status("n").await.unwrap().state, SyncState::Sent);
    notes.syncer().stop().await.unwrap();

    let notes = file.device(&emulator).await;
    let there = converge(&emulator, &[&notes]).await;
    assert_eq!(there["n"], json!({"text": "x"}));
    assert_eq!(emulator.changes_made(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_was_synced_reads_only_what_is_new() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 500, 10);
    let file = File::new();
    let notes = file.device(&emulator).await;
    synced(&notes).await;
    notes.syncer().stop().await.unwrap();
    emulator.clear_log();
    let notes = file.device(&emulator).await;
    synced(&notes).await;
    assert_eq!(objects(&notes).await.len(), 500);
    let init = sent(&emulator, "init").remove(0);
    assert!(init.contains("cv:"), "{init}");
    assert_eq!(sent(&emulator, "i").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_store_of_another_app_is_refused() {
    let emulator = emulator();
    let file = File::new();
    file.device(&emulator).await.syncer().stop().await.unwrap();
    let other = simperium::syncer::Syncer::builder("other", TOKEN)
        .transport(emulator.transport())
        .store(SqliteStore::open(&file.0).unwrap())
        .bucket("note");
    let error = other.start().await.unwrap_err();
    assert_eq!(error.store(), Some(StoreErrorKind::Mismatch));
}
