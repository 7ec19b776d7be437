//! What administrators can do.

use serde_json::{Value, json};

use super::support::{ADMIN, Ask, Socket, emulator};

fn admin(ask: Ask) -> Ask {
    ask.header("x-simperium-token", ADMIN)
}

#[tokio::test]
async fn an_administrator_acts_for_a_user() {
    let emulator = emulator();
    let joe = emulator.create_user("app", "joe@example.com", "secret");
    let write = admin(Ask::post("n/i/k", &json!({"a": 1})));
    assert_eq!(
        write
            .header("x-simperium-user", &joe.userid)
            .status(&emulator)
            .await,
        200
    );
    let theirs = Ask::get("n/i/k").header("x-simperium-token", joe.token.expose());
    assert_eq!(theirs.json(&emulator).await, json!({"a": 1}));
    let path = format!("n/i/{}/k/v/1", joe.userid);
    assert_eq!(
        admin(Ask::get(&path)).json(&emulator).await,
        json!({"a": 1})
    );
    // It has no buckets of its own.
    assert_eq!(admin(Ask::get("n/index")).status(&emulator).await, 400);
    let unknown = admin(Ask::get("n/index")).header("x-simperium-user", "someone");
    assert_eq!(unknown.json(&emulator).await["index"], json!([]));
}

fn ids(changes: &Value) -> Vec<&str> {
    let changes = changes.as_array().unwrap().iter();
    let ids = changes.map(|change| change["id"].as_str().unwrap());
    ids.map(|id| id.split_once('/').unwrap().1).collect()
}

#[tokio::test(start_paused = true)]
async fn all_has_the_changes_of_all_users() {
    let emulator = emulator();
    let joe = emulator.create_user("app", "joe@example.com", "x");
    let ann = emulator.create_user("app", "ann@example.com", "x");
    for (user, key, client) in [(&joe, "a", "c1"), (&ann, "b", "c2"), (&joe, "a", "c3")] {
        let path = format!("n/i/{key}?clientid={client}");
        let write = Ask::post(&path, &json!({"by": client}));
        write
            .header("x-simperium-token", user.token.expose())
            .of(&emulator)
            .await;
    }
    let all = async |query: &str| {
        admin(Ask::get(&format!("n/all?{query}")))
            .json(&emulator)
            .await
    };
    let everything = all("data=1&username=1").await;
    assert_eq!(ids(&everything), ["a", "b", "a"]);
    assert_eq!(everything[1]["id"], format!("{}/b", ann.userid));
    assert_eq!(everything[1]["username"], "ann@example.com");
    assert_eq!(everything[0]["d"], json!({"by": "c3"}));
    assert_eq!(ids(&all("most_recent=1").await), ["b", "a"]);
    // The most recent of all, not of as many as come at a time.
    let newest = all("most_recent=1&batch=2").await;
    assert_eq!(ids(&newest), ["b", "a"]);
    assert_eq!(newest[1]["cv"], everything[2]["cv"]);
    let newest = all("most_recent=1&batch=1").await;
    assert_eq!(ids(&newest), ["b"]);
    assert_eq!(ids(&all("skip_clientid=c1&skip_clientid=c3").await), ["b"]);
    let first = all("batch=1").await;
    assert_eq!(ids(&first), ["a"]);
    assert!(first[0].get("d").is_none() && first[0].get("username").is_none());
    let cv = first[0]["cv"].as_str().unwrap();
    assert_eq!(ids(&all(&format!("cv={cv}")).await), ["b", "a"]);
    let last = everything[2]["cv"].as_str().unwrap();
    let waiting = admin(Ask::get(&format!("n/all?cv={last}")));
    assert_eq!(waiting.status(&emulator).await, 504);
    emulator.forget(0);
    let forgotten = admin(Ask::get(&format!("n/all?cv={cv}")));
    assert_eq!(forgotten.status(&emulator).await, 404);
    assert_eq!(Ask::get("n/all").status(&emulator).await, 403);
}

async fn set_options(emulator: &simperium::emulator::Emulator, options: &Value) {
    let set = admin(Ask::post("__options__/i/note", options));
    assert_eq!(set.status(emulator).await, 200);
}

#[tokio::test]
async fn what_a_schema_forbids_is_refused_and_not_made() {
    let emulator = emulator();
    let schema = json!({
        "type": "object",
        "required": ["content"],
        "properties": {"content": {"type": "string"}, "deleted": {"type": "boolean"}},
    });
    let deleted = json!({"properties": {"deleted": {"const": true}}, "required": ["deleted"]});
    set_options(
        &emulator,
        &json!({"schema": schema, "delete-schema": deleted}),
    )
    .await;
    let post = async |key: &str, body: Value| {
        let path = format!("note/i/{key}");
        Ask::post(&path, &body).status(&emulator).await
    };
    assert_eq!(post("a", json!({"title": "no content"})).await, 400);
    assert_eq!(post("a", json!({"content": 1})).await, 400);
    assert_eq!(post("a", json!({"content": "x"})).await, 200);
    // What counts is the object that comes of it.
    assert_eq!(post("a", json!({"deleted": "yes"})).await, 400);
    assert_eq!(post("a?replace=1", json!({"deleted": false})).await, 400);
    // Other buckets are free.
    let other = Ask::post("other/i/a", &json!({"content": 1}));
    assert_eq!(other.status(&emulator).await, 200);

    // Over a socket, too.
    let mut socket = Socket::channel(&emulator, "c1").await;
    let edit = json!({"content": {"o": "-"}});
    let change = json!({"id": "a", "o": "M", "ccid": "e1", "sv": 1, "v": edit});
    assert_eq!(socket.change(&change).await["error"], 400);
    let change = json!({"id": "a", "o": "-", "ccid": "e2"});
    assert_eq!(socket.change(&change).await["error"], 400);
    assert_eq!(Ask::delete("note/i/a").status(&emulator).await, 400);
    assert_eq!(emulator.changes_made(), 3, "the options, and two objects");

    assert_eq!(post("a", json!({"deleted": true})).await, 200);
    assert_eq!(Ask::delete("note/i/a").status(&emulator).await, 200);
    // Without a schema, everything goes again.
    set_options(&emulator, &json!({"schema": null, "delete-schema": null})).await;
    assert_eq!(post("b", json!({"content": 1})).await, 200);
    assert_eq!(Ask::delete("note/i/b").status(&emulator).await, 200);
}

#[tokio::test]
async fn differences_are_made_as_a_schema_wants_them() {
    let emulator = emulator();
    let attributes = json!({
        "n": {"otype": "integer"},
        "tags": {"otype": "list"},
        "lines": {"otype": "list_dmp"},
        "title": {"otype": "replace"},
    });
    set_options(&emulator, &json!({"schema": {"attributes": attributes}})).await;
    let mut socket = Socket::channel(&emulator, "c1").await;
    let post = async |path: &str, body: Value| {
        assert_eq!(Ask::post(path, &body).status(&emulator).await, 200);
    };
    let old = json!({"n": 1, "tags": ["a"], "lines": ["x"], "title": "old"});
    post("note/i/k", old).await;
    socket.changes(0).await;
    let new = json!({"n": 3, "tags": ["a", "b"], "lines": ["x", "y"], "title": "new"});
    post("note/i/k", new).await;
    assert_eq!(
        socket.changes(0).await[0]["v"],
        json!({
            "n": {"o": "I", "v": 2},
            "tags": {"o": "L", "v": {"1": {"o": "+", "v": "b"}}},
            "lines": {"o": "dL", "v": "=4\t+%22y%22%0A"},
            "title": {"o": "r", "v": "new"},
        })
    );
    // Counts of both sides add up, and lists are joined.
    let late = json!({"n": 11, "tags": ["z", "a"], "lines": ["x"], "title": "old"});
    post("note/i/k/v/1?replace=1", late).await;
    let both = json!({"n": 13, "tags": ["z", "a", "b"], "lines": ["x", "y"], "title": "new"});
    assert_eq!(Ask::get("note/i/k").json(&emulator).await, both);
}

#[tokio::test]
async fn a_full_bucket_loses_what_was_not_changed_for_the_longest_time() {
    let emulator = emulator();
    set_options(&emulator, &json!({"capacity": 2})).await;
    let post = async |key: &str, n: u32| {
        let path = format!("note/i/{key}");
        assert_eq!(
            Ask::post(&path, &json!({ "n": n })).status(&emulator).await,
            200
        );
    };
    post("a", 1).await;
    post("b", 1).await;
    post("a", 2).await;
    let mut socket = Socket::channel(&emulator, "c1").await;
    post("c", 1).await;
    assert_eq!(socket.changes(0).await[0]["id"], "c");
    let gone = &socket.changes(0).await[0];
    assert_eq!((&gone["id"], &gone["o"]), (&json!("b"), &json!("-")));
    assert_eq!(gone["clientid"], "server");
    assert_eq!(Ask::get("note/i/b").status(&emulator).await, 404);
    let left = Ask::get("note/index").json(&emulator).await;
    let left = left["index"].as_array().unwrap().iter();
    assert!(left.map(|entry| &entry["id"]).eq(["c", "a"]));
}

#[tokio::test]
async fn options_of_buckets_are_obeyed() {
    let emulator = emulator();
    let options = json!({"version_max": 2, "version10_max": 0});
    let set = admin(Ask::post("__options__/i/n", &options));
    assert_eq!(set.status(&emulator).await, 200);
    assert_eq!(
        admin(Ask::get("__options__/i/n")).json(&emulator).await,
        options
    );
    assert_eq!(Ask::get("__options__/i/n").status(&emulator).await, 403);
    for value in 1..=4 {
        Ask::post("n/i/k", &json!({"a": value})).of(&emulator).await;
        Ask::post("m/i/k", &json!({"a": value})).of(&emulator).await;
    }
    assert_eq!(Ask::get("n/i/k/v/2").status(&emulator).await, 404);
    assert_eq!(Ask::get("n/i/k/v/3").status(&emulator).await, 200);
    assert_eq!(Ask::get("m/i/k/v/1").status(&emulator).await, 200);
}
