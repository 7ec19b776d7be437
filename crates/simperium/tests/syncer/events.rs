//! What subscribers are told.

use futures_util::StreamExt;
use serde_json::json;
use simperium::syncer::{Event, Status};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn subscribers_are_told_what_others_have_done() {
    let emulator = emulator();
    let (one, two) = (device(&emulator).await, device(&emulator).await);
    converge(&emulator, &[&one, &two]).await;
    let mut events = two.subscribe();
    let author = one.syncer().client_id().as_str().to_owned();

    one.put("n", &json!({"text": "milk"})).await.unwrap();
    synced(&one).await;
    let (object, by) = until(&mut events, |event| match event {
        Event::Added {
            key,
            version: 1,
            object,
            by,
        } if key == "n" => Some((object, by)),
        _ => None,
    })
    .await;
    assert_eq!(object.as_str(), r#"{"text":"milk"}"#);
    assert_eq!(by.as_ref(), Some(&author));

    one.patch("n", &json!({"text": "oat milk"})).await.unwrap();
    synced(&one).await;
    let (patch, by) = until(&mut events, |event| match event {
        Event::Changed {
            key,
            version: 2,
            by,
            patch,
        } if key == "n" => Some((patch, by)),
        _ => None,
    })
    .await;
    let diff = serde_json::to_value(patch.diff().unwrap()).unwrap();
    assert_eq!(diff, json!({"text": {"o": "d", "v": "+oat \t=4"}}));
    assert_eq!(by.as_ref(), Some(&author));

    one.delete("n").await.unwrap();
    let by = until(&mut events, |event| match event {
        Event::Removed { key, by, .. } if key == "n" => Some(by),
        _ => None,
    })
    .await;
    assert_eq!(by, Some(author));
}

#[tokio::test(start_paused = true)]
async fn the_first_sync_tells_how_far_it_is() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 1200, 10);
    let builder = builder(&emulator).page(500).paused(true).events(5000);
    let notes = notes(&builder.start().await.unwrap());
    let mut events = notes.subscribe();
    notes.syncer().resume().unwrap();
    synced(&notes).await;
    let mut counts = Vec::new();
    let (mut added, mut ready) = (0, false);
    while let Some(event) = events.try_next() {
        match event {
            Event::Indexing { done, total } => {
                assert_eq!(total, (done == 1200).then_some(1200));
                counts.push(done);
            }
            Event::Added { .. } => added += 1,
            Event::Ready => ready = true,
            _ => {}
        }
    }
    assert!(counts.ends_with(&[500, 1000, 1200]), "{counts:?}");
    assert_eq!((added, ready), (1200, true));
}

#[tokio::test(start_paused = true)]
async fn the_status_of_the_connection_is_told() {
    let emulator = emulator();
    let notes = notes(&builder(&emulator).paused(true).start().await.unwrap());
    let mut events = notes.subscribe();
    let mut status = async || {
        until(&mut events, |event| match event {
            Event::Connection(status) => Some(status),
            _ => None,
        })
        .await
    };
    notes.syncer().resume().unwrap();
    assert_eq!(status().await, Status::Connecting);
    assert_eq!(status().await, Status::Online);
    emulator.kick();
    assert!(matches!(status().await, Status::Offline { .. }));
    assert_eq!(status().await, Status::Connecting);
    assert_eq!(status().await, Status::Online);
    notes.syncer().pause().await.unwrap();
    assert_eq!(status().await, Status::Paused);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_who_does_not_listen_holds_up_nobody() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 3000, 10);
    let notes = notes(&builder(&emulator).events(100).start().await.unwrap());
    let mut events = notes.subscribe();
    synced(&notes).await;
    assert_eq!(objects(&notes).await.len(), 3000);
    // What it missed, and the hundred that came last.
    let Some(Event::Lagged(missed)) = events.next().await else {
        panic!("nothing was missed");
    };
    assert!(missed >= 2900, "{missed}");
    let mut left = 0;
    while events.try_next().is_some() {
        left += 1;
    }
    assert_eq!(left, 100);
}

#[tokio::test(start_paused = true)]
async fn events_are_a_stream_that_ends_with_the_syncer() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    synced(&notes).await;
    let events = notes.subscribe();
    notes.syncer().stop().await.unwrap();
    let rest: Vec<Event> = events.collect().await;
    assert!(
        matches!(rest.last(), Some(Event::Connection(Status::Stopped))),
        "{rest:?}"
    );
    assert!(StreamExt::next(&mut notes.subscribe()).await.is_none());
}
