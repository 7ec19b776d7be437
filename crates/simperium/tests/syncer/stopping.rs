//! How a syncer ends.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use simperium::emulator::Fault;
use simperium::syncer::{Status, SyncError};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_stopped_syncer_has_closed_its_connection_and_does_nothing_more() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    let other = notes.clone();
    notes.syncer().stop().await.unwrap();
    assert_eq!(notes.syncer().status(), Status::Stopped);
    assert!(matches!(
        other.put("n", &json!({})).await,
        Err(SyncError::Stopped)
    ));
    assert!(matches!(other.get("n").await, Err(SyncError::Stopped)));
    assert!(matches!(
        other.wait_synced(LONG).await,
        Err(SyncError::Stopped)
    ));
    assert!(matches!(
        other.syncer().pause().await,
        Err(SyncError::Stopped)
    ));
    assert!(matches!(
        other.syncer().stop().await,
        Err(SyncError::Stopped)
    ));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!((emulator.sockets(), emulator.requests().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_flush_sends_what_waits_before_the_end() {
    let emulator = emulator();
    let latency = Duration::from_millis(100);
    emulator.configure(|config| config.latency = latency..latency);
    let notes = device(&emulator).await;
    for number in 0..500 {
        notes
            .put(format!("n{number}"), &json!({"n": number}))
            .await
            .unwrap();
    }
    notes.syncer().stop().flush(LONG).await.unwrap();
    assert_eq!(on_server(&emulator).len(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_takes_too_long_ends_all_the_same() {
    let emulator = emulator();
    let busy = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    emulator.fault("/sock/", 1000, busy).unwrap();
    let notes = device(&emulator).await;
    notes.put("n", &json!({"n": 1})).await.unwrap();
    let stopped = notes.syncer().stop().flush(Duration::from_secs(5)).await;
    assert!(
        matches!(stopped, Err(SyncError::TimedOut { pending: 1, .. })),
        "{stopped:?}"
    );
    assert!(matches!(notes.get("n").await, Err(SyncError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn without_edits_there_is_nothing_to_flush() {
    let emulator = emulator();
    emulator.silent(true);
    let notes = device(&emulator).await;
    notes.syncer().stop().flush(LONG).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_ends_it() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    let mut events = notes.subscribe();
    while events.try_next().is_some() {}
    assert_eq!(emulator.sockets(), 1);
    drop(notes);
    // Subscribers do not keep it.
    while events.next().await.is_some() {}
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(emulator.sockets(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_before_the_end_is_done() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    let object = json!({"n": 1});
    let syncer = notes.syncer();
    let (put, stopped) = tokio::join!(notes.put("n", &object), syncer.stop().send());
    put.unwrap();
    stopped.unwrap();
}
