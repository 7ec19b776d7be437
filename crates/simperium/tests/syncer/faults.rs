//! A service that refuses, forgets, and repeats itself.

use std::time::Duration;

use serde_json::json;
use simperium::model::ChangeErrorCode;
use simperium::syncer::{Event, SyncState};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_busy_service_is_asked_again_later_with_the_same_change() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    emulator.change_errors([503, 503, 500]);
    notes.put("n", &json!({"n": 1})).await.unwrap();
    synced(&notes).await;
    let changes = sent(&emulator, "c");
    assert_eq!(changes.len(), 4);
    assert!(changes.iter().all(|change| *change == changes[0]));
    assert_eq!(on_server(&emulator)["n"], json!({"n": 1}));
}

#[tokio::test(start_paused = true)]
async fn many_edits_at_once_reach_a_service_that_is_busy_now_and_then() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    synced(&one).await;
    emulator.change_errors([503; 100]);
    let note = json!({"text": "one of many"});
    let many = (0..1000).map(|number| (format!("n{number}"), &note));
    one.put_all(many).await.unwrap();
    assert_eq!(converge(&emulator, &[&one, &two]).await.len(), 1000);
    assert_eq!(emulator.changes_made(), 1000);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_waits_until_it_is_edited() {
    let emulator = emulator();
    emulator.configure(|config| config.max_object_bytes = 100);
    let notes = device(&emulator).await;
    let mut events = notes.subscribe();
    let large = json!({"text": "x".repeat(200)});
    notes.put("n", &large).await.unwrap();
    let reason = until(&mut events, |event| match event {
        Event::Rejected { key, reason, .. } if key == "n" => Some(reason),
        _ => None,
    })
    .await;
    assert_eq!(reason, ChangeErrorCode::TooLarge);
    let rejected = SyncState::Rejected(Some(ChangeErrorCode::TooLarge));
    assert_eq!(notes.status("n").await.unwrap().state, rejected);
    assert_eq!(notes.pending().await.unwrap().len(), 1);

    // It holds up nothing, and is not sent again and again.
    notes.put("m", &json!({"n": 1})).await.unwrap();
    synced(&notes).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(sent(&emulator, "c").len(), 2);
    assert_eq!(notes.get("n").await.unwrap(), Some(large));

    notes.put("n", &json!({"text": "short"})).await.unwrap();
    assert_eq!(
        converge(&emulator, &[&notes]).await["n"],
        json!({"text": "short"})
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_rejected_can_be_tried_again_as_it_is() {
    let emulator = emulator();
    emulator.configure(|config| config.max_object_bytes = 100);
    let notes = device(&emulator).await;
    notes
        .put("n", &json!({"text": "x".repeat(200)}))
        .await
        .unwrap();
    synced(&notes).await;
    emulator.configure(|config| config.max_object_bytes = 1000);
    notes.retry("n").await.unwrap();
    assert_eq!(converge(&emulator, &[&notes]).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_refusal_comes_to_an_end() {
    for code in [
        400, 401, 404, 405, 409, 412, 413, 417, 440, 500, 503, 599, 418,
    ] {
        let emulator = emulator();
        let notes = notes(&logged_in(&emulator).await.start().await.unwrap());
        let api = notes.syncer().api().bucket("note").unwrap();
        notes.put("n", &json!({"text": "one"})).await.unwrap();
        synced(&notes).await;
        emulator.change_errors([code]);
        notes.put("n", &json!({"text": "one two"})).await.unwrap();
        synced(&notes).await;
        match notes.status("n").await.unwrap().state {
            SyncState::Synced => {
                let there = api.get("n").await.unwrap().unwrap().data;
                assert_eq!(notes.get("n").await.unwrap(), Some(there), "{code}");
            }
            SyncState::Rejected(Some(reason)) => assert_eq!(reason.code(), code),
            other => panic!("{code}: {other:?}"),
        }
        // Whatever it was, the next edit goes through.
        let next = json!({"text": "one two three"});
        notes.put("n", &next).await.unwrap();
        synced(&notes).await;
        assert_eq!(notes.pending().await.unwrap(), [], "{code}");
        let there = api.get("n").await.unwrap().unwrap().data;
        assert_eq!(there, next, "{code}");
        assert_eq!(notes.get("n").await.unwrap(), Some(next), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_has_forgotten_is_read_anew_without_losing_edits() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    for number in 0..20 {
        let object = json!({"text": format!("note {number}")});
        one.put(format!("n{number}"), &object).await.unwrap();
    }
    converge(&emulator, &[&one, &two]).await;
    one.syncer().pause().await.unwrap();
    one.put("n1", &json!({"text": "note 1, edited here"}))
        .await
        .unwrap();
    one.put("only-here", &json!({"n": 1})).await.unwrap();
    two.delete("n2").await.unwrap();
    two.put("n3", &json!({"text": "edited there"}))
        .await
        .unwrap();
    synced(&two).await;
    emulator.forget(0);

    let mut events = one.subscribe();
    one.syncer().resume().unwrap();
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there.len(), 20);
    assert_eq!(there["n1"], json!({"text": "note 1, edited here"}));
    assert_eq!(there["n3"], json!({"text": "edited there"}));
    assert!(there.contains_key("only-here") && !there.contains_key("n2"));
    until(&mut events, |event| {
        matches!(event, Event::Indexing { .. }).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn changes_that_are_told_twice_are_made_once() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    one.put("n", &json!({"text": "ab"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    emulator.repeat_changes(10);
    for text in ["abc", "abcd", "abcde"] {
        one.put("n", &json!({"text": text})).await.unwrap();
        converge(&emulator, &[&one, &two]).await;
    }
    assert_eq!(on_server(&emulator)["n"], json!({"text": "abcde"}));
}

#[tokio::test(start_paused = true)]
async fn nonsense_on_the_socket_harms_nothing() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    for command in [
        "c:[{]",
        "i:[]",
        "e:x",
        "new:1",
        "c:[{\"id\":\"n\"}]",
        "",
        "o:{}",
    ] {
        emulator.send_raw(command);
    }
    notes.put("n", &json!({"n": 1})).await.unwrap();
    assert_eq!(converge(&emulator, &[&notes]).await.len(), 1);
}
