//! Many changes at once.

use serde_json::json;
use simperium::emulator::Fault;
use simperium::jsondiff::diff;
use simperium::model::{BulkChange, BulkOutcome, BulkResult, Ccid, ChangeErrorCode};

use super::support::{TOKEN, answered, emulator, objects, ok, todo};

fn outcomes(results: &[BulkResult]) -> Vec<&'static str> {
    let name = |result: &BulkResult| match &result.outcome {
        BulkOutcome::Applied(_) => "applied",
        BulkOutcome::AlreadyApplied => "already",
        BulkOutcome::Unchanged => "unchanged",
        BulkOutcome::Refused(_) => "refused",
        BulkOutcome::Unanswered => "unanswered",
        _ => "other",
    };
    results.iter().map(name).collect()
}

#[tokio::test]
async fn every_change_has_an_outcome_of_its_own() {
    let emulator = emulator();
    let todo = todo(&emulator);
    todo.put("a", &json!({"n": 1, "t": "x"})).await.unwrap();
    todo.put("b", &json!({"n": 1})).await.unwrap();
    todo.put("c", &json!({"n": 1})).await.unwrap();
    let change = diff(&json!({"n": 1}), &json!({"n": 2})).unwrap();
    let results = todo
        .bulk([
            BulkChange::create("new", &json!({"n": 1, "s": "é"})).unwrap(),
            BulkChange::modify("a", 1, &change).unwrap(),
            BulkChange::replace("b", 1, &json!({"n": 1})).unwrap(),
            BulkChange::replace("b", 1, &json!({"m": 1})).unwrap(),
            BulkChange::delete("c").unwrap(),
            BulkChange::create("a", &json!({"n": 9})).unwrap(),
            BulkChange::delete("nope").unwrap(),
        ])
        .await
        .unwrap();
    assert_eq!(
        outcomes(&results),
        [
            "applied",
            "applied",
            "unchanged",
            "applied",
            "applied",
            "refused",
            "refused"
        ]
    );
    assert!(results[0].outcome.is_done() && !results[5].outcome.is_done());
    assert_eq!(
        results[5].outcome,
        BulkOutcome::Refused(ChangeErrorCode::BadVersion)
    );
    assert_eq!(
        results[6].outcome,
        BulkOutcome::Refused(ChangeErrorCode::NotFound)
    );
    assert_eq!(results[6].key, "nope");
    let BulkOutcome::Applied(made) = &results[0].outcome else {
        panic!("{results:?}");
    };
    assert_eq!((made.ev, &made.ccids[0]), (Some(1), &results[0].ccid));
    assert_eq!(
        objects(&emulator),
        [
            ("a".into(), 2, json!({"n": 2, "t": "x"})),
            ("b".into(), 2, json!({"m": 1})),
            ("new".into(), 1, json!({"n": 1, "s": "é"})),
        ]
    );
}

#[tokio::test]
async fn the_same_changes_sent_again_do_nothing_twice() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let changes: Vec<BulkChange> = (0..50)
        .map(|n| BulkChange::create(format!("k{n}"), &json!({"n": n})).unwrap())
        .collect();
    // Both attempts of one call, and then another call.
    emulator.fault("^POST", 1, Fault::reset()).unwrap();
    let results = todo.bulk(changes.clone()).await.unwrap();
    assert!(
        results
            .iter()
            .all(|result| result.outcome == BulkOutcome::AlreadyApplied)
    );
    let results = todo.bulk(changes).await.unwrap();
    assert!(results.iter().all(|result| result.outcome.is_done()));
    assert_eq!(emulator.changes_made(), 50);
}

#[tokio::test]
async fn changes_can_be_sent_without_waiting() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let change = BulkChange::create("k", &json!({"n": 1})).unwrap();
    todo.bulk([change]).post().await.unwrap();
    assert_eq!(todo.changes(None).await.unwrap().len(), 1);
    // There is nothing to send.
    todo.bulk([]).post().await.unwrap();
    assert!(todo.bulk([]).await.unwrap().is_empty());
    assert_eq!(emulator.requests().len(), 2);
    assert_eq!(emulator.objects("app", TOKEN, "todo").len(), 1);
}

#[tokio::test]
async fn outcomes_belong_to_their_changes_in_whatever_order_they_come() {
    let named = |id: &str| {
        let ccid = Ccid::new(id).unwrap();
        BulkChange::delete(id).unwrap().with_ccid(&ccid)
    };
    let (todo, _) = answered([ok(
        r#"[{"id":"b","error":"412","ccids":["b"],"clientid":"c"},
            {"id":"d","error":503,"ccids":["d"],"clientid":"c"},
            {"id":"a","o":"-","ccid":"a","clientid":"c","ev":2,"cv":5}]"#,
    )]);
    let results = todo.bulk(["a", "b", "c", "d"].map(named)).await.unwrap();
    assert_eq!(
        outcomes(&results),
        ["applied", "unchanged", "unanswered", "refused"]
    );
    assert_eq!(
        results[3].outcome,
        BulkOutcome::Refused(ChangeErrorCode::Server(503))
    );
}

#[tokio::test]
async fn changes_with_one_id_have_an_outcome_each() {
    let emulator = emulator();
    let todo = todo(&emulator);
    let ccid = Ccid::new("c1").unwrap();
    let create = |key: &str, n: u32| {
        let change = BulkChange::create(key, &json!({ "n": n })).unwrap();
        change.with_ccid(&ccid)
    };
    // Of two entities, and one of them twice.
    let changes = [create("a", 1), create("b", 1), create("a", 2)];
    let results = todo.bulk(changes).await.unwrap();
    assert_eq!(outcomes(&results), ["applied", "applied", "already"]);
    for (result, key) in results[..2].iter().zip(["a", "b"]) {
        let BulkOutcome::Applied(made) = &result.outcome else {
            panic!("{result:?}");
        };
        assert_eq!((result.key.as_str(), made.id.as_str()), (key, key));
    }
    let objects = objects(&emulator);
    assert!(
        objects
            .iter()
            .all(|(_, _, object)| *object == json!({"n": 1}))
    );

    // What is said of one is not taken for the other.
    let (todo, _) = answered([ok(
        r#"[{"id":"b","error":412,"ccids":["c1"],"clientid":"c"},
            {"id":"b","error":412,"ccids":["c1"],"clientid":"c"},
            {"id":"space/c","error":412,"ccids":["c1"],"clientid":"c"}]"#,
    )]);
    let results = todo
        .bulk([create("a", 1), create("b", 1), create("c", 1)])
        .await
        .unwrap();
    assert_eq!(outcomes(&results), ["unanswered", "unchanged", "unchanged"]);
}

#[test]
fn arguments_are_checked_before_anything_is_sent() {
    assert!(BulkChange::create("a/b", &json!({})).is_err());
    assert!(BulkChange::create("a", &json!([1])).is_err());
    assert!(BulkChange::replace("a", 1, "text").is_err());
}
