//! What is told of what happens.

use contentstack_sync::emulator::{AssetDraft, Compaction, Emulator, EntryDraft, Kind, Order};
use serde_json::json;

use super::support::{follow, get, items, sync, told};

fn stack() -> Emulator {
    let emulator = Emulator::builder().build();
    for uid in ["blte1", "blte2"] {
        emulator.publish_entry(EntryDraft::new("article").uid(uid));
    }
    emulator.publish_asset(AssetDraft::new("a b.png").uid("blta1"));
    emulator
}

/// One delta after all this, in the order of the options.
fn delta(emulator: &Emulator, changes: impl FnOnce(&Emulator)) -> Vec<String> {
    let (_, token) = follow(emulator, "init=true");
    changes(emulator);
    told(emulator, &format!("sync_token={token}"))
}

fn every_change(emulator: &Emulator) {
    emulator.publish_entry(EntryDraft::new("article").uid("blte3"));
    emulator.publish_asset(AssetDraft::new("b.png").uid("blta2"));
    assert!(emulator.unpublish(Kind::Entry, "blte1", "en-us"));
    assert!(emulator.unpublish(Kind::Asset, "blta1", "en-us"));
    assert!(emulator.delete(Kind::Entry, "blte1", "en-us"));
    assert!(emulator.delete(Kind::Asset, "blta1", "en-us"));
    assert!(emulator.delete_content_type("article"));
}

#[test]
fn all_seven_types_of_items_are_told() {
    let emulator = stack();
    emulator.configure(|options| {
        options.compaction = Compaction::Everything;
        options.order = Order::OldestFirst;
    });
    let expected = [
        "entry_published blte3",
        "asset_published blta2",
        "entry_unpublished blte1",
        "asset_unpublished blta1",
        "entry_deleted blte1",
        "asset_deleted blta1",
        "content_type_deleted article",
    ];
    assert_eq!(delta(&emulator, every_change), expected);
    let left: Vec<String> = emulator
        .published()
        .into_iter()
        .map(|item| item.uid)
        .collect();
    assert_eq!(left, ["blta2"]);
}

#[test]
fn a_delta_may_tell_only_the_last_of_each_key() {
    let emulator = stack();
    let expected = [
        "content_type_deleted article",
        "asset_deleted blta1",
        "entry_deleted blte1",
        "asset_published blta2",
        "entry_published blte3",
    ];
    assert_eq!(delta(&emulator, every_change), expected);
}

#[test]
fn removals_carry_uid_and_published_locale_only() {
    let emulator = stack();
    let (_, token) = follow(&emulator, "init=true");
    every_change(&emulator);
    let (pages, _) = follow(&emulator, &format!("sync_token={token}"));
    for item in items(&pages) {
        let expected = match item["type"].as_str().unwrap() {
            "entry_deleted" => json!({"uid": "blte1", "locale": "en-us"}),
            "asset_deleted" => json!({"uid": "blta1", "locale": "en-us"}),
            "content_type_deleted" => json!({}),
            _ => continue,
        };
        assert_eq!(item["data"], expected, "{item}");
    }
}

#[test]
fn an_untranslated_entry_is_under_the_locale_it_was_published_to() {
    let emulator = stack();
    let draft = EntryDraft::new("article").uid("blte9");
    emulator.publish_entry(draft.clone());
    emulator.publish_entry(draft.written_in("en-us").locale("en-gb"));
    let (pages, token) = follow(&emulator, "init=true&locale=en-gb");
    let data = &items(&pages)[0]["data"];
    assert_eq!(data["locale"], "en-us");
    assert_eq!(data["publish_details"]["locale"], "en-gb");
    emulator.unpublish(Kind::Entry, "blte9", "en-gb");
    let (delta, _) = follow(&emulator, &format!("sync_token={token}"));
    assert_eq!(
        items(&delta)[0]["data"],
        json!({"uid": "blte9", "locale": "en-gb"})
    );
    let left = emulator.published();
    assert!(
        left.iter()
            .any(|item| item.uid == "blte9" && item.locale == "en-us")
    );
}

#[test]
fn filters_are_kept_by_the_tokens() {
    let emulator = stack();
    let (pages, token) = follow(
        &emulator,
        "init=true&content_type_uid=article&type=entry_published",
    );
    assert_eq!(items(&pages).len(), 2);
    emulator.publish_entry(EntryDraft::new("page").uid("bltp1"));
    emulator.publish_entry(EntryDraft::new("article").uid("blte3"));
    emulator.delete(Kind::Entry, "blte1", "en-us");
    let query = format!("sync_token={token}");
    assert_eq!(told(&emulator, &query), ["entry_published blte3"]);
}

#[test]
fn an_initial_sync_can_name_removals() {
    let emulator = stack();
    emulator.unpublish(Kind::Entry, "blte1", "en-us");
    emulator.delete(Kind::Asset, "blta1", "en-us");
    assert_eq!(told(&emulator, "init=true"), ["entry_published blte2"]);
    let named = "init=true&type=entry_unpublished,asset_deleted";
    assert_eq!(
        told(&emulator, named),
        ["asset_deleted blta1", "entry_unpublished blte1"]
    );
}

#[test]
fn an_initial_sync_can_start_late() {
    let emulator = stack();
    emulator.advance(60_000);
    let start = emulator.time();
    emulator.publish_entry(EntryDraft::new("article").uid("blte3"));
    let query = format!("init=true&start_from={start}");
    assert_eq!(told(&emulator, &query), ["entry_published blte3"]);
    let wrong = sync(&emulator, "init=true&start_from=soon");
    assert_eq!(wrong.json()["errors"]["start_from"][0], "is not valid.");
}

#[test]
fn events_from_before_an_initial_sync_may_come_again() {
    let emulator = stack();
    emulator.configure(|options| options.redelivered = 2);
    let again = delta(&emulator, |_| {});
    assert_eq!(again, ["asset_published blta1", "entry_published blte2"]);
}

#[test]
fn events_are_never_before_their_publish_details() {
    let emulator = stack();
    emulator.change_at_random(200);
    for item in emulator.published() {
        let data: serde_json::Value = serde_json::from_str(&item.data).unwrap();
        let time = data["publish_details"]["time"].as_str().unwrap();
        assert!(time <= item.event_at.as_str(), "{time} {}", item.event_at);
    }
}

#[test]
fn odd_items_are_sent_as_they_are() {
    let emulator = stack();
    let (_, token) = follow(&emulator, "init=true");
    let odd = json!({"type": "taxonomy_published", "event_at": "2017-11-23T00:00:000Z", "x": [1]});
    emulator.publish_raw(&odd);
    emulator.publish_entry(
        EntryDraft::new("article")
            .uid("blte4")
            .without_publish_details(),
    );
    let (delta, _) = follow(&emulator, &format!("sync_token={token}"));
    let items = items(&delta);
    assert_eq!(items[1], odd);
    assert!(items[0]["data"].get("publish_details").is_none());
    assert_eq!(emulator.published().len(), 4, "it is no part of the truth");
}

#[test]
fn content_types_are_listed_and_shown() {
    let emulator = stack();
    emulator.add_content_type("page");
    let all = get(
        &emulator,
        "/v3/content_types?include_count=true&limit=1&skip=1",
    )
    .json();
    assert_eq!(
        (&all["count"], &all["content_types"][0]["uid"]),
        (&2.into(), &"page".into())
    );
    assert_eq!(all["content_types"].as_array().unwrap().len(), 1);
    let one = get(
        &emulator,
        "/v3/content_types/article?include_global_field_schema=true",
    );
    assert_eq!(one.json()["content_type"]["uid"], "article");
    emulator.delete_content_type("page");
    assert_eq!(get(&emulator, "/v3/content_types/page").status, 422);
}
