//! Connections that break, are silent, or are not wanted.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use simperium::emulator::Fault;
use simperium::syncer::{Event, Status, SyncError};
use tokio::time::Instant;

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_is_made_anew_and_nothing_is_lost() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    for round in 0..10 {
        for number in 0..20 {
            let object = json!({"round": round, "n": number});
            one.put(format!("n{number}"), &object).await.unwrap();
        }
        emulator.kick();
        two.put(format!("two-{round}"), &json!({"n": round}))
            .await
            .unwrap();
    }
    assert_eq!(converge(&emulator, &[&one, &two]).await.len(), 30);
    assert_eq!(emulator.sockets(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_was_lost_is_made_once() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    converge(&emulator, &[&one, &two]).await;
    for number in 0..5 {
        emulator.drop_after_write(1);
        one.put("n", &json!({"text": "x".repeat(number + 1)}))
            .await
            .unwrap();
        converge(&emulator, &[&one, &two]).await;
    }
    assert_eq!(emulator.changes_made(), 5);
    assert_eq!(on_server(&emulator)["n"], json!({"text": "xxxxx"}));
}

#[tokio::test(start_paused = true)]
async fn silence_is_asked_about_and_then_ends_the_connection() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    let mut events = notes.subscribe();
    emulator.clear_log();

    // A service that answers keeps its connection.
    tokio::time::sleep(Duration::from_secs(90)).await;
    let heartbeats = || {
        let frames = emulator.frames().into_iter();
        let frames = frames.filter(|frame| frame.from_client);
        frames.map(|frame| frame.text).collect::<Vec<_>>()
    };
    assert_eq!(heartbeats(), ["h:0", "h:2", "h:4", "h:6"]);
    assert_eq!(emulator.requests().len(), 0);

    emulator.silent(true);
    let begun = Instant::now();
    let offline = until(&mut events, |event| match event {
        Event::Connection(status @ Status::Offline { .. }) => Some(status),
        _ => None,
    });
    offline.await;
    // Asked at most 20 s after the last sign of life, given up 20 s later.
    assert!(
        begun.elapsed() <= Duration::from_secs(41),
        "{:?}",
        begun.elapsed()
    );
    emulator.silent(false);
    synced(&notes).await;
    assert_eq!(emulator.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn pauses_before_another_connection_grow_and_end_with_success() {
    let emulator = emulator();
    let busy = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    emulator.fault("/sock/", 12, busy).unwrap();
    let begun = Instant::now();
    let notes = device(&emulator).await;
    synced(&notes).await;
    assert_eq!(emulator.requests().len(), 13);
    // Random up to 1, 2, 4, … 60 s: more than the first six could be.
    assert!(
        begun.elapsed() > Duration::from_secs(63),
        "{:?}",
        begun.elapsed()
    );
    assert!(begun.elapsed() < Duration::from_secs(63 + 6 * 60));

    // After a success it begins with short ones again.
    emulator.kick();
    let begun = Instant::now();
    synced_again(&notes).await;
    assert!(
        begun.elapsed() <= Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

/// Until the connection that is lost is replaced.
async fn synced_again(notes: &simperium::syncer::SyncedBucket) {
    let mut events = notes.subscribe();
    until(&mut events, |event| {
        matches!(event, Event::Ready).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn sync_now_does_not_wait_for_the_pause() {
    let emulator = emulator();
    let busy = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    emulator.fault("/sock/", 8, busy).unwrap();
    let notes = device(&emulator).await;
    let mut events = notes.subscribe();
    let begun = Instant::now();
    for _ in 0..8 {
        until(&mut events, |event| match event {
            Event::Connection(Status::Offline { .. }) => Some(()),
            _ => None,
        })
        .await;
        notes.syncer().sync_now().unwrap();
    }
    synced(&notes).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_paused_syncer_has_no_connection_and_makes_none() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    let syncer = notes.syncer();
    assert_eq!(syncer.status(), Status::Online);
    syncer.pause().await.unwrap();
    assert_eq!(syncer.status(), Status::Paused);
    syncer.sync_now().unwrap();
    syncer.set_token(TOKEN).unwrap();
    notes.put("n", &json!({"n": 1})).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!((syncer.status(), emulator.sockets()), (Status::Paused, 0));
    assert_eq!(emulator.requests().len(), 1);

    // Twice is as once.
    syncer.pause().await.unwrap();
    syncer.resume().unwrap();
    syncer.resume().unwrap();
    synced(&notes).await;
    assert_eq!(emulator.sockets(), 1);
    assert_eq!(on_server(&emulator).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn latency_costs_no_round_trip_for_each_object() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 2500, 100);
    let latency = Duration::from_millis(20);
    emulator.configure(|config| config.latency = latency..latency);
    let begun = Instant::now();
    let one = device(&emulator).await;
    synced(&one).await;
    assert_eq!(objects(&one).await.len(), 2500);
    // The upgrade, three pages, and the changes since the first of them.
    assert!(begun.elapsed() <= latency * 6, "{:?}", begun.elapsed());
    assert_eq!(sent(&emulator, "i").len(), 2);

    let begun = Instant::now();
    for number in 0..1000 {
        one.put(format!("new{number}"), &json!({"n": number}))
            .await
            .unwrap();
    }
    synced(&one).await;
    // 200 are on their way at a time.
    assert!(begun.elapsed() <= latency * 8, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn much_can_be_under_way_in_both_directions() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    converge(&emulator, &[&one, &two]).await;
    // Far more than a connection holds, each way.
    let large = json!({"text": "0123456789abcdef".repeat(1024)});
    let of = |name: &str| {
        let name = name.to_owned();
        (0..50).map(move |number| format!("{name}-{number}"))
    };
    let (ones, twos) = tokio::join!(
        one.put_all(of("one").map(|key| (key, &large))),
        two.put_all(of("two").map(|key| (key, &large))),
    );
    ones.unwrap();
    twos.unwrap();
    assert_eq!(converge(&emulator, &[&one, &two]).await.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_that_is_paused_goes_on_where_it_was() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 50, 10);
    let latency = Duration::from_millis(50);
    emulator.configure(|config| config.latency = latency..latency);
    let builder = builder(&emulator).page(10).paused(true);
    let notes = notes(&builder.start().await.unwrap());
    let mut events = notes.subscribe();
    notes.syncer().resume().unwrap();
    until(&mut events, |event| match event {
        Event::Indexing { done, .. } if done >= 20 => Some(()),
        _ => None,
    })
    .await;
    notes.syncer().pause().await.unwrap();
    let here = objects(&notes).await.len();
    assert!((20..50).contains(&here), "{here}");
    // Edits, and what others do meanwhile.
    notes.put("mine", &json!({"n": 1})).await.unwrap();
    let api = notes.syncer().api().bucket("note").unwrap();
    api.put("theirs", &json!({"n": 2})).await.unwrap();
    emulator.clear_log();
    notes.syncer().resume().unwrap();
    assert_eq!(converge(&emulator, &[&notes]).await.len(), 52);
    let pages = sent(&emulator, "i").len();
    assert!(pages <= 3, "{pages} pages were read once more");
}

#[tokio::test(start_paused = true)]
async fn thousands_of_edits_that_were_made_offline_arrive_once() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    let note = json!({"text": "first"});
    let some = (0..1000).map(|number| (format!("n{number}"), &note));
    one.put_all(some).await.unwrap();
    converge(&emulator, &[&one, &two]).await;
    let made = emulator.changes_made();
    one.syncer().pause().await.unwrap();
    // New ones, edits, several of one object, and deletions.
    let new = (0..2000).map(|number| (format!("new{number}"), &note));
    one.put_all(new).await.unwrap();
    for text in ["first and", "first and more"] {
        let note = json!({"text": text});
        let some = (0..500).map(|number| (format!("n{number}"), &note));
        one.put_all(some).await.unwrap();
    }
    for number in 500..600 {
        one.delete(format!("n{number}")).await.unwrap();
    }
    assert_eq!(one.pending().await.unwrap().len(), 2600);
    // The connection breaks again and again while they are sent.
    one.syncer().resume().unwrap();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        emulator.drop_after_write(1);
        emulator.kick();
    }
    let there = converge(&emulator, &[&one, &two]).await;
    assert_eq!(there.len(), 2900);
    assert_eq!(there["n0"], json!({"text": "first and more"}));
    assert_eq!(emulator.changes_made() - made, 2600);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_says_what_is_left() {
    let emulator = emulator();
    emulator.silent(true);
    let notes = device(&emulator).await;
    notes.put("a", &json!({"n": 1})).await.unwrap();
    notes.put("b", &json!({"n": 2})).await.unwrap();
    let begun = Instant::now();
    let waited = notes.wait_synced(Duration::from_secs(7)).await;
    let Err(SyncError::TimedOut { pending, .. }) = waited else {
        panic!("{waited:?}")
    };
    assert_eq!((pending, begun.elapsed()), (2, Duration::from_secs(7)));
    let none = notes.wait_synced(Duration::ZERO).await;
    assert!(matches!(none, Err(SyncError::TimedOut { pending: 2, .. })));
    emulator.silent(false);
    synced(&notes).await;
    notes.wait_synced(Duration::ZERO).await.unwrap();
}
