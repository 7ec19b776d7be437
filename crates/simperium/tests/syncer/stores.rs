//! A store that fails now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use simperium::store::{MemoryStore, Store, StoreError, StoreErrorKind, Work};

use super::support::*;

/// Fails while it is told to, after all the work was done.
#[derive(Debug)]
struct Flaky {
    store: MemoryStore,
    full: Arc<AtomicBool>,
}

impl Store for Flaky {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let full = self.full.load(Ordering::Relaxed);
        self.store.transaction(&mut |tx| {
            work(tx)?;
            match full {
                true => Err(StoreError::new(StoreErrorKind::Full, "")),
                false => Ok(()),
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_full_loses_nothing_that_it_had() {
    let emulator = emulator();
    let full = Arc::new(AtomicBool::new(false));
    let store = Flaky {
        store: MemoryStore::new(),
        full: Arc::clone(&full),
    };
    let one = notes(&builder(&emulator).store(store).start().await.unwrap());
    let two = device(&emulator).await;
    one.put("n", &json!({"text": "one"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;

    full.store(true, Ordering::Relaxed);
    let refused = one.put("n", &json!({"text": "two"})).await.unwrap_err();
    assert_eq!(refused.store(), Some(StoreErrorKind::Full));
    two.put("m", &json!({"from": "two"})).await.unwrap();
    synced(&two).await;
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!(sent(&emulator, "c").len(), 2);

    full.store(false, Ordering::Relaxed);
    one.put("o", &json!({"text": "three"})).await.unwrap();
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there["n"], json!({"text": "one"}));
    assert_eq!(there.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_ends_the_syncer_and_is_said_to() {
    #[derive(Debug)]
    struct Panics(MemoryStore, Arc<AtomicBool>);

    impl Store for Panics {
        fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
            assert!(!self.1.load(Ordering::Relaxed), "on purpose");
            self.0.transaction(work)
        }
    }

    let emulator = emulator();
    let panics = Arc::new(AtomicBool::new(false));
    let store = Panics(MemoryStore::new(), Arc::clone(&panics));
    let notes = notes(&builder(&emulator).store(store).start().await.unwrap());
    synced(&notes).await;
    let mut events = notes.subscribe();
    panics.store(true, Ordering::Relaxed);
    assert!(notes.put("n", &json!({"n": 1})).await.is_err());
    while events.next().await.is_some() {}
    assert_eq!(notes.syncer().status(), simperium::syncer::Status::Stopped);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(emulator.sockets(), 0);
}
