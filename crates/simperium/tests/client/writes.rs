//! Writes: what they do, and that they do it once.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use simperium::api::Delete;
use simperium::emulator::Fault;
use simperium::model::{DeleteOutcome, Outcome};
use simperium::{Bucket, RawJson, SimperiumError as E, SimperiumErrorExt as _};

use super::support::{
    TOKEN, answered, api, emulator, kind, objects, ok, status, todo, versioned, with,
};

#[tokio::test]
async fn a_new_object_gets_a_key_and_version_one() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let made = todo.new(&json!({"title": "Wash the car"})).await.unwrap();
    assert_eq!((made.version, made.outcome), (Some(1), Outcome::Created));
    assert_eq!(made.key.as_str().len(), 32);
    let read = todo.get(&made.key).await.unwrap().unwrap();
    assert_eq!(
        (read.version, read.data),
        (Some(1), json!({"title": "Wash the car"}))
    );
}

#[tokio::test]
async fn set_merges_keys_and_put_replaces_the_object() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let set = |value| todo.set("k", &value).with_object();
    assert_eq!(
        set(json!({"a": 1})).await.unwrap().outcome,
        Outcome::Created
    );
    let merged = set(json!({"b": {"c": 2}})).await.unwrap();
    assert_eq!((merged.version, merged.outcome), (Some(2), Outcome::Merged));
    assert_eq!(merged.object.unwrap(), json!({"a": 1, "b": {"c": 2}}));
    let put = todo
        .put("k", &json!({"only": 1}))
        .with_object()
        .await
        .unwrap();
    assert_eq!((put.version, put.outcome), (Some(3), Outcome::Replaced));
    assert_eq!(put.object.unwrap(), json!({"only": 1}));
}

#[tokio::test]
async fn what_was_read_at_a_version_is_rebased_onto_what_came_since() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("k", &json!({"text": "milk", "n": 1}))
        .await
        .unwrap();
    todo.put("k", &json!({"text": "milk", "n": 2}))
        .await
        .unwrap();
    let mine = json!({"text": "milk, eggs", "n": 1});
    let written = todo.set_at("k", 1, &mine).with_object().await.unwrap();
    assert_eq!(written.version, Some(3));
    assert_eq!(
        written.object.unwrap(),
        json!({"text": "milk, eggs", "n": 2})
    );
    // Keys that it lacks stay, unless they shall not.
    let only = json!({"text": "milk"});
    let written = todo.set_at("k", 2, &only).await.unwrap();
    assert_eq!(written.outcome, Outcome::Unchanged);
    let written = todo.set_at("k", 2, &only).replace().with_object().await;
    let written = written.unwrap();
    assert_eq!(written.outcome, Outcome::Replaced);
    assert_eq!(written.object.unwrap(), json!({"text": "milk, eggs"}));
    let error = todo.set_at("k", 9, &mine).await.unwrap_err();
    assert_eq!(kind(&error), E::NotFound);
}

#[tokio::test]
async fn writing_the_same_again_is_an_outcome() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("k", &json!({"a": 1})).await.unwrap();
    let again = todo.put("k", &json!({"a": 1})).await.unwrap();
    assert_eq!(
        (again.version, again.outcome),
        (Some(1), Outcome::Unchanged)
    );
    assert!(again.object.is_none());
    let again = todo.put("k", &json!({"a": 1})).with_object().await.unwrap();
    assert_eq!(again.object.unwrap(), json!({"a": 1}));
}

#[tokio::test]
async fn a_change_id_that_was_seen_is_an_outcome() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let first = todo.set("k", &json!({"a": 1})).ccid("c1").await.unwrap();
    assert_eq!(first.ccid, "c1");
    let second = todo
        .set("k", &json!({"a": 2}))
        .ccid("c1")
        .with_object()
        .await
        .unwrap();
    assert_eq!(second.outcome, Outcome::AlreadyApplied);
    // Read again, as it was asked for.
    assert_eq!(
        (second.version, second.object.unwrap()),
        (Some(1), json!({"a": 1}))
    );
}

#[tokio::test]
async fn what_a_write_did_is_told_though_its_object_cannot_be_read() {
    for (answer, outcome) in [
        (status(409, ""), Outcome::AlreadyApplied),
        (versioned(status(412, ""), "3"), Outcome::Unchanged),
    ] {
        let (todo, transport) = answered([answer, status(401, "")]);
        let written = todo.put("k", &json!({})).ccid("c1").with_object().await;
        let written = written.unwrap();
        assert_eq!(written.outcome, outcome);
        assert_eq!(written.version.is_some(), outcome == Outcome::Unchanged);
        assert_eq!((written.ccid.as_str(), written.object), ("c1", None));
        let error = written.object_error.unwrap();
        assert_eq!(kind(&error), E::Unauthorized);
        assert_eq!(error.operation().unwrap().name(), "get");
        assert_eq!(transport.left(), 0);
    }
    // The answer itself has the object, and it is another thing.
    for (body, expected) in [
        ("{\"n\":", E::Incomplete),
        ("[]", E::Protocol),
        ("", E::Incomplete),
    ] {
        let (todo, _) = answered([versioned(ok(body), "2")]);
        let tasks = todo.api().bucket_as::<Task>("todo").unwrap();
        let written = tasks
            .set("k", &json!({"n": 1}))
            .with_object()
            .await
            .unwrap();
        assert_eq!(
            (written.version, written.outcome),
            (Some(2), Outcome::Merged)
        );
        assert_eq!(kind(&written.object_error.unwrap()), expected);
        // That may not be the service's.
        let (todo, _) = answered([ok(body)]);
        let error = todo.set("k", &json!({})).with_object().await;
        assert!(body == "[]" || kind(&error.unwrap_err()) == expected);
    }
    // Or only its version, where some clients of the service read it.
    let (todo, _) = answered([ok("4\n")]);
    let written = todo.set("k", &json!({})).with_object().await.unwrap();
    assert_eq!((written.version, written.object), (Some(4), None));
    assert_eq!(kind(&written.object_error.unwrap()), E::Protocol);
    // There is nothing to be read.
    let (todo, _) = answered([status(409, ""), status(404, "")]);
    let written = todo.put("k", &json!({})).with_object().await.unwrap();
    assert!(written.object.is_none() && written.object_error.is_none());
}

#[tokio::test]
async fn a_deletion_of_which_nothing_can_be_learnt_may_have_been_made() {
    let (todo, _) = answered([status(409, ""), status(403, "")]);
    let error = todo.delete_version("k", 3).ccid("d1").await.unwrap_err();
    assert_eq!(kind(&error), E::Forbidden);
    assert_eq!(error.delivery(), sync_core::transport::Delivery::MaybeSent);
}

#[tokio::test]
async fn a_lost_answer_to_new_makes_no_second_object() {
    let emulator = emulator();
    let todo = todo(&emulator);
    emulator.drop_after_write(2);
    let made = todo.new(&json!({"t": "buy milk"})).await.unwrap();
    assert_eq!(made.outcome, Outcome::AlreadyApplied);
    assert_eq!(
        objects(&emulator),
        [(made.key.to_string(), 1, json!({"t": "buy milk"}))]
    );
    let requests = emulator.requests();
    assert_eq!(
        requests.len(),
        2,
        "the first is lost, the second was seen: {requests:?}"
    );
    assert_eq!(
        requests[0].target, requests[1].target,
        "the same key and id"
    );
}

#[tokio::test]
async fn every_fault_of_a_write_leaves_one_change() {
    for fault in [
        Fault::status(StatusCode::BAD_GATEWAY),
        Fault::status(StatusCode::TOO_MANY_REQUESTS),
        Fault::reset_before(),
        Fault::reset(),
    ] {
        let emulator = emulator();
        let todo = todo(&emulator);
        todo.put("k", &json!({"n": 1})).await.unwrap();
        emulator.fault("^POST", 2, fault.clone()).unwrap();
        let written = todo.set("k", &json!({"m": 2})).await.unwrap();
        let lost = written.outcome == Outcome::AlreadyApplied;
        assert!(lost || written.version == Some(2), "{fault:?}: {written:?}");
        let objects = objects(&emulator);
        assert_eq!(
            objects,
            [("k".into(), 2, json!({"n": 1, "m": 2}))],
            "{fault:?}"
        );
        emulator.clear_faults();

        emulator.fault("^DELETE", 2, fault.clone()).unwrap();
        todo.delete("k").await.unwrap();
        assert!(emulator.objects("app", TOKEN, "todo").is_empty());
        assert_eq!(emulator.changes_made(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_failed_can_be_sent_again_with_its_key_and_id() {
    let emulator = emulator();
    let todo = todo(&emulator);
    emulator.fault("^POST", 5, Fault::reset()).unwrap();
    let write = || todo.new(&json!({"n": 1})).key("mine").ccid("c1");
    assert!(write().await.is_err());
    emulator.clear_faults();
    assert_eq!(write().await.unwrap().outcome, Outcome::AlreadyApplied);
    assert_eq!(objects(&emulator), [("mine".into(), 1, json!({"n": 1}))]);
}

#[tokio::test]
async fn a_page_for_people_is_not_taken_for_a_written_object() {
    let emulator = emulator();
    let todo = todo(&emulator);
    emulator.fault("^POST", 1, Fault::html()).unwrap();
    let error = todo.put("k", &json!({"n": 1})).await.unwrap_err();
    assert_eq!(kind(&error), E::NotTheService);
}

#[tokio::test]
async fn the_version_is_taken_from_the_header_or_else_from_the_body() {
    let (todo, _) = answered([
        versioned(ok(""), "4"),
        versioned(ok("5"), "4"),
        ok("5"),
        ok(""),
        ok("fine"),
    ]);
    let put = || async { todo.put("k", &json!({})).await };
    for expected in [Some(4), Some(4), Some(5), None] {
        assert_eq!(put().await.unwrap().version, expected);
    }
    assert_eq!(kind(&put().await.unwrap_err()), E::Protocol);
}

#[tokio::test]
async fn refusals_are_typed() {
    let (todo, transport) = answered([
        status(413, ""),
        status(400, "invalid schema"),
        status(401, ""),
        status(403, ""),
        with(status(429, ""), "retry-after", "86400"),
        with(status(503, "busy"), "retry-after", "86400"),
    ]);
    for expected in [
        E::TooLarge,
        E::Invalid,
        E::Unauthorized,
        E::Forbidden,
        E::Throttled,
        E::Throttled,
    ] {
        let error = todo.put("k", &json!({})).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{error}");
        if expected == E::Throttled {
            assert_eq!(error.retry_after().unwrap().as_secs(), 86400);
        }
    }
    assert_eq!(transport.left(), 0);
}

#[tokio::test]
async fn an_object_that_is_too_large_is_refused_and_nothing_written() {
    let emulator = emulator();
    emulator.configure(|config| config.max_object_bytes = 100);
    let todo = todo(&emulator);
    let error = todo
        .put("k", &json!({"a": "x".repeat(200)}))
        .await
        .unwrap_err();
    assert_eq!(kind(&error), E::TooLarge);
    assert!(objects(&emulator).is_empty());
}

#[tokio::test]
async fn only_objects_are_sent() {
    let (todo, transport) = answered([]);
    assert!(todo.set("k", &[1, 2]).await.is_err());
    assert!(todo.put("k", &json!(null)).await.is_err());
    assert_eq!(transport.calls(), 0);
}

#[tokio::test]
async fn a_deletion_says_what_it_did() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("k", &json!({"a": 1})).await.unwrap();
    todo.put("k", &json!({"a": 2})).await.unwrap();
    let error = todo.delete_version("k", 1).await.unwrap_err();
    assert_eq!(kind(&error), E::Conflict);
    let gone = todo.delete_version("k", 2).ccid("d1").await.unwrap();
    assert_eq!(
        (gone.version, gone.outcome),
        (Some(3), DeleteOutcome::Deleted)
    );
    let again = todo.delete("k").ccid("d1").await.unwrap();
    assert_eq!(again.outcome, DeleteOutcome::AlreadyApplied);
    assert!(todo.delete("k").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_lost_answer_to_a_deletion_is_no_error_whatever_the_service_says_then() {
    let lost = || {
        Err(sync_core::testing::mock::reset(
            sync_core::transport::Delivery::MaybeSent,
        ))
    };
    for second in [status(404, ""), status(409, "")] {
        let (todo, transport) = answered([lost(), second]);
        let gone = todo.delete("k").await.unwrap();
        assert_eq!(gone.outcome, DeleteOutcome::AlreadyApplied);
        let requests = transport.requests();
        assert_eq!(requests[0].uri(), requests[1].uri());
    }
    // Of a version: 409 may mean both, so that the entity is looked at.
    let (todo, _) = answered([lost(), status(409, ""), status(404, "")]);
    assert!(todo.delete_version("k", 3).await.is_ok());
    let (todo, _) = answered([lost(), status(409, ""), versioned(ok("{}"), "4")]);
    let error = todo.delete_version("k", 3).await.unwrap_err();
    assert_eq!(kind(&error), E::Conflict);
}

#[tokio::test]
async fn a_deletion_that_changes_nothing_is_done_if_the_object_is_gone() {
    let deletions: [fn(&Bucket) -> Delete; 2] =
        [|todo| todo.delete("k"), |todo| todo.delete_version("k", 2)];
    for delete in deletions {
        let (todo, _) = answered([status(412, ""), status(404, "")]);
        let gone = delete(&todo).await.unwrap();
        assert_eq!(gone.outcome, DeleteOutcome::AlreadyApplied);
        let (todo, _) = answered([status(412, ""), versioned(ok("{}"), "4")]);
        let error = delete(&todo).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 412);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Task {
    title: String,
    done: bool,
}

#[tokio::test]
async fn objects_are_typed_and_numbers_keep_their_text() {
    let emulator = emulator();
    let api = api(&emulator);
    let tasks = api.bucket_as::<Task>("todo").unwrap();
    let task = Task {
        title: "Wash the car".into(),
        done: false,
    };
    let made = tasks.new(&task).await.unwrap();
    tasks.set(&made.key, &json!({"done": true})).await.unwrap();
    let read = tasks.get(&made.key).await.unwrap().unwrap().data;
    assert_eq!(read, Task { done: true, ..task });

    let text = r#"{"a":1.10,"b":12345678901234567890123,"c":1e+2}"#;
    let raw = api.bucket_as::<RawJson>("todo").unwrap();
    let object: RawJson = serde_json::from_str(text).unwrap();
    raw.put("n", &object).await.unwrap();
    assert_eq!(emulator.requests().last().unwrap().body, text);
    let read = raw.get("n").await.unwrap().unwrap().data;
    assert_eq!(read.as_str(), text);
    let value = api.bucket("todo").unwrap().get("n").await;
    assert_eq!(value.unwrap().unwrap().data.to_string(), text);
}
