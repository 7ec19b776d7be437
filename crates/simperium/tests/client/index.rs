//! The index: pages, and all of them as a stream.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use simperium::CallOptions;
use simperium::emulator::{Emulator, Fault, Marks};
use simperium::model::Cv;
use simperium::{SimperiumError as E, SimperiumErrorExt as _};

use super::support::{TOKEN, answered, api, builder, emulator, kind, ok, status, todo};

async fn fill(emulator: &Emulator, count: usize) {
    assert!(emulator.seed("app", TOKEN, "todo", count, 50));
}

#[tokio::test]
async fn a_page_has_its_entries_and_where_the_next_begins() {
    let emulator = emulator();
    let todo = todo(&emulator);
    fill(&emulator, 5).await;
    let first = todo.index().limit(3).await.unwrap();
    let keys = |page: &simperium::api::IndexPage| -> Vec<String> {
        page.entries
            .iter()
            .map(|entry| entry.key.to_string())
            .collect()
    };
    assert_eq!(keys(&first), ["k4", "k3", "k2"], "newest first");
    assert!(
        first
            .entries
            .iter()
            .all(|entry| entry.data.is_none() && entry.version == 1)
    );
    let next = todo
        .index()
        .data(true)
        .mark(first.mark.unwrap())
        .await
        .unwrap();
    assert_eq!(keys(&next), ["k1", "k0"]);
    assert!(next.mark.is_none() && next.entries[0].data.is_some());
    let since = todo.index().since(first.current.unwrap()).await.unwrap();
    assert!(since.entries.is_empty());
}

#[tokio::test]
async fn a_stream_hands_out_every_entity_once() {
    for marks in [Marks::Change, Marks::Offset] {
        let emulator = emulator();
        emulator.configure(|config| config.marks = marks);
        let todo = todo(&emulator);
        fill(&emulator, 25).await;
        let mut entries = todo.index().data(true).limit(10).stream();
        let mut all = BTreeMap::new();
        let mut current = None;
        while let Some(entry) = entries.next().await {
            let entry = entry.unwrap();
            let again = all.insert(entry.key.to_string(), entry.version);
            // Only what is newer comes again.
            assert!(
                again.is_none_or(|before| before < entry.version),
                "{entry:?}"
            );
            if all.len() == 5 {
                current = entries.first_current();
                // Moves up: with offsets, others are then on two pages.
                todo.set("k3", &json!({"moved": true})).await.unwrap();
            }
        }
        // What was on a page to come has moved to one that was read.
        let missed: Vec<_> = todo.changes(current.clone()).no_wait().await.unwrap();
        for change in missed {
            all.insert(change.id.clone(), change.ev.unwrap());
        }
        assert_eq!(all.len(), 25, "{marks:?}");
        assert_eq!(all["k3"], 2);
        assert_eq!(entries.first_current(), current, "that of the first page");
    }
}

#[tokio::test]
async fn the_same_entry_twice_comes_once_and_a_newer_one_again() {
    let (todo, _) = answered([
        ok(r#"{"current":"c1","index":[{"id":"a","v":1},{"id":"b","v":2}],"mark":"m"}"#),
        ok(r#"{"current":"c2","index":[{"id":"b","v":2},{"id":"a","v":3},{"id":"a","v":2}]}"#),
    ]);
    let mut entries = todo.index().stream();
    let mut seen = Vec::new();
    while let Some(entry) = entries.next().await {
        let entry = entry.unwrap();
        seen.push((entry.key.to_string(), entry.version));
    }
    assert_eq!(seen, [("a".into(), 1), ("b".into(), 2), ("a".into(), 3)]);
    assert_eq!(entries.first_current(), Some(Cv::new("c1")));
    assert_eq!(entries.seen(), 2);
}

#[tokio::test]
async fn all_pages_are_one_with_each_entity_as_it_was_read_last() {
    let (todo, _) = answered([
        ok(r#"{"current":"c1","index":[{"id":"a","v":1},{"id":"b","v":2}],"mark":"m"}"#),
        ok(r#"{"current":"c2","index":[{"id":"b","v":2},{"id":"a","v":3}],"mark":"n"}"#),
        ok(r#"{"current":"c2","index":[{"id":"c","v":1}]}"#),
        status(401, ""),
    ]);
    let index = todo.index().all_pages().await.unwrap();
    let versions: Vec<_> = index
        .entries
        .iter()
        .map(|e| (e.key.as_str(), e.version))
        .collect();
    assert_eq!(versions, [("a", 3), ("b", 2), ("c", 1)]);
    assert_eq!((index.current, index.mark), (Some(Cv::new("c1")), None));
    assert!(todo.index().all_pages().await.is_err());
}

#[tokio::test]
async fn the_current_of_a_later_page_is_never_that_of_the_first() {
    let (todo, _) = answered([
        ok(r#"{"index":[{"id":"a","v":1}],"mark":"m"}"#),
        ok(r#"{"current":"c2","index":[{"id":"b","v":1}]}"#),
    ]);
    let mut entries = todo.index().stream();
    while let Some(entry) = entries.next().await {
        entry.unwrap();
        // What changed on the first page meanwhile would be missed after it.
        assert_eq!(entries.first_current(), None);
    }
    assert_eq!(entries.seen(), 2);
}

#[tokio::test]
async fn repeated_marks_end_in_an_error() {
    let page = || ok(r#"{"current":"c","index":[{"id":"a","v":1}],"mark":"m"}"#);
    let (todo, transport) = answered([page(), page(), page()]);
    let mut entries = todo.index().stream();
    assert!(entries.next().await.unwrap().is_ok());
    assert!(entries.next().await.unwrap().is_err());
    assert!(entries.next().await.is_none(), "there is no way on");
    assert_eq!(transport.calls(), 2);
}

#[tokio::test]
async fn a_stream_goes_on_after_a_fault_and_from_a_position() {
    let emulator = emulator();
    let todo = todo(&emulator);
    fill(&emulator, 30).await;
    let mut entries = todo.index().limit(10).stream();
    for _ in 0..10 {
        entries.next().await.unwrap().unwrap();
    }
    let position = entries.position().unwrap().to_owned();
    // More than one call may take.
    emulator
        .fault("/index", 6, Fault::status(StatusCode::BAD_GATEWAY))
        .unwrap();
    assert!(entries.next().await.unwrap().is_err());
    let mut left = 0;
    while let Some(entry) = entries.next().await {
        entry.unwrap();
        left += 1;
    }
    assert_eq!(left, 20);
    let mut again = todo.index().limit(10).mark(position).stream();
    assert_eq!(again.next().await.unwrap().unwrap().key, "k19");
}

#[derive(Debug, Serialize, Deserialize)]
struct Numbered {
    n: u32,
}

#[tokio::test]
async fn an_object_of_another_form_is_one_error_among_the_entries() {
    let emulator = emulator();
    let todo = todo(&emulator);
    for (key, value) in [
        ("a", json!({"n": 1})),
        ("b", json!({"n": "x"})),
        ("c", json!({"n": 3})),
    ] {
        todo.put(key, &value).await.unwrap();
    }
    let typed = api(&emulator).bucket_as::<Numbered>("todo").unwrap();
    let mut entries = typed.index().data(true).stream();
    let mut seen = Vec::new();
    while let Some(entry) = entries.next().await {
        seen.push(
            entry
                .map(|entry| entry.data.unwrap().n)
                .map_err(|error| kind(&error)),
        );
    }
    assert_eq!(seen, [Ok(3), Err(E::Protocol), Ok(1)]);
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_halves() {
    let emulator = emulator();
    fill(&emulator, 40).await;
    let options = CallOptions::default().max_body(1500);
    let api = builder(&emulator, TOKEN)
        .with_options(|_| options)
        .build()
        .unwrap();
    let mut entries = api
        .bucket("todo")
        .unwrap()
        .index()
        .data(true)
        .limit(40)
        .stream();
    let mut count = 0;
    while let Some(entry) = entries.next().await {
        entry.unwrap();
        count += 1;
    }
    assert_eq!(count, 40);
}

#[tokio::test]
async fn an_answer_that_is_no_index_is_no_empty_bucket() {
    let (todo, _) = answered([ok("{}"), ok("[]"), ok("<html>"), status(401, "")]);
    for expected in [E::Protocol, E::Protocol, E::NotTheService, E::Unauthorized] {
        assert_eq!(kind(&todo.index().await.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_a_cut_page_and_ends_at_a_refusal() {
    let (todo, _) = answered([
        ok(r#"{"index":[{"id":"a","v":1}],"mark":"m"}"#),
        ok(r#"{"index":[{"id":"b","#),
        ok("<html>"),
        ok(r#"{"index":[{"id":"b","v":1}],"mark":"n"}"#),
        status(401, ""),
    ]);
    let mut entries = todo.index().stream();
    let mut seen = Vec::new();
    while let Some(entry) = entries.next().await {
        seen.push(
            entry
                .map(|entry| entry.key.to_string())
                .map_err(|error| kind(&error)),
        );
    }
    let expected = [
        Ok("a".to_owned()),
        Err(E::Incomplete),
        Err(E::NotTheService),
        Ok("b".to_owned()),
        Err(E::Unauthorized),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_index_since_a_change_that_is_not_known_asks_for_the_whole_one() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("a", &json!({"n": 1})).await.unwrap();
    let first = todo.index().await.unwrap().current.unwrap();
    todo.put("b", &json!({"n": 1})).await.unwrap();
    let page = todo.index().since(&first).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    emulator.forget(0);
    assert!(todo.index().since(&first).await.unwrap_err().needs_index());
    let mut entries = todo.index().since(&first).stream();
    assert!(entries.next().await.unwrap().unwrap_err().needs_index());
    assert!(entries.next().await.is_none());
    // A mark that is none has nothing to do with it.
    let error = todo.index().mark("none").await.unwrap_err();
    assert!(!error.needs_index());
}
