//! Objects as they are read.

use http::StatusCode;
use serde_json::json;
use simperium::SimperiumError as E;
use simperium::emulator::Fault;

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
