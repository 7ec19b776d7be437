//! The index, page by page.

use serde_json::{Value, json};
use simperium::emulator::{Emulator, Marks};

use super::support::{Ask, emulator};

async fn filled(count: u32) -> Emulator {
    let emulator = emulator();
    for number in 0..count {
        Ask::post(&format!("n/i/k{number}"), &json!({"n": number}))
            .of(&emulator)
            .await;
    }
    emulator
}

fn ids(page: &Value) -> Vec<&str> {
    let entries = page["index"].as_array().unwrap().iter();
    entries.map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_newest_change_comes_first() {
    let emulator = filled(3).await;
    Ask::post("n/i/k0", &json!({"n": "new"}))
        .of(&emulator)
        .await;
    let page = Ask::get("n/index").json(&emulator).await;
    assert_eq!(ids(&page), ["k0", "k2", "k1"]);
    assert_eq!(page["index"][0], json!({"id": "k0", "v": 2}));
    assert!(page.get("mark").is_none());
    Ask::delete("n/i/k2").of(&emulator).await;
    let page = Ask::get("n/index?data=true").json(&emulator).await;
    assert_eq!(ids(&page), ["k0", "k1"]);
    assert_eq!(page["index"][0]["d"], json!({"n": "new"}));
}

#[tokio::test]
async fn pages_lead_to_the_end() {
    let emulator = filled(7).await;
    let mut page = Ask::get("n/index?limit=3").json(&emulator).await;
    let mut all = Vec::new();
    loop {
        all.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(mark) = page["mark"].as_str().map(str::to_owned) else {
            break;
        };
        page = Ask::get(&format!("n/index?limit=3&mark={mark}"))
            .json(&emulator)
            .await;
    }
    assert_eq!(all, ["k6", "k5", "k4", "k3", "k2", "k1", "k0"]);
}

#[tokio::test]
async fn an_entity_that_changes_meanwhile_is_left_out_or_there_twice() {
    for (marks, expected) in [
        (Marks::Change, vec!["k1", "k0"]),
        (Marks::Offset, vec!["k3", "k1", "k0"]),
    ] {
        let emulator = filled(5).await;
        emulator.configure(|config| config.marks = marks);
        let first = Ask::get("n/index?limit=2").json(&emulator).await;
        assert_eq!(ids(&first), ["k4", "k3"]);
        Ask::post("n/i/k2", &json!({"n": "new"}))
            .of(&emulator)
            .await;
        let mark = first["mark"].as_str().unwrap();
        let second = Ask::get(&format!("n/index?limit=9&mark={mark}"))
            .json(&emulator)
            .await;
        assert_eq!(ids(&second), expected);
        // What was missed comes with the changes since the first page.
        assert_ne!(first["current"], second["current"]);
        let cv = first["current"].as_str().unwrap();
        let missed = Ask::get(&format!("n/changes?cv={cv}"))
            .json(&emulator)
            .await;
        assert_eq!(missed[0]["id"], "k2");
    }
}

#[tokio::test]
async fn since_is_a_change_version() {
    let emulator = filled(2).await;
    let current = Ask::get("n/index").json(&emulator).await["current"].clone();
    let since = format!("n/index?since={}", current.as_str().unwrap());
    assert_eq!(ids(&Ask::get(&since).json(&emulator).await), [""; 0]);
    Ask::post("n/i/k0", &json!({"n": "new"}))
        .of(&emulator)
        .await;
    assert_eq!(ids(&Ask::get(&since).json(&emulator).await), ["k0"]);
    for bad in [
        "since=x",
        "mark=x",
        "limit=x",
        "since=ffffffffffffffffffffffff",
    ] {
        let ask = Ask::get(&format!("n/index?{bad}"));
        assert_eq!(ask.status(&emulator).await, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_page_has_100_entries_and_1000_at_most() {
    let emulator = emulator();
    assert!(emulator.seed("app", super::support::TOKEN, "n", 1100, 50));
    for (query, count) in [
        ("", 100),
        ("limit=5000", 1000),
        ("limit=7", 7),
        ("limit=0", 1),
    ] {
        let page = Ask::get(&format!("n/index?{query}")).json(&emulator).await;
        assert_eq!(ids(&page).len(), count, "{query}");
    }
}
