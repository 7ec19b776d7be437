//! Changes over HTTP: polls and bulk.

use std::time::Duration;

use serde_json::{Value, json};
use simperium::emulator::{Disturbance, PollEnd};

use super::support::{Ask, emulator, text};

#[tokio::test(start_paused = true)]
async fn a_poll_ends_with_the_first_change() {
    let emulator = std::sync::Arc::new(emulator());
    Ask::post("n/i/a", &json!({"x": 1})).of(&emulator).await;
    let cv = Ask::get("n/index").json(&emulator).await["current"].clone();
    let poll = {
        let emulator = emulator.clone();
        let path = format!("n/changes?clientid=c&cv={}", cv.as_str().unwrap());
        tokio::spawn(async move { Ask::get(&path).json(&emulator).await })
    };
    while emulator.polls_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    // One of another bucket is none.
    Ask::post("m/i/a", &json!({"x": 1})).of(&emulator).await;
    Ask::post("n/i/a?clientid=d&ccid=e", &json!({"x": 2}))
        .of(&emulator)
        .await;
    let changes = poll.await.unwrap();
    assert_eq!(changes.as_array().unwrap().len(), 1);
    let change = &changes[0];
    assert_eq!(change["v"], json!({"x": {"o": "r", "v": 2}}));
    assert_eq!((&change["sv"], &change["ev"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&change["clientid"], &change["ccids"]),
        (&json!("d"), &json!(["e"]))
    );
    assert_eq!(emulator.polls_waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_poll_without_a_change_ends_in_every_way() {
    let emulator = emulator();
    let current = Ask::get("n/index").json(&emulator).await["current"].clone();
    let path = format!("n/changes?cv={}", current.as_str().unwrap());
    for (end, status, body, cut) in [
        (PollEnd::Status(504), 504, "", false),
        (PollEnd::Status(502), 502, "", false),
        (PollEnd::Empty, 200, "", false),
        (PollEnd::EmptyList, 200, "[]", false),
        (PollEnd::Close, 200, "", true),
    ] {
        emulator.configure(|config| config.poll_end = end);
        let begun = tokio::time::Instant::now();
        let answer = Ask::get(&path).of(&emulator).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(30));
        assert_eq!((answer.status().as_u16(), text(&answer)), (status, body));
        let disturbance = answer.extensions().get::<Disturbance>();
        assert_eq!(disturbance.is_some(), cut);
    }
    let at_once = Ask::get(&format!("{path}&wait=0")).json(&emulator).await;
    assert_eq!(at_once, json!([]));
}

#[tokio::test]
async fn without_a_change_version_everything_known_comes() {
    let emulator = emulator();
    for value in 1..=3 {
        Ask::post("n/i/a", &json!({"x": value})).of(&emulator).await;
    }
    let versions = |changes: Value| -> Vec<u64> {
        let changes = changes.as_array().unwrap().iter();
        changes
            .map(|change| change["ev"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        versions(Ask::get("n/changes").json(&emulator).await),
        [1, 2, 3]
    );
    let zeros = format!("n/changes?cv={}", "0".repeat(24));
    assert_eq!(versions(Ask::get(&zeros).json(&emulator).await), [1, 2, 3]);
    emulator.forget(1);
    assert_eq!(versions(Ask::get("n/changes").json(&emulator).await), [3]);
    assert_eq!(Ask::get(&zeros).status(&emulator).await, 404);
}

#[tokio::test]
async fn what_is_forgotten_is_not_known() {
    let emulator = emulator();
    let mut cvs = Vec::new();
    for value in 1..=4 {
        Ask::post("n/i/a", &json!({"x": value})).of(&emulator).await;
        let current = Ask::get("n/index").json(&emulator).await["current"].clone();
        cvs.push(current.as_str().unwrap().to_owned());
    }
    emulator.forget(2);
    let mut known = Vec::new();
    for cv in &cvs {
        let answer = Ask::get(&format!("n/changes?wait=0&cv={cv}"));
        known.push(answer.status(&emulator).await);
    }
    // After the second, all that came since is there.
    assert_eq!(known, [404, 200, 200, 200]);
    emulator.unknown_cv(1);
    let last = || Ask::get(&format!("n/changes?wait=0&cv={}", cvs[3]));
    assert_eq!(last().status(&emulator).await, 404);
    assert_eq!(last().status(&emulator).await, 200);
    assert_eq!(Ask::get("n/changes?cv=zzz").status(&emulator).await, 404);
}

#[tokio::test]
async fn bulk_changes_are_answered_one_by_one() {
    let emulator = emulator();
    Ask::post("n/i/b", &json!({"x": 1})).of(&emulator).await;
    let change = |id: &str, ccid: &str| json!({"id": id, "o": "M", "ccid": ccid, "v": {"x": {"o": "+", "v": 2}}});
    let mut known = change("b", "3");
    known["sv"] = "1".into();
    known["v"]["x"]["o"] = "r".into();
    let changes = json!([change("a", "1"), change("b", "2"), known, {"id": "c"}, 5]);
    let answers = Ask::post("n/changes?clientid=c&wait=1", &changes)
        .json(&emulator)
        .await;
    assert_eq!(answers.as_array().unwrap().len(), 5);
    assert_eq!(
        (&answers[0]["ev"], &answers[0]["ccids"]),
        (&json!(1), &json!(["1"]))
    );
    assert!(answers[0].get("sv").is_none());
    // Without a source version it is right for new entities only.
    assert_eq!(answers[1]["error"], 405);
    assert_eq!(
        (&answers[2]["ev"], &answers[2]["sv"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&answers[3]["error"], &answers[4]["error"]),
        (&json!(400), &json!(400))
    );
    let silent = Ask::post("n/changes?clientid=c", &json!([change("d", "4")]));
    let silent = silent.of(&emulator).await;
    assert_eq!((silent.status().as_u16(), text(&silent)), (200, ""));
    assert_eq!(Ask::get("n/i/d").json(&emulator).await, json!({"x": 2}));
    let none = Ask::post("n/changes?clientid=c", &json!({}));
    assert_eq!(none.status(&emulator).await, 400);
}
