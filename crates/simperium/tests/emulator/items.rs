//! Entities over HTTP.

use serde_json::json;

use super::support::{Ask, Socket, emulator, text, version};

#[tokio::test]
async fn a_post_merges_top_level_keys() {
    let emulator = emulator();
    let made = Ask::post("todo/i/k", &json!({"a": 1, "in": {"x": 1}}))
        .of(&emulator)
        .await;
    assert_eq!(
        (made.status().as_u16(), text(&made), version(&made)),
        (200, "", Some(1))
    );
    let set = Ask::post("todo/i/k?response=1", &json!({"b": 2, "in": {"y": 1}}));
    let set = set.of(&emulator).await;
    assert_eq!(
        (text(&set), version(&set)),
        (r#"{"a":1,"b":2,"in":{"y":1}}"#, Some(2))
    );
    let put = Ask::post("todo/i/k?response=1&replace=1", &json!({"c": 3}))
        .of(&emulator)
        .await;
    assert_eq!((text(&put), version(&put)), (r#"{"c":3}"#, Some(3)));
    let get = Ask::get("todo/i/k/v/2").of(&emulator).await;
    assert_eq!(
        (text(&get), version(&get)),
        (r#"{"a":1,"b":2,"in":{"y":1}}"#, Some(2))
    );
    assert_eq!(get.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn a_post_to_a_version_is_rebased_over_later_ones() {
    let emulator = emulator();
    Ask::post("n/i/k", &json!({"text": "hello world"}))
        .of(&emulator)
        .await;
    Ask::post("n/i/k", &json!({"text": "hello brave world", "done": true}))
        .of(&emulator)
        .await;
    let stale = Ask::post("n/i/k/v/1?response=1", &json!({"text": "hello world!"}));
    assert_eq!(
        stale.json(&emulator).await,
        json!({"text": "hello brave world!", "done": true})
    );
    let gone = Ask::post("n/i/k/v/9", &json!({"a": 1})).of(&emulator).await;
    assert_eq!(gone.status(), 404);
    Ask::delete("n/i/k").of(&emulator).await;
    let deleted = Ask::post("n/i/k/v/1", &json!({"a": 1})).of(&emulator).await;
    assert_eq!(deleted.status(), 404);
}

#[tokio::test]
async fn the_same_ccid_is_taken_once() {
    let emulator = emulator();
    let write = |value: u32| Ask::post("n/i/k?clientid=c&ccid=x", &json!({"a": value}));
    assert_eq!(write(1).status(&emulator).await, 200);
    assert_eq!(write(2).status(&emulator).await, 409);
    assert_eq!(Ask::get("n/i/k").json(&emulator).await, json!({"a": 1}));
    // Of another entity it is another change.
    assert_eq!(
        Ask::post("n/i/j?ccid=x", &json!({}))
            .status(&emulator)
            .await,
        200
    );
    let delete = || Ask::delete("n/i/k?ccid=y");
    let deleted = delete().of(&emulator).await;
    assert_eq!((text(&deleted), version(&deleted)), ("", Some(2)));
    assert_eq!(delete().status(&emulator).await, 409);
    assert_eq!(Ask::delete("n/i/k?ccid=z").status(&emulator).await, 404);
}

#[tokio::test]
async fn nothing_changed_is_no_version() {
    let emulator = emulator();
    Ask::post("n/i/k", &json!({"a": 1, "b": 2}))
        .of(&emulator)
        .await;
    let same = Ask::post("n/i/k", &json!({"b": 2})).of(&emulator).await;
    assert_eq!((same.status().as_u16(), version(&same)), (412, Some(1)));
    assert_eq!(emulator.changes_made(), 1);
}

#[tokio::test]
async fn a_version_number_goes_on_after_a_deletion() {
    let emulator = emulator();
    Ask::post("n/i/k", &json!({"a": 1})).of(&emulator).await;
    Ask::delete("n/i/k").of(&emulator).await;
    assert_eq!(Ask::get("n/i/k").status(&emulator).await, 404);
    // What was is still there.
    assert_eq!(Ask::get("n/i/k/v/1").json(&emulator).await, json!({"a": 1}));
    assert_eq!(Ask::get("n/i/k/v/2").status(&emulator).await, 404);
    let again = Ask::post("n/i/k?response=1", &json!({"b": 2}))
        .of(&emulator)
        .await;
    assert_eq!((text(&again), version(&again)), (r#"{"b":2}"#, Some(3)));
}

#[tokio::test]
async fn only_the_newest_version_can_be_deleted() {
    let emulator = emulator();
    for value in 1..=3 {
        Ask::post("n/i/k", &json!({"a": value})).of(&emulator).await;
    }
    assert_eq!(Ask::delete("n/i/k/v/2").status(&emulator).await, 409);
    assert_eq!(Ask::delete("n/i/k/v/4").status(&emulator).await, 404);
    assert_eq!(Ask::delete("n/i/k/v/3").status(&emulator).await, 200);
}

#[tokio::test]
async fn the_last_versions_are_kept_and_some_tenth_ones() {
    let emulator = emulator();
    emulator.configure(|config| {
        config.versions_kept = 5;
        config.tenths_kept = 2;
    });
    for value in 1..=47 {
        Ask::post("n/i/k", &json!({"a": value})).of(&emulator).await;
    }
    let mut kept = Vec::new();
    for version in 1..=48 {
        if Ask::get(&format!("n/i/k/v/{version}"))
            .status(&emulator)
            .await
            == 200
        {
            kept.push(version);
        }
    }
    assert_eq!(kept, [31, 41, 43, 44, 45, 46, 47]);
    // Without a base, nothing can be rebased.
    let stale = Ask::post("n/i/k/v/42", &json!({"b": 1}));
    assert_eq!(stale.status(&emulator).await, 404);
}

#[tokio::test]
async fn numbers_keep_their_text() {
    let emulator = emulator();
    let body = if cfg!(feature = "exact-numbers") {
        r#"{"big":123456789012345678901234567890,"one":1.0,"price":0.10}"#
    } else {
        r#"{"big":123456789012345678,"one":1.0}"#
    };
    Ask::post("n/i/k", &json!({}))
        .body(body)
        .of(&emulator)
        .await;
    assert_eq!(text(&Ask::get("n/i/k").of(&emulator).await), body);
}

#[tokio::test]
async fn odd_requests_are_refused() {
    let emulator = emulator();
    emulator.configure(|config| config.max_object_bytes = 100);
    for (ask, status) in [
        (Ask::post("n/i/a%20b", &json!({})), 400),
        (Ask::post("n/i/a/b", &json!({})), 400),
        (Ask::post("n/i/a%2Fb", &json!({})), 400),
        (Ask::post("n/i/%C3%A9", &json!({})), 400),
        (Ask::post("n/i/%FF", &json!({})), 400),
        (
            Ask::post(&format!("n/i/{}", "k".repeat(257)), &json!({})),
            400,
        ),
        (Ask::post("a@b/i/k", &json!({})), 400),
        (Ask::post("n/i/k", &json!([])), 400),
        (Ask::post("n/i/k", &json!({})).body("{"), 400),
        (Ask::post("n/i/k/v/x", &json!({})), 400),
        (Ask::post("n/i/k?ccid=", &json!({})), 400),
        (Ask::post("n/i/k", &json!({"long": "x".repeat(100)})), 413),
        (Ask::get("n/i/k").header("x-simperium-token", "nope"), 401),
        (Ask::get("n/i/k").without("x-simperium-token"), 401),
        (Ask::get("n/i/k").header("x-simperium-user", "other"), 403),
        (Ask::get("n/i/k"), 404),
        (Ask::get("n/i/k/"), 400),
        (Ask::get("n/nothing"), 404),
        (Ask::get("n/index/"), 404),
        (
            Ask::new("PUT", "/1/app/n/i/k").header("x-simperium-token", "lab-x"),
            405,
        ),
        (Ask::post("n/index", &json!({})), 405),
        (Ask::new("GET", "/"), 404),
        (Ask::new("GET", "/2/app/n/index"), 404),
    ] {
        let request = ask.request();
        let answer = emulator.handle(&request).await;
        assert_eq!(
            answer.status(),
            status,
            "{} {}",
            request.method(),
            request.uri()
        );
        assert_eq!(text(&answer), "");
    }
    assert_eq!(emulator.changes_made(), 0);
}

#[tokio::test]
async fn a_user_sees_only_what_is_theirs() {
    let emulator = emulator();
    Ask::post("n/i/k", &json!({"a": 1})).of(&emulator).await;
    Ask::post("spuser/i/info", &json!({"x": 1}))
        .of(&emulator)
        .await;
    let other = "lab-bob";
    let buckets = json!({"buckets": [{"name": "n"}, {"name": "spuser"}]});
    assert_eq!(Ask::get("buckets").json(&emulator).await, buckets);
    let theirs = Ask::get("buckets").header("x-simperium-token", other);
    assert_eq!(theirs.json(&emulator).await, json!({"buckets": []}));
    let get = Ask::get("n/i/k").header("x-simperium-token", other);
    assert_eq!(get.status(&emulator).await, 404);
    let elsewhere = Ask::new("GET", "/1/app2/n/i/k").header("x-simperium-token", other);
    assert_eq!(elsewhere.status(&emulator).await, 404);
}

#[tokio::test]
async fn the_same_numbers_written_otherwise_are_no_change() {
    let emulator = emulator();
    Ask::post("n/i/k", &json!({"n": 100})).of(&emulator).await;
    for n in [json!(100), json!(100.0), json!(1e2)] {
        let again = Ask::post("n/i/k", &json!({ "n": n })).of(&emulator).await;
        assert_eq!((again.status().as_u16(), version(&again)), (412, Some(1)));
    }
}

#[tokio::test]
async fn half_a_character_is_taken_as_the_sign_for_none() {
    let emulator = emulator();
    let half = r#"{"t":"a\ud83d"}"#;
    let post = Ask::post("note/i/a", &json!({})).body(half);
    assert_eq!(post.status(&emulator).await, 200);
    let bulk = format!(r#"[{{"id":"b","o":"M","ccid":"c1","d":{half}}}]"#);
    let bulk = Ask::post("note/changes?wait=1", &json!([])).body(bulk);
    assert_eq!(bulk.json(&emulator).await[0]["ev"], 1);
    let mut socket = Socket::channel(&emulator, "c1").await;
    let edit = r#"{"t":{"o":"+","v":"\ude00"}}"#;
    let change = format!(r#"0:c:{{"id":"c","o":"M","ccid":"c2","v":{edit}}}"#);
    assert!(socket.ask(&change).await.contains(r#""ev":1"#));
    for (key, text) in [("a", "a\u{fffd}"), ("b", "a\u{fffd}"), ("c", "\u{fffd}")] {
        let read = Ask::get(&format!("note/i/{key}")).json(&emulator).await;
        assert_eq!(read, json!({ "t": text }), "{key}");
    }
}
