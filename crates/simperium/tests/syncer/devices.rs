//! Several devices of one user.

use std::time::Duration;

use serde_json::json;
use simperium::store::ConflictKind;
use simperium::syncer::{DeletePolicy, Dispute, Event, Resolution};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn what_one_device_does_the_other_has() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    one.put("n1", &json!({"text": "Hello 😀", "none": null}))
        .await
        .unwrap();
    one.put("n2", &json!({"text": "gone soon"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    two.patch("n1", &json!({"text": "Hello 😀 world"}))
        .await
        .unwrap();
    two.delete("n2").await.unwrap();
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there["n1"], json!({"text": "Hello 😀 world", "none": null}));
    assert_eq!(there.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn edits_of_both_while_one_was_offline_are_merged() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    one.put("n", &json!({"text": "milk\nbread\n", "done": false}))
        .await
        .unwrap();
    converge(&emulator, &[&one, &two]).await;

    one.syncer().pause().await.unwrap();
    one.patch("n", &json!({"text": "milk\nbread\neggs\n"}))
        .await
        .unwrap();
    one.put("only-here", &json!({"from": "one"})).await.unwrap();
    two.patch("n", &json!({"text": "oat milk\nbread\n", "done": true}))
        .await
        .unwrap();
    synced(&two).await;

    one.syncer().resume().unwrap();
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(
        there["n"],
        json!({"text": "oat milk\nbread\neggs\n", "done": true})
    );
    assert_eq!(there["only-here"], json!({"from": "one"}));
    assert_eq!(one.conflicts().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn edits_that_cross_on_the_way_are_merged() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    one.put("n", &json!({"text": "Hello kansas"}))
        .await
        .unwrap();
    converge(&emulator, &[&one, &two]).await;
    let latency = Duration::from_millis(50);
    emulator.configure(|config| config.latency = latency..latency * 4);
    one.patch("n", &json!({"text": "Hello brave kansas"}))
        .await
        .unwrap();
    two.patch("n", &json!({"text": "Hello kansas city"}))
        .await
        .unwrap();
    for number in 0..20 {
        one.put(format!("one-{number}"), &json!({"n": number}))
            .await
            .unwrap();
        two.put(format!("two-{number}"), &json!({"n": number}))
            .await
            .unwrap();
    }
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there["n"], json!({"text": "Hello brave kansas city"}));
    assert_eq!(there.len(), 41);
}

#[tokio::test(start_paused = true)]
async fn an_edit_is_kept_against_a_deletion_and_reported() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    one.put("n", &json!({"text": "old"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    let mut events = one.subscribe();
    one.syncer().pause().await.unwrap();
    one.put("n", &json!({"text": "new"})).await.unwrap();
    two.delete("n").await.unwrap();
    synced(&two).await;
    one.syncer().resume().unwrap();
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there["n"], json!({"text": "new"}));
    let conflict = until(&mut events, |event| match event {
        Event::Conflict(conflict) => Some(conflict),
        _ => None,
    })
    .await;
    assert_eq!(conflict.kind, ConflictKind::DeletedRemotely);
    assert_eq!(conflict.key, "n");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_can_be_made_to_win_and_keeps_a_copy() {
    let emulator = emulator();
    let builder = builder(&emulator).deletes(DeletePolicy::DeleteWins);
    let one = notes(&builder.start().await.unwrap());
    let two = device(&emulator).await;
    one.put("n", &json!({"text": "old"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    one.syncer().pause().await.unwrap();
    one.put("n", &json!({"text": "new"})).await.unwrap();
    two.delete("n").await.unwrap();
    synced(&two).await;
    one.syncer().resume().unwrap();
    assert_eq!(converge(&emulator, &[&one, &two]).await.len(), 0);

    let conflicts = one.conflicts().await.unwrap();
    assert_eq!(conflicts.len(), 1);
    let (id, copy) = &conflicts[0];
    let kept: serde_json::Value = copy.local.as_ref().unwrap().decode().unwrap();
    assert_eq!(kept, json!({"text": "new"}));
    one.settle(*id).await.unwrap();
    assert_eq!(one.conflicts().await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_resolver_has_the_last_word() {
    fn theirs(dispute: &Dispute<'_>) -> Resolution {
        assert_eq!(
            (dispute.bucket.as_str(), dispute.key.as_str()),
            ("note", "n")
        );
        assert_eq!(dispute.base, Some(&json!({"n": 0})));
        assert_eq!(dispute.local, Some(&json!({"n": 1})));
        assert_eq!(dispute.remote, Some(&json!({"n": 2})));
        Resolution::Remote
    }

    let emulator = emulator();
    let one = notes(&builder(&emulator).resolver(theirs).start().await.unwrap());
    let two = device(&emulator).await;
    one.put("n", &json!({"n": 0})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    one.syncer().pause().await.unwrap();
    one.put("n", &json!({"n": 1})).await.unwrap();
    two.put("n", &json!({"n": 2})).await.unwrap();
    synced(&two).await;
    one.syncer().resume().unwrap();
    assert_eq!(
        converge(&emulator, &[&one, &two]).await["n"],
        json!({"n": 2})
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_written_over_http_arrives() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    notes.put("n", &json!({"a": 1})).await.unwrap();
    synced(&notes).await;
    let api = notes.syncer().api().bucket("note").unwrap();
    api.set("n", &json!({"b": 2})).await.unwrap();
    api.put("m", &json!({"c": 3})).await.unwrap();
    let there = converge(&emulator, &[&notes]).await;
    assert_eq!(there["n"], json!({"a": 1, "b": 2}));
    assert_eq!(there["m"], json!({"c": 3}));
}

#[tokio::test(start_paused = true)]
async fn buckets_do_not_mix() {
    let emulator = emulator();
    let syncer = builder(&emulator)
        .bucket("tag")
        .bucket("note")
        .start()
        .await
        .unwrap();
    let (notes, tags) = (notes(&syncer), syncer.bucket("tag").unwrap());
    notes.put("x", &json!({"is": "a note"})).await.unwrap();
    tags.put("x", &json!({"is": "a tag"})).await.unwrap();
    syncer.wait_synced(LONG).await.unwrap();
    assert_eq!(sent(&emulator, "init").len(), 2);
    let other = builder(&emulator).bucket("tag").start().await.unwrap();
    other.wait_synced(LONG).await.unwrap();
    let read = |syncer: &simperium::syncer::Syncer, name: &str| syncer.bucket(name).unwrap();
    assert_eq!(
        objects(&read(&other, "note")).await["x"],
        json!({"is": "a note"})
    );
    assert_eq!(
        objects(&read(&other, "tag")).await["x"],
        json!({"is": "a tag"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_panics_stops_nothing() {
    fn broken(_: &Dispute<'_>) -> Resolution {
        panic!("as resolvers may")
    }

    let emulator = emulator();
    let one = notes(&builder(&emulator).resolver(broken).start().await.unwrap());
    let two = device(&emulator).await;
    one.put("n", &json!({"t": "hello"})).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    one.syncer().pause().await.unwrap();
    one.put("n", &json!({"t": "hello world"})).await.unwrap();
    two.put("n", &json!({"t": ""})).await.unwrap();
    synced(&two).await;
    one.syncer().resume().unwrap();
    converge(&emulator, &[&one, &two]).await;
    let conflicts = one.conflicts().await.unwrap();
    let [(_, copy)] = &conflicts[..] else {
        panic!("{conflicts:?}")
    };
    assert!(copy.local.as_ref().unwrap().as_str().contains("world"));
}
