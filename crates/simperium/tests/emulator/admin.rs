//! What administrators can do.

use serde_json::{Value, json};

use super::support::{ADMIN, Ask, emulator};

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
