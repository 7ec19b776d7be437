//! Objects as they are read.

use http::StatusCode;
use serde_json::json;
use simperium::emulator::Fault;
use simperium::jsondiff::apply;
use simperium::{RawJson, SimperiumError as E};

use super::support::{answered, emulator, kind, ok, status, todo, versioned, with};

#[tokio::test]
async fn what_is_not_there_is_none() {
    let emulator = emulator();
    let todo = todo(&emulator);
    assert!(todo.get("nope").await.unwrap().is_none());
    todo.put("k", &json!({"n": 1})).await.unwrap();
    todo.put("k", &json!({"n": 2})).await.unwrap();
    let first = todo.get_version("k", 1).await.unwrap().unwrap();
    assert_eq!((first.version, first.data), (Some(1), json!({"n": 1})));
    assert!(todo.get_version("k", 3).await.unwrap().is_none());
}

#[tokio::test]
async fn a_page_of_a_proxy_is_not_an_object_that_is_not_there() {
    let (todo, _) = answered([
        status(404, "<html>no route</html>"),
        with(status(404, "gone"), "content-type", "text/html"),
        ok("<!DOCTYPE html><html>"),
        status(404, "not found"),
    ]);
    for _ in 0..3 {
        let error = todo.get("k").await.unwrap_err();
        assert_eq!(kind(&error), E::NotTheService);
    }
    assert!(todo.get("k").await.unwrap().is_none());
}

#[tokio::test]
async fn answers_that_are_cut_or_wrong_are_typed() {
    let (todo, _) = answered([
        versioned(ok(r#"{"a":"#), "1"),
        versioned(ok(""), "1"),
        versioned(ok(r#"{"a":}"#), "1"),
    ]);
    for expected in [E::Incomplete, E::Incomplete, E::Protocol] {
        let error = todo.get("k").await.unwrap_err();
        assert_eq!(kind(&error), expected);
    }
}

#[tokio::test]
async fn only_an_object_is_taken_for_one() {
    let index = r#"{"index":[{"id":"a","v":1,"d":[1]},{"id":"b","v":1,"d":{"n":1}}]}"#;
    let (todo, _) = answered([
        versioned(ok("null"), "1"),
        versioned(ok(" [1]"), "1"),
        versioned(ok("[1]"), "2"),
        ok(index),
        versioned(ok(" {\"n\":1}"), "1"),
    ]);
    for _ in 0..2 {
        let error = todo.get("k").await.unwrap_err();
        assert_eq!(kind(&error), E::Protocol);
    }
    // The write was made all the same.
    let written = todo.set("k", &json!({"n": 1})).with_object().await.unwrap();
    assert_eq!((written.version, written.object), (Some(2), None));
    assert_eq!(kind(&written.object_error.unwrap()), E::Protocol);
    let mut entries = todo.index().data(true).stream();
    let error = entries.next().await.unwrap().unwrap_err();
    assert_eq!(kind(&error), E::Protocol);
    let entry = entries.next().await.unwrap().unwrap();
    assert_eq!(entry.data, Some(json!({"n": 1})));
    let read = todo.get("k").await.unwrap().unwrap();
    assert_eq!(read.data, json!({"n": 1}));
}

#[tokio::test]
async fn a_read_goes_on_through_passing_faults() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("k", &json!({"n": 1})).await.unwrap();
    for fault in [
        Fault::status(StatusCode::SERVICE_UNAVAILABLE),
        Fault::reset(),
        Fault::truncate(),
    ] {
        emulator.fault("^GET", 2, fault).unwrap();
        assert_eq!(todo.get("k").await.unwrap().unwrap().version, Some(1));
    }
}

#[tokio::test]
async fn an_entity_can_be_held_by_itself() {
    let emulator = emulator();
    let item = todo(&emulator).item("k").unwrap();
    item.put(&json!({"n": 1})).await.unwrap();
    item.set(&json!({"m": 2})).await.unwrap();
    item.set_at(1, &json!({"n": 3})).await.unwrap();
    assert_eq!(
        item.get().await.unwrap().unwrap().data,
        json!({"n": 3, "m": 2})
    );
    assert_eq!(
        item.get_version(1).await.unwrap().unwrap().data,
        json!({"n": 1})
    );
    assert_eq!(item.versions().collect().await.unwrap().len(), 3);
    item.delete().await.unwrap();
    assert!(item.get().await.unwrap().is_none());
}

#[tokio::test]
async fn half_a_character_does_not_hide_the_object() {
    let object = r#"{"t":"a\ud83d b\ud83d\ude00","n":1.10}"#;
    let index =
        r#"{"current":"c","index":[{"id":"k","v":3,"d":{"t":"\ude00"}},{"id":"l","v":1,"d":{}}]}"#;
    let changes = r#"[{"id":"k","o":"M","v":{"t":{"o":"+","v":"\ud83d"}},"ev":1,"cv":"c","ccids":["x"],"clientid":"c"}]"#;
    let (todo, _) = answered([ok(object), ok(object), ok(index), ok(changes)]);
    let read = todo.get("k").await.unwrap().unwrap().data;
    assert_eq!(read["t"], "a\u{fffd} b\u{1f600}");
    assert_eq!(read["n"].to_string(), "1.10");
    let raw = todo.api().bucket_as::<RawJson>("todo").unwrap();
    assert_eq!(raw.get("k").await.unwrap().unwrap().data.as_str(), object);
    let page = todo.index().data(true).await.unwrap();
    assert_eq!(page.entries.len(), 2);
    assert_eq!(page.entries[0].data, Some(json!({"t": "\u{fffd}"})));
    let changes = todo.changes(None).await.unwrap();
    let diff = changes[0].diff().unwrap().unwrap();
    assert_eq!(apply(&json!({}), &diff).unwrap(), json!({"t": "\u{fffd}"}));
}
