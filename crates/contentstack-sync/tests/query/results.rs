//! What queries give back.

use contentstack_sync::model::RawJson;
use contentstack_sync::query::{Direction, QueryError, field};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Mirror, stores, uids};

const EXACT: &str = r#"{"uid":"exact",  "n": 12345678901234567890.10, "s":"\u00e9" , "tags":["x"],"locale":"en-us"}"#;

#[derive(Debug, Deserialize, PartialEq)]
struct Article {
    uid: String,
    #[serde(default)]
    n: Option<f64>,
}

async fn fill(mirror: &mut Mirror) {
    let kind = contentstack_sync::model::ObjectKind::Entry;
    mirror.put(kind, Some("article"), EXACT).await;
    for (uid, n) in [
        ("text", json!("text")),
        ("two", json!(2)),
        ("none", Value::Null),
        ("ten", json!(10)),
        ("yes", json!(true)),
        ("list", json!([3, 1])),
        ("object", json!({"a": 1})),
        ("empty", json!([])),
    ] {
        mirror
            .entry("article", json!({"uid": uid, "n": n, "locale": "en-us"}))
            .await;
    }
    mirror
        .entry("article", json!({"uid": "missing", "locale": "en-us"}))
        .await;
}

#[tokio::test]
async fn results_are_typed_or_the_exact_text() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let one = || mirror.entries("article").uid("exact");
        let raw: Option<RawJson> = one().first().await.unwrap();
        assert_eq!(raw.unwrap().as_str(), EXACT);
        let value: Vec<Value> = one().find().await.unwrap();
        assert_eq!(value[0]["s"], "\u{e9}");
        let typed: Option<Article> = one().first().await.unwrap();
        assert_eq!(typed.unwrap().uid, "exact");
        let none: Option<Article> = mirror.entries("article").uid("?").first().await.unwrap();
        assert_eq!(none, None);
        let error = mirror
            .entries("article")
            .uid("text")
            .find::<Article>()
            .await;
        let Err(QueryError::Decode { key, source }) = error else {
            panic!("{error:?}");
        };
        assert_eq!((key.uid.as_str(), source.path()), ("text", "n"));
    }
}

#[tokio::test]
async fn what_cannot_be_ordered_comes_last_both_ways() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let by = |direction| uids(mirror.entries("article").order_by("n", direction));
        // By uid among themselves.
        let last = ["empty", "missing", "none", "object"];
        let up = by(Direction::Ascending).await;
        assert_eq!(up[..6], ["yes", "two", "list", "ten", "exact", "text"]);
        assert_eq!(up[6..], last);
        let down = by(Direction::Descending).await;
        assert_eq!(down[..6], ["text", "exact", "ten", "list", "two", "yes"]);
        assert_eq!(down[6..], last);
    }
}

#[tokio::test]
async fn a_second_order_decides_where_the_first_does_not() {
    for mut mirror in stores().await {
        for (uid, a, b) in [("x", 1, 1), ("y", 2, 1), ("z", 1, 2)] {
            mirror
                .entry("t", json!({"uid": uid, "a": a, "b": b, "locale": ""}))
                .await;
        }
        let query = mirror
            .entries("t")
            .order_by("a", Direction::Ascending)
            .order_by("b", Direction::Descending);
        assert_eq!(uids(query).await, ["z", "x", "y"]);
    }
}

#[tokio::test]
async fn skip_and_limit_without_an_order_follow_the_last_change() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let all = uids(mirror.entries("article")).await;
        assert_eq!(all[..3], ["exact", "text", "two"]);
        let some = mirror.entries("article").skip(1).limit(2);
        assert_eq!(uids(some.clone()).await, all[1..3]);
        assert_eq!(some.clone().count().await.unwrap(), 10);
        assert_eq!(uids(some.limit(0)).await, [""; 0]);
        let numbers = mirror
            .entries("article")
            .filter(field("n").gt(1))
            .skip(1)
            .limit(1);
        assert_eq!(uids(numbers).await, ["two"]);
    }
}

#[tokio::test]
async fn only_and_except_shape_the_results() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let one = || mirror.entries("article").uid("exact");
        let only: Option<RawJson> = one().only(["n"]).first().await.unwrap();
        assert_eq!(
            only.unwrap().as_str(),
            r#"{"uid":"exact","n":12345678901234567890.10}"#
        );
        let except: Option<RawJson> = one().except(["n", "s", "uid"]).first().await.unwrap();
        assert_eq!(
            except.unwrap().as_str(),
            r#"{"tags":["x"],"locale":"en-us"}"#
        );
        // Conditions and order see all fields.
        let query = mirror
            .entries("article")
            .filter(field("n").eq(10))
            .order_by("n", Direction::Ascending)
            .only(["uid"]);
        let found: Vec<RawJson> = query.find().await.unwrap();
        assert_eq!(found[0].as_str(), r#"{"uid":"ten"}"#);
    }
}

#[tokio::test]
async fn count_and_content_type_come_along_when_asked_for() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let schema = json!({"uid": "article", "title": "Article", "schema": []});
        mirror.schema("article", schema.clone()).await;
        let query = || mirror.entries("article").tags(["x", "y"]).limit(1);
        let plain = query().fetch::<Article>().await.unwrap();
        assert!(plain.count.is_none() && plain.content_type.is_none());
        let rich = query()
            .include_count()
            .include_content_type()
            .fetch::<Article>();
        let rich = rich.await.unwrap();
        assert_eq!((rich.items.len(), rich.count), (1, Some(1)));
        assert_eq!(
            rich.content_type.unwrap().decode::<Value>().unwrap(),
            schema
        );
        let other = mirror
            .entries("other")
            .include_content_type()
            .fetch::<Article>();
        assert!(other.await.unwrap().content_type.is_none());
        let all = mirror.entries("article").include_count().limit(2);
        assert_eq!(all.fetch::<RawJson>().await.unwrap().count, Some(10));
    }
}

#[tokio::test]
async fn a_stream_gives_one_after_the_other_and_ends_after_an_error() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let mut stream = mirror.entries("article").stream::<Article>().unwrap();
        assert_eq!(stream.try_next().await.unwrap().unwrap().uid, "exact");
        assert!(stream.try_next().await.is_err(), "the text is no number");
        assert!(stream.try_next().await.unwrap().is_none());

        use futures_util::StreamExt as _;
        let stream = mirror
            .entries("article")
            .limit(3)
            .stream::<RawJson>()
            .unwrap();
        let all: Vec<_> = stream.map(|entry| entry.unwrap()).collect().await;
        assert_eq!(all.len(), 3);
        let bad = mirror.entries("article").filter(field("x").regex("["));
        assert!(matches!(
            bad.stream::<RawJson>(),
            Err(QueryError::Regex { .. })
        ));
    }
}

#[tokio::test]
async fn entries_and_assets_of_the_same_uid_are_kept_apart() {
    for mut mirror in stores().await {
        mirror
            .entry(
                "article",
                json!({"uid": "same", "locale": "en-us", "title": "entry"}),
            )
            .await;
        mirror
            .asset(json!({"uid": "same", "locale": "en-us", "title": "asset"}))
            .await;
        let entry: Vec<Value> = mirror.entries("article").find().await.unwrap();
        let asset: Vec<Value> = mirror.assets().uid("same").find().await.unwrap();
        assert_eq!((entry.len(), &entry[0]["title"]), (1, &json!("entry")));
        assert_eq!((asset.len(), &asset[0]["title"]), (1, &json!("asset")));
    }
}
