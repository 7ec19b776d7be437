//! Locales, and falling back from one to another.

use contentstack_sync::model::ObjectKind;
use contentstack_sync::query::{Direction, field};
use serde_json::json;

use crate::support::{Mirror, stores, uids};

async fn fill(mirror: &mut Mirror) {
    for (uid, locale, title) in [
        ("both", "en-us", "Both"),
        ("both", "fr-fr", "Les deux"),
        ("english", "en-us", "English"),
        ("french", "fr-fr", "Fran\u{e7}ais"),
        ("german", "de-de", "Deutsch"),
    ] {
        let data =
            json!({"uid": uid, "locale": locale, "title": title, "url": format!("/{title}")});
        mirror.entry("page", data).await;
    }
    // Authored in one locale and published to another.
    let data = json!({"uid": "fallen", "locale": "en-us", "title": "Fallen",
        "publish_details": {"locale": "fr-fr"}});
    mirror.entry("page", data).await;
    mirror
        .entry("other", json!({"uid": "other", "locale": "fr-fr"}))
        .await;
}

#[tokio::test]
async fn each_entry_is_found_once_in_the_first_locale_that_has_it() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let pages = || mirror.entries("page");
        let french = uids(pages().locale("fr-fr")).await;
        assert_eq!(french, ["both", "french", "fallen"]);
        let query = pages()
            .locale("fr-fr")
            .fallback(["en-us", "fr-fr", "de-de"]);
        let rows = query.clone().rows().await.unwrap();
        let found: Vec<String> = rows
            .iter()
            .map(|row| format!("{}@{}", row.key.uid, row.key.locale))
            .collect();
        assert_eq!(
            found,
            [
                "both@fr-fr",
                "french@fr-fr",
                "fallen@fr-fr",
                "english@en-us",
                "german@de-de"
            ]
        );
        assert_eq!(query.count().await.unwrap(), 5);
        // Whichever is said first.
        let turned = pages()
            .fallback(["en-us", "fr-fr", "de-de"])
            .locale("fr-fr");
        assert_eq!(turned.rows().await.unwrap(), rows);
        assert_eq!(pages().count().await.unwrap(), 6, "all locales");
        assert_eq!(pages().locale("fr-fr").count().await.unwrap(), 3);
        assert_eq!(pages().locale("xx").rows().await.unwrap(), []);
    }
}

#[tokio::test]
async fn only_the_version_of_the_first_locale_counts_for_conditions() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let both = || mirror.entries("page").locale("fr-fr").fallback(["en-us"]);
        // The English version has that title, but the French one is there.
        assert_eq!(
            uids(both().filter(field("title").eq("Both"))).await,
            [""; 0]
        );
        assert_eq!(uids(both().url("/Both")).await, [""; 0]);
        assert_eq!(uids(both().url("/Les deux")).await, ["both"]);
        assert_eq!(uids(both().url("/English")).await, ["english"]);
        assert_eq!(both().url("/Both").count().await.unwrap(), 0);
        assert_eq!(uids(both().uid("english")).await, ["english"]);
        assert_eq!(uids(both().uid("both")).await, ["both"]);
    }
}

#[tokio::test]
async fn order_and_limits_hold_across_locales() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let query = mirror
            .entries("page")
            .locale("fr-fr")
            .fallback(["en-us", "de-de"])
            .order_by("title", Direction::Ascending);
        assert_eq!(
            uids(query.clone()).await,
            ["german", "english", "fallen", "french", "both"]
        );
        assert_eq!(
            uids(query.clone().skip(1).limit(2)).await,
            ["english", "fallen"]
        );
        assert_eq!(uids(query.skip(9)).await, [""; 0]);
    }
}

#[tokio::test]
async fn assets_without_a_locale_are_found() {
    for mut mirror in stores().await {
        let asset = json!({"uid": "a1", "filename": "x.jpg"}).to_string();
        mirror.put(ObjectKind::Asset, None, &asset).await;
        assert_eq!(uids(mirror.assets()).await, ["a1"]);
        assert_eq!(uids(mirror.assets().locale("")).await, ["a1"]);
        assert_eq!(
            uids(mirror.assets().locale("en-us").fallback([""])).await,
            ["a1"]
        );
    }
}

#[tokio::test]
async fn more_rows_than_fit_a_batch_are_all_found_once() {
    for mut mirror in stores().await {
        let page = |number: usize, locale: &str| {
            let data = json!({"uid": format!("b{number}"), "locale": locale, "number": number});
            (ObjectKind::Entry, Some("page"), data.to_string())
        };
        mirror
            .put_all((0..700).map(|number| page(number, "en-us")))
            .await;
        mirror
            .put_all((500..1100).map(|number| page(number, "fr-fr")))
            .await;
        let query = mirror.entries("page").locale("fr-fr").fallback(["en-us"]);
        let mut found = uids(query.clone()).await;
        assert_eq!(found.len(), 1100);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 1100);
        let ordered = query
            .order_by("number", Direction::Descending)
            .skip(10)
            .limit(500);
        let expected: Vec<String> = (0..500).map(|at| format!("b{}", 1089 - at)).collect();
        assert_eq!(uids(ordered).await, expected);
    }
}
