//! What holds for every time and every JSON.

use contentstack_sync::model::{EventTime, Item};
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::time::{Duration, SystemTime};
use sync_core::testing::mock;

use crate::support::answered;

/// Texts as they come: proper times, nearly proper ones, and anything.
fn time_text() -> impl Strategy<Value = String> {
    let date =
        (1990i32..2040, 0u32..14, 0u32..33).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let clock = (
        0u32..26,
        0u32..62,
        0u32..62,
        prop::option::of("[0-9]{1,10}"),
    )
        .prop_map(|(h, m, s, fraction)| {
            let fraction = fraction
                .map(|digits| format!(".{digits}"))
                .unwrap_or_default();
            format!("T{h:02}:{m:02}:{s:02}{fraction}")
        });
    let zone = prop_oneof![
        Just("Z".to_owned()),
        Just(String::new()),
        "[+-]0[0-9]:?[0-5]0".prop_map(|s| s)
    ];
    prop_oneof![
        6 => (date.clone(), clock, zone).prop_map(|(d, c, z)| format!("{d}{c}{z}")),
        1 => date.clone(),
        1 => date.prop_map(|date| format!("{date}T00:00:000Z")),
        1 => "[0-9TZ:.+-]{0,25}",
        1 => any::<String>(),
    ]
}

fn hash(time: &EventTime) -> u64 {
    let mut hasher = DefaultHasher::new();
    time.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #[test]
    fn times_have_a_total_order(texts in prop::collection::vec(time_text(), 3)) {
        let [a, b, c] = &texts.iter().map(|text| EventTime::from(text.as_str())).collect::<Vec<_>>()[..] else { unreachable!() };
        prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
        prop_assert_eq!(a == b, a.cmp(b).is_eq());
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a == b {
            prop_assert_eq!(hash(a), hash(b));
            prop_assert_eq!(a.cmp(c), b.cmp(c));
        }
    }

    #[test]
    fn times_are_ordered_by_their_instants(one in 0u64..4_000_000_000_000, two in 0u64..4_000_000_000_000, offset in -14i64..15) {
        let at = |millis| EventTime::from(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        prop_assert_eq!(at(one).cmp(&at(two)), one.cmp(&two));
        prop_assert_eq!(at(one).unix_millis(), Some(one as i64));
        prop_assert_eq!(at(one).to_system_time(), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(one)));
        // The same instant with another offset.
        let shifted = at((one as i64 + offset * 3_600_000).max(0) as u64);
        if one as i64 + offset * 3_600_000 >= 0 {
            let sign = if offset < 0 { '-' } else { '+' };
            let text = shifted.as_str().replace('Z', &format!("{sign}{:02}:00", offset.abs()));
            prop_assert_eq!(EventTime::from(text), at(one));
        }
    }

    #[test]
    fn a_time_keeps_its_text(text in any::<String>()) {
        let time = EventTime::from(text.as_str());
        prop_assert_eq!(time.as_str(), &text);
        prop_assert_eq!(serde_json::to_value(&time).unwrap(), Value::from(text.clone()));
        prop_assert_eq!(serde_json::from_value::<EventTime>(text.into()).unwrap(), time);
    }

    #[test]
    fn any_json_is_an_item_and_comes_back_as_it_was(value in json_value()) {
        let item = Item::from_json(&value.to_string());
        let back: Value = item.to_json().decode().unwrap();
        prop_assert_eq!(back, value);
        let _ = (item.key(), item.head(), item.kind());
    }

    #[test]
    fn any_text_is_an_item(text in any::<String>()) {
        let item = Item::from_json(&text);
        prop_assert!(serde_json::from_str::<Value>(item.to_json().as_str()).is_ok());
        let _ = (item.key(), item.head());
    }

    #[test]
    fn any_items_make_a_page_and_none_is_lost(items in prop::collection::vec(json_value(), 0..8)) {
        let body = json!({"items": items, "sync_token": "cs1"});
        let (stack, _) = answered([Ok(mock::json(StatusCode::OK, &body))]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let page = runtime.block_on(async { stack.sync_init().await }).unwrap();
        prop_assert_eq!(page.items.len(), items.len());
        for (item, value) in page.items.iter().zip(&items) {
            let alone = Item::from_json(&value.to_string());
            prop_assert_eq!(item, &alone);
        }
    }
}

/// Anything, and often something like an item.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let any_value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    });
    let kind = prop_oneof![
        Just(json!("entry_published")),
        Just(json!("asset_deleted")),
        Just(json!("content_type_deleted")),
        Just(json!("something_else")),
        Just(json!(7)),
    ];
    prop_oneof![
        any_value.clone(),
        (kind, any_value.clone(), any_value).prop_map(|(kind, data, other)| {
            json!({"type": kind, "data": data, "event_at": "2026-01-01", "x": other})
        }),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![
            "type", "data", "event_at", "content_type_uid", "uid", "locale", "publish_details", "_version",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

#[test]
fn the_times_of_the_service_and_of_its_documentation() {
    let ascending = [
        "",
        "nonsense",
        "2017-11-23T00:00:000Z",
        "2017-11-23T00:00:00.001Z",
        "2017-11-24",
        "2020-12-05T15:43:05.355Z",
        "2020-12-05T15:43:05.355000001Z",
        "2020-12-05T15:43:06Z",
        "2020-12-05T15:43:07+00:00",
        "2020-12-05T17:43:08.5+02:00",
        "2020-12-05T15:43:09,5Z",
        "2020-12-05T15:44",
        "2024-02-29T00:00:00.000Z",
        "2024-03-01T00:00:00.000Z",
    ];
    let times = ascending.map(EventTime::from);
    assert!(times.windows(2).all(|two| two[0] < two[1]), "{times:?}");
    for (one, other) in [
        ("2017-11-23T00:00:000Z", "2017-11-23"),
        ("2020-12-05T15:43:06Z", "2020-12-05T15:43:06.000Z"),
        ("2020-12-05t15:43:06z", "2020-12-05 15:43:06"),
        ("2020-12-05T15:43:06-0130", "2020-12-05T17:13:06Z"),
        (" 2020-12-05T15:43:06Z ", "2020-12-05T15:43:06Z"),
    ] {
        assert_eq!(EventTime::from(one), EventTime::from(other));
    }
    assert_ne!(EventTime::from("a"), EventTime::from("b"));
    assert_eq!(
        EventTime::from("2020-12-05T15:43:05.355Z").unix_millis(),
        Some(1_607_182_985_355)
    );
    assert_eq!(
        EventTime::from("1969-12-31T23:59:59.750Z").unix_millis(),
        Some(-250)
    );
    assert_eq!(
        EventTime::from("1969-12-31T23:59:59.750Z").to_system_time(),
        Some(SystemTime::UNIX_EPOCH - Duration::from_millis(250))
    );
    for text in [
        "2023-02-29",
        "2023-13-01",
        "2023-00-01",
        "2023-01-00",
        "2023-1-1",
        "x",
    ] {
        assert_eq!(EventTime::from(text).unix_millis(), None, "{text}");
    }
}

#[test]
fn a_system_time_is_written_as_the_service_does() {
    for (millis, text) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_607_182_985_355, "2020-12-05T15:43:05.355Z"),
    ] {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(EventTime::from(at).as_str(), text);
    }
    let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
    assert_eq!(EventTime::from(before).as_str(), "1969-12-31T23:59:59.999Z");
}
