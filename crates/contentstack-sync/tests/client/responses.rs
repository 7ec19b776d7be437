//! Every answer that was seen, and those that nobody should see.

use contentstack_sync::model::{
    ContentTypeUid, EventTime, Item, ItemType, Key, ObjectKind, Page, Token,
};
use contentstack_sync::{ContentstackErrorExt as _, Error, ErrorKind};
use http::StatusCode;
use serde_json::{Value, json};
use sync_core::testing::mock;

use crate::support::{entry, serving, vector, vectors};

async fn read_bytes(body: impl Into<bytes::Bytes>) -> Result<Page, Error> {
    let body: bytes::Bytes = body.into();
    let (stack, _) = serving(move |_| Ok(mock::response(StatusCode::OK, body.clone())));
    stack.sync_init().await
}

async fn read(body: &Value) -> Result<Page, Error> {
    read_bytes(body.to_string()).await
}

async fn fixture(name: &str) -> Result<Page, Error> {
    read_bytes(vector(&format!("responses/{name}"))).await
}

async fn one(item: Value) -> Item {
    let page = read(&json!({"items": [item], "sync_token": "cs1"}))
        .await
        .unwrap();
    let [item] = <[Item; 1]>::try_from(page.items).unwrap();
    item
}

#[tokio::test]
async fn every_fixture_is_read_or_refused_as_a_whole() {
    for name in vectors("responses") {
        let raw: Value = serde_json::from_str(&vector(&format!("responses/{name}"))).unwrap();
        let items = raw["items"].as_array().unwrap();
        match fixture(&name).await {
            Ok(page) => {
                assert_eq!(page.items.len(), items.len(), "{name}");
                for (item, raw) in page.items.iter().zip(items) {
                    assert!(!matches!(item, Item::Unreadable(_)), "{name}: {item:?}");
                    assert_eq!(item.kind().as_str(), raw["type"], "{name}");
                    assert_eq!(item.to_json().decode::<Value>().unwrap(), *raw, "{name}");
                }
                assert_eq!(page.total_count, raw["total_count"].as_u64(), "{name}");
                assert_eq!(page.skip, raw["skip"].as_u64(), "{name}");
                assert_eq!(page.limit, raw["limit"].as_u64(), "{name}");
            }
            Err(error) => {
                assert!(raw.get("sync_token").is_none(), "{name}: {error:?}");
                assert_eq!(error.kind(), ErrorKind::Decode);
                assert!(error.to_string().contains("token"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn two_pages_of_one_sync() {
    let first = fixture("01_init_page1.json").await.unwrap();
    assert!(!first.is_last() && first.sync_token().is_none());
    assert_eq!(
        first.progress(),
        Some(first.items.len() as f64 / first.total_count.unwrap() as f64)
    );
    let second = fixture("02_init_page2_last.json").await.unwrap();
    assert!(second.is_last() && second.pagination_token().is_none());
    assert_eq!(second.progress(), Some(1.0));
    assert_eq!(
        (first.items.len() + second.items.len()) as u64,
        first.total_count.unwrap()
    );
}

#[tokio::test]
async fn an_empty_delta_has_the_same_token_and_no_counts() {
    let page = fixture("03_delta_empty_same_token.json").await.unwrap();
    assert!(page.items.is_empty() && page.is_last());
    assert_eq!(
        (page.skip, page.limit, page.total_count),
        (None, None, None)
    );
    assert_eq!(page.progress(), None);
}

#[tokio::test]
async fn a_delta_has_all_seven_types() {
    let page = fixture("04_delta_every_type_newest_first.json")
        .await
        .unwrap();
    let mut kinds: Vec<ItemType> = page.items.iter().map(Item::kind).collect();
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds, ItemType::ALL);
    for item in &page.items {
        match item {
            Item::ContentTypeDeleted(deleted) => {
                assert!(deleted.content_type().is_some() && deleted.event_at().is_some());
                assert_eq!(item.key(), None);
            }
            _ => assert_eq!(Some(item.key().unwrap().kind), item.kind().object()),
        }
    }
    // Newest first.
    assert!(
        page.items
            .windows(2)
            .all(|two| two[0].event_at() >= two[1].event_at())
    );
}

#[tokio::test]
async fn a_time_that_is_none_and_a_missing_content_type_are_survived() {
    let page = fixture("05_delta_doc_shape_no_content_type_uid.json")
        .await
        .unwrap();
    let item = &page.items[0];
    assert_eq!(item.event_at().unwrap().as_str(), "2017-11-23T00:00:000Z");
    assert_eq!(
        *item.event_at().unwrap(),
        EventTime::from("2017-11-23T00:00:00Z")
    );
    assert_eq!(item.content_type(), None);
    assert_eq!(item.key(), Some(Key::asset("blta55e700000000003", "en-us")));
    assert_eq!(page.limit, Some(3));
}

#[tokio::test]
async fn without_publish_details_the_locale_is_that_of_the_content() {
    let page = fixture("06_missing_publish_details.json").await.unwrap();
    assert_eq!(
        page.items[0].key(),
        Some(Key::entry("blte0000000000000ff", "en-us"))
    );
    assert_eq!(page.items[0].head().publish_details, None);
}

#[tokio::test]
async fn an_empty_page_may_have_another_after_it() {
    let page = fixture("07_empty_page_with_pagination_token.json")
        .await
        .unwrap();
    assert!(page.items.is_empty() && !page.is_last());
}

#[tokio::test]
async fn a_null_token_is_none() {
    let page = fixture("09_null_tokens.json").await.unwrap();
    assert!(matches!(&page.next, Token::Sync(token) if token.as_str() == "cs6"));
}

#[tokio::test]
async fn of_two_tokens_the_pagination_token_counts() {
    let page = fixture("10_both_tokens.json").await.unwrap();
    assert!(page.pagination_token().is_some() && page.sync_token().is_none());
}

#[tokio::test]
async fn an_answer_without_tokens_is_an_error_that_says_so() {
    let error = fixture("11_no_tokens.json").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("neither a pagination_token nor a sync_token"),
        "{error}"
    );
    let error = fixture("12_sequential_init.json").await.unwrap_err();
    assert!(error.to_string().contains("sequential mode"), "{error}");
    for odd in [json!(""), json!(null), json!({}), json!(true)] {
        let error = read(&json!({"items": [], "sync_token": odd}))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{odd}");
    }
}

#[tokio::test]
async fn unknown_and_reordered_keys_are_kept() {
    let page = fixture("14_extra_and_reordered_keys.json").await.unwrap();
    let item = &page.items[0];
    assert_eq!(item.key(), Some(Key::entry("blte1", "en-us")));
    assert_eq!(item.content_type(), Some(&ContentTypeUid::from("article")));
    assert!(
        item.data()
            .unwrap()
            .as_str()
            .contains(r#""variants":{"cs1":{"v":1}}"#)
    );
    let item = one(json!({"type": "entry_deleted", "data": {"uid": "b", "locale": "en"}, "_variant": {"a": [1]}})).await;
    assert_eq!(
        item.extra().get::<Value>("_variant"),
        Some(json!({"a": [1]}))
    );
}

#[tokio::test]
async fn the_locale_of_a_key_is_where_it_is_published() {
    let item = one(json!({
        "type": "entry_published", "content_type_uid": "a",
        "data": {"uid": "b", "locale": "en-us", "publish_details": {"locale": "en-gb", "environment": "blt5", "time": "2026-01-01T00:00:00.000Z", "user": "u"}},
    }))
    .await;
    assert_eq!(item.key(), Some(Key::entry("b", "en-gb")));
    let head = item.head();
    assert_eq!(head.locale.as_ref().unwrap(), "en-us");
    let details = head.publish_details.unwrap();
    assert_eq!(details.environment.as_deref(), Some("blt5"));
    assert_eq!(details.time, Some("2026-01-01T00:00:00Z".into()));
    assert_eq!(details.user.as_deref(), Some("u"));
    // Half of the details.
    for details in [
        json!({}),
        json!({"locale": null}),
        json!(null),
        json!([]),
        json!("x"),
    ] {
        let item = one(json!({"type": "entry_published", "data": {"uid": "b", "locale": "en-us", "publish_details": details}})).await;
        assert_eq!(item.key(), Some(Key::entry("b", "en-us")), "{details}");
    }
    // None at all.
    let item = one(json!({"type": "asset_published", "data": {"uid": "b"}})).await;
    assert_eq!(item.key(), Some(Key::asset("b", "")));
}

#[tokio::test]
async fn an_entry_and_an_asset_with_one_uid_are_two() {
    let data = json!({"uid": "b", "locale": "en"});
    let entry = one(json!({"type": "entry_deleted", "data": data}))
        .await
        .key()
        .unwrap();
    let asset = one(json!({"type": "asset_deleted", "data": data}))
        .await
        .key()
        .unwrap();
    assert_ne!(entry, asset);
    assert_eq!(
        (entry.kind, asset.kind),
        (ObjectKind::Entry, ObjectKind::Asset)
    );
}

#[tokio::test]
async fn the_content_is_the_exact_text_that_came() {
    let data = "{ \"uid\":\"b\",\n\t\"n\": 1.10, \"big\":123456789012345678901234567890, \"e\":1E400,\"u\":\"\\u00fc\\ud83d\\ude00/\\/\", \"a\":{}, \"a\":[] }";
    let body =
        format!(r#"{{"items":[{{"type":"entry_published","data":{data} }}],"sync_token":"s"}}"#);
    let page = read_bytes(body).await.unwrap();
    assert_eq!(page.items[0].data().unwrap().as_str(), data);
    assert_eq!(page.items[0].key().unwrap().uid, "b");
}

#[tokio::test]
async fn unknown_types_are_kept_whole() {
    let raw = json!({"type": "entry_reviewed", "event_at": "x", "data": ["not", "an", "object"], "content_type_uid": "a", "more": 1});
    let item = one(raw.clone()).await;
    let Item::Other(kind, other) = &item else {
        panic!("{item:?}")
    };
    assert_eq!(kind.as_str(), "entry_reviewed");
    assert_eq!(other.data().unwrap().as_str(), r#"["not","an","object"]"#);
    assert_eq!(item.to_json().decode::<Value>().unwrap(), raw);
    assert_eq!(item.key(), None);
}

#[tokio::test]
async fn numbers_may_be_text_and_text_numbers() {
    let page = read(
        &json!({"items": [], "skip": "200", "limit": "100", "total_count": "229", "sync_token": 5}),
    )
    .await
    .unwrap();
    assert_eq!(
        (page.skip, page.limit, page.total_count),
        (Some(200), Some(100), Some(229))
    );
    assert_eq!(page.sync_token().unwrap().as_str(), "5");
    let page = read(
        &json!({"items": [], "skip": -1, "limit": [], "total_count": "many", "sync_token": "s"}),
    )
    .await
    .unwrap();
    assert_eq!(
        (page.skip, page.limit, page.total_count),
        (None, None, None)
    );
    let item = one(json!({"type": "entry_published", "data": {"uid": 7, "locale": "en", "_version": "3", "title": 5}})).await;
    assert_eq!(item.key(), Some(Key::entry("7", "en")));
    assert_eq!(
        (item.head().version, item.head().title.as_deref()),
        (Some(3), Some("5"))
    );
}

#[tokio::test]
async fn what_is_no_item_does_not_spoil_its_page() {
    let odd = [
        json!(null),
        json!(1),
        json!("text"),
        json!([]),
        json!({}),
        json!({"type": 5}),
        json!({"type": null, "data": {}}),
        json!({"type": "entry_published"}),
        json!({"type": "entry_published", "data": null}),
        json!({"type": "asset_deleted", "data": "blt1"}),
        json!({"type": "entry_deleted", "data": [{"uid": "b"}], "event_at": "2026-01-01T00:00:00Z"}),
    ];
    for odd in odd {
        let page = read(&json!({"items": [entry(1), odd, entry(2)], "sync_token": "s"}))
            .await
            .unwrap();
        let [first, bad, second] = &page.items[..] else {
            panic!("{page:?}")
        };
        assert_eq!(first.key().unwrap().uid, "blt1");
        assert_eq!(second.key().unwrap().uid, "blt2");
        let Item::Unreadable(unreadable) = bad else {
            panic!("{odd}: {bad:?}")
        };
        assert_eq!(unreadable.raw.decode::<Value>().unwrap(), odd);
        assert!(!unreadable.error.is_empty());
        assert_eq!(bad.to_json().decode::<Value>().unwrap(), odd);
        // Of what can be read, it is read.
        assert_eq!(
            bad.kind().as_str(),
            odd.get("type").and_then(Value::as_str).unwrap_or_default()
        );
        assert_eq!(bad.event_at().is_some(), odd.get("event_at").is_some());
    }
}

#[tokio::test]
async fn what_json_allows_and_rust_does_not_spoils_one_item_at_the_most() {
    for odd in [
        r#"{"type":"entry_published","\ud800":1,"data":{"uid":"b"}}"#,
        r#"{"type":"entry_published\ud800","data":{"uid":"b"}}"#,
        r"1e999",
        &format!("{}{}", "[".repeat(5000), "]".repeat(5000)),
    ] {
        let body = format!(r#"{{"items":[{odd},{}],"sync_token":"s"}}"#, entry(2));
        let page = read_bytes(body).await.unwrap();
        let Item::Unreadable(unreadable) = &page.items[0] else {
            panic!("{odd}")
        };
        assert_eq!(unreadable.raw.as_str(), odd);
        assert_eq!(page.items[1].key().unwrap().uid, "blt2");
    }
    // Within the content it is nobody's business but that of whoever reads it.
    let deep = format!(
        r#"{{"uid":"b","deep":{}{},"bad":"\ud800"}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let body =
        format!(r#"{{"items":[{{"type":"entry_published","data":{deep}}}],"sync_token":"s"}}"#);
    let page = read_bytes(body).await.unwrap();
    assert_eq!(page.items[0].key(), Some(Key::entry("b", "")));
    assert_eq!(page.items[0].data().unwrap().as_str(), deep);
}

#[tokio::test]
async fn a_known_name_with_an_unknown_value_is_kept() {
    let raw = json!({"type": "entry_deleted", "event_at": 1700000000, "content_type_uid": ["a"], "data": {"uid": "b"}});
    let item = one(raw.clone()).await;
    assert_eq!((item.event_at(), item.content_type()), (None, None));
    assert_eq!(item.extra().get::<u64>("event_at"), Some(1_700_000_000));
    assert_eq!(item.to_json().decode::<Value>().unwrap(), raw);
}

#[tokio::test]
async fn bytes_that_are_not_utf8_spoil_the_item_they_are_in() {
    let mut body = format!(r#"{{"items":[{},{{"type":"entry_published","data":{{"uid":"b","t":"?"}}}},{}],"sync_token":"s"}}"#, entry(1), json!({"type": "entry_published", "data": {"uid": "blt2", "t": "\u{fffd}"}})).into_bytes();
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    body[at] = 0xff;
    let page = read_bytes(body).await.unwrap();
    assert_eq!(page.items[0].key().unwrap().uid, "blt1");
    assert!(matches!(&page.items[1], Item::Unreadable(bad) if bad.error.contains("UTF-8")));
    // A replacement character that was sent is one.
    assert_eq!(page.items[2].key().unwrap().uid, "blt2");
}

#[tokio::test]
async fn missing_items_are_none_and_other_items_are_an_error() {
    for body in [
        json!({"sync_token": "s"}),
        json!({"items": null, "sync_token": "s"}),
    ] {
        assert!(read(&body).await.unwrap().items.is_empty());
    }
    for items in [json!({}), json!("x"), json!(5)] {
        let error = read(&json!({"items": items, "sync_token": "s"}))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_page_is_an_error_of_this_crate_that_quotes_nothing() {
    for body in [
        "",
        "null",
        "[]",
        "5",
        "\"cs_secret_token\"",
        "<html>503</html>",
        "{",
        "{\"items\":[",
        "{\"items\":[],\"sync_token\":\"cs_secret_token\"",
        "{\"items\":[],\"sync_token\":\"cs_secret_token\"} x",
    ] {
        let error = read_bytes(body.to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(
            !format!("{error:?} {error:#?}").contains("cs_secret"),
            "{error:?}"
        );
        assert!(error.contentstack().is_none());
    }
    // With a byte order mark it is one.
    assert!(read_bytes("\u{feff}{\"sync_token\":\"s\"}").await.is_ok());
}

#[tokio::test]
async fn entries_are_decoded_into_types_of_the_caller() {
    #[derive(serde::Deserialize)]
    struct Article {
        title: String,
        #[serde(default)]
        tags: Vec<String>,
    }
    let page = fixture("01_init_page1.json").await.unwrap();
    let Item::EntryPublished(entry) = &page.items[0] else {
        panic!()
    };
    let article: Article = entry.decode().unwrap();
    assert_eq!(article.title, "Every field kind");
    assert!(article.tags.is_empty());
    #[derive(Debug, serde::Deserialize)]
    struct Other {
        #[allow(dead_code)]
        title: u64,
    }
    let error = entry.decode::<Other>().unwrap_err();
    assert_eq!(error.path(), "title");
    assert!(!error.to_string().contains("Every"), "{error}");
}

#[tokio::test]
async fn assets_keep_their_size_as_the_text_it_is() {
    let page = fixture("01_init_page1.json").await.unwrap();
    let rest = fixture("02_init_page2_last.json").await.unwrap();
    let mut all = page.items.iter().chain(&rest.items);
    let asset = all.find_map(|item| match item {
        Item::AssetPublished(asset) => Some(asset),
        _ => None,
    });
    let asset = asset.unwrap();
    assert_eq!(asset.content_type().unwrap(), ContentTypeUid::ASSETS);
    let fields: Value = asset.decode().unwrap();
    assert!(fields["file_size"].is_string());
    assert!(asset.head().url.is_some());
}

#[tokio::test]
async fn the_same_content_type_is_in_memory_once() {
    let page = read(&json!({"items": [entry(1), entry(2)], "sync_token": "s"}))
        .await
        .unwrap();
    let [one, two] = &page.items[..] else {
        panic!()
    };
    let address = |item: &Item| item.content_type().unwrap().as_str().as_ptr();
    assert_eq!(address(one), address(two));
}
