//! Changes: polled for once and for ever.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use simperium::api::ChangeEvent;
use simperium::emulator::PollEnd;
use simperium::model::{BulkChange, Cv, Operation};
use simperium::{SimperiumError as E, SimperiumErrorExt as _, jsondiff};
use sync_core::testing::mock;
use sync_core::transport::Delivery;

use super::support::{answered, emulator, kind, ok, status, todo, with};

#[tokio::test]
async fn changes_after_a_place_come_in_their_order() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("k", &json!({"n": 1})).await.unwrap();
    let current = todo.index().await.unwrap().current;
    let written = todo.set("k", &json!({"n": 2})).await.unwrap();
    todo.delete("k").await.unwrap();
    let changes = todo.changes(current).await.unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (&*changes[0].id, changes[0].sv, changes[0].ev),
        ("k", Some(1), Some(2))
    );
    assert!(changes[0].is_of(&written.ccid));
    let diff = serde_json::to_value(changes[0].diff().unwrap()).unwrap();
    assert_eq!(diff, json!({"n": {"o": "r", "v": 2}}));
    assert_eq!(changes[1].operation, Operation::Delete);
    assert!(changes[1].diff().unwrap().is_none());
    let rest = todo.changes(changes[1].position()).no_wait().await.unwrap();
    assert!(rest.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_a_change_is_an_empty_list_however_it_ends() {
    for end in [
        PollEnd::Status(500),
        PollEnd::Status(502),
        PollEnd::Status(504),
        PollEnd::Empty,
        PollEnd::EmptyList,
        PollEnd::Close,
    ] {
        let emulator = emulator();
        emulator.configure(|config| config.poll_end = end);
        let todo = todo(&emulator);
        todo.put("k", &json!({"n": 1})).await.unwrap();
        let current = todo.index().await.unwrap().current;
        let before = emulator.requests().len();
        assert!(todo.changes(current).await.unwrap().is_empty(), "{end:?}");
        assert_eq!(emulator.requests().len(), before + 1, "asked once: {end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_not_waited_for_longer_than_it_was_told() {
    let emulator = emulator();
    emulator.configure(|config| config.hold = Duration::from_secs(10_000));
    let todo = todo(&emulator);
    let second = Duration::from_secs(1);
    for wait in [second, 20 * second, 200 * second] {
        let begun = tokio::time::Instant::now();
        assert!(todo.changes(None).wait(wait).await.unwrap().is_empty());
        // Virtual time, so that this measures what was waited for, not the
        // machine.
        assert!((wait..wait + second / 2).contains(&begun.elapsed()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_there_comes_also_to_who_does_not_wait() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let begun = tokio::time::Instant::now();
    let now = || todo.changes(None).wait(Duration::ZERO);
    assert!(now().await.unwrap().is_empty());
    todo.put("k", &json!({"n": 1})).await.unwrap();
    assert_eq!(now().await.unwrap().len(), 1);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let requests = emulator.requests();
    assert!(requests.last().unwrap().target.ends_with("wait=0"));
}

#[tokio::test]
async fn an_unknown_place_asks_for_the_index() {
    let (todo, _) = answered([status(404, ""), status(400, "")]);
    for _ in 0..2 {
        let error = todo.changes(Cv::new("zzz")).await.unwrap_err();
        assert!(error.needs_index(), "{error}");
        assert_eq!(kind(&error), E::UnknownCv);
    }
    // Without a place, there is nothing that could be unknown.
    let (todo, _) = answered([status(404, "")]);
    assert!(!todo.changes(None).await.unwrap_err().needs_index());
}

#[tokio::test]
async fn what_is_no_poll_is_an_error() {
    let reset = |delivery| Err(mock::reset(delivery));
    let (todo, transport) = answered([
        ok("<html>login</html>"),
        status(401, ""),
        status(503, ""),
        ok(r#"[{"id":"a"}]"#),
        reset(Delivery::NotSent),
        ok(r#"[{"id":"a","o":"M","#),
    ]);
    for expected in [
        Some(E::NotTheService),
        Some(E::Unauthorized),
        Some(E::Throttled),
        Some(E::Protocol),
        None,
        Some(E::Incomplete),
    ] {
        let error = todo.changes(None).await.unwrap_err();
        assert_eq!(error.simperium(), expected.as_ref(), "{error}");
    }
    assert_eq!(transport.left(), 0, "no poll is repeated by itself");
}

async fn change(stream: &mut simperium::api::ChangeStream) -> simperium::model::Change {
    loop {
        match stream.next().await.unwrap().unwrap() {
            ChangeEvent::Change(change) => return *change,
            ChangeEvent::Interrupted { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_through_quiet_polls_and_can_be_taken_up_again() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let mut stream = todo.changes(None).stream();
    let writer = todo.clone();
    let writes = tokio::spawn(async move {
        for n in 0..4 {
            // Longer than a poll is held.
            tokio::time::sleep(Duration::from_secs(45)).await;
            writer.put("k", &json!({"n": n})).await.unwrap();
        }
    });
    for version in 1..=2 {
        assert_eq!(change(&mut stream).await.ev, Some(version));
    }
    let place = stream.position().cloned();
    assert!(place.is_some());
    drop(stream);
    let mut stream = todo.changes(place).stream();
    for version in 3..=4 {
        assert_eq!(change(&mut stream).await.ev, Some(version));
    }
    writes.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_says_that_it_was_interrupted_and_goes_on() {
    let (todo, _) = answered([
        status(503, ""),
        Err(mock::reset(Delivery::NotSent)),
        ok("<html>log in first</html>"),
        ok(r#"[{"id":"a","#),
        ok(r#"[{"id":"a","o":"M","v":{},"cv":7,"ccid":"x","ev":1}]"#),
        status(404, ""),
    ]);
    let mut stream = todo.changes(Cv::new("5")).stream();
    for _ in 0..4 {
        let event = stream.next().await.unwrap().unwrap();
        assert!(
            matches!(event, ChangeEvent::Interrupted { .. }),
            "{event:?}"
        );
        assert_eq!(stream.position(), Some(&Cv::new("5")));
    }
    let change = change(&mut stream).await;
    assert_eq!(
        (change.cv.as_str(), change.ccids),
        ("7", vec!["x".to_owned()])
    );
    assert_eq!(stream.position(), Some(&Cv::new("7")));
    let event = stream.next().await.unwrap().unwrap();
    assert!(matches!(event, ChangeEvent::Reindex), "{event:?}");
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_place_ends_the_stream_with_the_word_to_read_the_index() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("k", &json!({"n": 1})).await.unwrap();
    let old = todo.index().await.unwrap().current;
    for n in 2..9 {
        todo.put("k", &json!({"n": n})).await.unwrap();
    }
    emulator.forget(2);
    let mut stream = todo.changes(old).stream();
    let event = stream.next().await.unwrap().unwrap();
    assert!(matches!(event, ChangeEvent::Reindex), "{event:?}");
    let current = todo.index().await.unwrap().current;
    let mut stream = todo.changes(current).stream();
    todo.put("k", &json!({"n": 9})).await.unwrap();
    assert_eq!(change(&mut stream).await.ev, Some(9));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_ends_the_stream() {
    let (todo, _) = answered([status(401, "")]);
    let mut stream = todo.changes(None).stream();
    assert_eq!(
        kind(&stream.next().await.unwrap().unwrap_err()),
        E::Unauthorized
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_waits_as_long_as_it_is_asked_to() {
    let busy = with(status(429, ""), "retry-after", "300");
    let (todo, _) = answered([busy, ok(r#"[{"id":"a","o":"-","cv":"7"}]"#)]);
    let mut stream = todo.changes(None).stream();
    let begun = tokio::time::Instant::now();
    assert_eq!(change(&mut stream).await.cv, "7");
    // Virtual time.
    assert_eq!(begun.elapsed().as_secs(), 300);
}

#[tokio::test]
async fn a_question_that_is_not_held_back_is_a_call_like_any_other() {
    let (todo, transport) = answered([
        status(502, ""),
        Err(mock::reset(Delivery::MaybeSent)),
        ok(r#"[{"id":"a","o":"-","cv":"7"},{"id":"b","error":413,"ccids":["x"]}]"#),
    ]);
    let changes = todo.changes(Cv::new("5")).no_wait().await.unwrap();
    // What was refused is no change.
    assert_eq!(changes.len(), 1);
    assert_eq!(transport.calls(), 3);
}

#[tokio::test]
async fn a_change_deep_inside_an_object_is_read() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let deep =
        |levels: usize, leaf: u32| (0..levels).fold(json!(leaf), |inner, _| json!({ "k": inner }));
    todo.put("k", &deep(120, 1)).await.unwrap();
    let diff = jsondiff::diff(&deep(120, 1), &deep(120, 2)).unwrap();
    let changes = [
        BulkChange::modify("k", 1, &diff).unwrap(),
        BulkChange::create("new", &json!({})).unwrap(),
    ];
    let results = todo.bulk(changes).await.unwrap();
    assert!(results.iter().all(|result| result.outcome.is_done()));
    let read = todo.get("k").await.unwrap().unwrap();
    assert_eq!(read.data, deep(120, 2));
    let changes = todo.changes(None).no_wait().await.unwrap();
    let change = changes.iter().find(|change| change.ev == Some(2)).unwrap();
    assert_eq!(change.diff().unwrap().unwrap(), diff);

    // Deeper than any object may be.
    let endless = (0..200).fold(json!({"k": {"o": "-"}}), |inner, _| {
        let mut op = json!({"o": "O"});
        op["v"] = inner;
        json!({ "k": op })
    });
    let text = format!(r#"[{{"id":"k","o":"M","v":{endless},"cv":"c"}}]"#);
    let (todo, _) = answered([Ok(mock::response(StatusCode::OK, text))]);
    let changes = todo.changes(None).no_wait().await.unwrap();
    assert!(changes[0].diff().is_err());
}
