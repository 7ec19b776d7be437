//! What a program does with the objects of its own device.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use simperium::model::Key;
use simperium::syncer::{SyncError, SyncState};

use super::support::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
    tags: Vec<String>,
}

#[tokio::test(start_paused = true)]
async fn edits_are_there_at_once_without_a_connection() {
    let emulator = emulator();
    let syncer = builder(&emulator).paused(true).start().await.unwrap();
    let notes = notes(&syncer);

    notes
        .put("n1", &json!({"text": "milk", "n": 1}))
        .await
        .unwrap();
    notes.patch("n1", &json!({"n": 2})).await.unwrap();
    assert_eq!(
        notes.get("n1").await.unwrap(),
        Some(json!({"text": "milk", "n": 2}))
    );
    let made = notes.new(&json!({"text": "new"})).await.unwrap();
    assert_eq!(made.as_str().len(), 32);
    assert!(notes.delete(&made).await.unwrap());
    assert!(!notes.delete(&made).await.unwrap());
    assert_eq!(notes.get(&made).await.unwrap(), None);
    assert!(matches!(
        notes.patch("nope", &json!({"n": 1})).await,
        Err(SyncError::NotFound)
    ));

    assert_eq!(notes.status("n1").await.unwrap().state, SyncState::Waiting);
    assert_eq!(notes.status("nope").await.unwrap().state, SyncState::Absent);
    let pending = notes.pending().await.unwrap();
    assert_eq!(pending, [(Key::new("n1").unwrap(), SyncState::Waiting)]);
    let late = notes.wait_synced(Duration::from_secs(5)).await;
    assert!(
        matches!(late, Err(SyncError::TimedOut { pending: 1, .. })),
        "{late:?}"
    );
    assert_eq!(emulator.requests().len(), 0);

    syncer.resume().unwrap();
    assert_eq!(converge(&emulator, &[&notes]).await.len(), 1);
    let status = notes.status("n1").await.unwrap();
    assert_eq!((status.state, status.version), (SyncState::Synced, Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_may_have_a_type() {
    let emulator = emulator();
    let syncer = builder(&emulator).start().await.unwrap();
    let notes = syncer.bucket_as::<Note>("note").unwrap();
    let note = |text: &str| Note {
        text: text.to_owned(),
        tags: vec!["a".to_owned()],
    };
    notes
        .put_all([("b", &note("two")), ("a", &note("one"))])
        .await
        .unwrap();
    notes.wait_synced(LONG).await.unwrap();
    let all = notes.all().await.unwrap();
    let keys: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(all[0].1, note("one"));
    let rest = notes.page(Some(all[0].0.clone()), 10).await.unwrap();
    assert_eq!(rest.len(), 1);

    // Something else than a note.
    syncer
        .bucket("note")
        .unwrap()
        .put("c", &json!({"x": 1}))
        .await
        .unwrap();
    assert!(matches!(notes.get("c").await, Err(SyncError::Service(_))));
}

#[tokio::test(start_paused = true)]
async fn what_came_while_a_user_typed_stays() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    let read = json!({"text": "milk", "done": false});
    one.put("n", &read).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    two.patch("n", &json!({"text": "oat milk"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;

    let typed = json!({"text": "milk, eggs", "done": true});
    let lost = one.edit("n", &read, &typed).await.unwrap();
    assert!(lost.is_empty(), "{lost:?}");
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there["n"], json!({"text": "oat milk, eggs", "done": true}));

    // Of an object that is gone, all is there again.
    two.delete("n").await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    one.edit("n", &typed, &read).await.unwrap();
    assert_eq!(converge(&emulator, &[&one, &two]).await["n"], read);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_before_anything_is_stored() {
    let emulator = emulator();
    let syncer = builder(&emulator).start().await.unwrap();
    let notes = notes(&syncer);
    assert!(matches!(
        notes.put("a b", &json!({})).await,
        Err(SyncError::Name(_))
    ));
    assert!(matches!(
        notes.put("a", &json!([1])).await,
        Err(SyncError::Service(_))
    ));
    assert!(
        matches!(syncer.bucket("other"), Err(SyncError::UnknownBucket(name)) if name == "other")
    );
    assert!(matches!(syncer.bucket("a b"), Err(SyncError::Name(_))));
    let nothing: [(&str, &serde_json::Value); 2] = [("a", &json!({})), ("b", &json!(1))];
    assert!(notes.put_all(nothing).await.is_err());
    assert_eq!(objects(&notes).await.len(), 0);
    let none = simperium::syncer::Syncer::builder("app", TOKEN)
        .start()
        .await;
    assert!(matches!(none, Err(SyncError::Service(_))));
    let empty = with_token(&emulator, " ").start().await;
    assert!(matches!(empty, Err(SyncError::Service(_))));
}

#[tokio::test(start_paused = true)]
async fn edits_that_follow_each_other_can_be_sent_as_one() {
    let emulator = emulator();
    let builder = builder(&emulator).quiet(Duration::from_secs(2));
    let notes = notes(&builder.start().await.unwrap());
    synced(&notes).await;
    for length in 1..=5 {
        notes
            .put("n", &json!({"text": "x".repeat(length)}))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    synced(&notes).await;
    assert_eq!(sent(&emulator, "c").len(), 1);
    assert_eq!(on_server(&emulator)["n"], json!({"text": "xxxxx"}));

    // Unless it is asked for at once.
    notes.put("n", &json!({"text": "now"})).await.unwrap();
    let begun = tokio::time::Instant::now();
    notes.syncer().sync_now().unwrap();
    synced(&notes).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_versions_of_an_object_are_read_from_the_service() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    for number in 1..=3 {
        notes.put("a.b", &json!({"n": number})).await.unwrap();
        synced(&notes).await;
    }
    let versions = notes.revisions("a.b").collect().await.unwrap();
    let numbers: Vec<_> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [Some(3), Some(2), Some(1)]);
    assert_eq!(versions[2].data, json!({"n": 1}));
}
