//! References and assets in results.

use contentstack_sync::model::RawJson;
use contentstack_sync::query::{EntryQuery, QueryError, field};
use serde_json::{Value, json};

use crate::support::{Mirror, stores, uids};

const HERO: &str = "blta55e700000000001";
const ADA: &str = "blte0000000000000a1";

async fn fill(mirror: &mut Mirror) {
    let author = json!({"uid": ADA, "locale": "en-us", "name": "Ada", "photo": HERO,
        "company": [{"uid": "acme", "_content_type_uid": "company"}]});
    mirror.entry("author", author).await;
    let company = json!({"uid": "acme", "locale": "en-us", "name": "Acme",
        "founder": [{"uid": ADA, "_content_type_uid": "author"}]});
    mirror.entry("company", company).await;
    let french = json!({"uid": "acme", "locale": "fr-fr", "name": "Acmé"});
    mirror.entry("company", french).await;
    let hero = json!({"uid": HERO, "filename": "hero.jpg", "publish_details": {"locale": "en-us"}});
    mirror.asset(hero).await;
    mirror
        .asset(json!({"uid": "short", "filename": "short.jpg"}))
        .await;
    let article = json!({
        "uid": "article", "locale": "en-us", "title": "Title", "rank": 1,
        "author": [{"uid": ADA, "_content_type_uid": "author"}],
        "missing": [{"uid": "gone", "_content_type_uid": "author"}],
        "legacy": [ADA], "hero": HERO, "short": "short", "created_by": HERO,
        "sections": [{"card": {"target": {"uid": "acme", "_content_type_uid": "company"}, "image": HERO}}],
        "file": {"uid": HERO, "_content_type_uid": "sys_assets"},
        "rte": {"type": "doc", "children": [{"attrs": {"entry-uid": ADA, "content-type-uid": "author"}}]},
    });
    mirror.entry("article", article).await;
}

async fn one(query: EntryQuery) -> Value {
    query.first().await.unwrap().unwrap()
}

#[tokio::test]
async fn references_are_included_as_deep_as_was_asked() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let articles = || mirror.entries("article").locale("en-us");
        let plain = one(articles().include_references(0)).await;
        assert_eq!(
            plain["author"],
            json!([{"uid": ADA, "_content_type_uid": "author"}])
        );

        let once = one(articles().include_references(1)).await;
        assert_eq!(once["author"][0]["name"], "Ada");
        assert_eq!(once["author"][0]["_content_type_uid"], "author");
        let bare = json!([{"uid": "acme", "_content_type_uid": "company"}]);
        assert_eq!(once["author"][0]["company"], bare);
        assert_eq!(once["legacy"][0]["name"], "Ada");
        assert_eq!(once["sections"][0]["card"]["target"]["name"], "Acme");
        // Not there, not asked for, not a field of content, and rich text.
        assert_eq!(once["missing"], plain["missing"]);
        assert_eq!(once["hero"], HERO);
        assert_eq!(once["author"][0]["photo"], HERO);
        assert_eq!(once["created_by"], HERO);
        assert_eq!(once["rte"], plain["rte"]);
        assert_eq!(once["file"], plain["file"]);

        let thrice = one(articles().include_references(3)).await;
        let founder = &thrice["author"][0]["company"][0]["founder"][0];
        assert_eq!(founder["name"], "Ada", "round in a circle");
        assert_eq!(founder["company"], bare, "as deep as asked for");
        let endless = one(articles().include_references(usize::MAX)).await;
        assert_eq!(endless["author"][0]["company"][0]["name"], "Acme");
    }
}

#[tokio::test]
async fn named_fields_alone_are_included_and_lead_on() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let articles = || mirror.entries("article").locale("en-us");
        let author = one(articles().include(["author"])).await;
        assert_eq!(author["author"][0]["name"], "Ada");
        assert!(author["author"][0]["company"][0].get("name").is_none());
        assert_eq!(author["legacy"], json!([ADA]));
        assert!(
            author["sections"][0]["card"]["target"]
                .get("name")
                .is_none()
        );

        let deep =
            one(articles().include(["author.company", "sections.card.target", "legacy"])).await;
        assert_eq!(deep["author"][0]["company"][0]["name"], "Acme");
        let founder = &deep["author"][0]["company"][0]["founder"][0];
        assert!(founder.get("name").is_none());
        assert_eq!(deep["sections"][0]["card"]["target"]["name"], "Acme");
        assert_eq!(deep["legacy"][0]["name"], "Ada");
        // The beginning of a name is no path.
        let none = one(articles().include(["auth", "sections.car"])).await;
        assert!(none["author"][0].get("name").is_none());
    }
}

#[tokio::test]
async fn assets_take_the_place_of_their_uids() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let articles = || mirror.entries("article").locale("en-us");
        let all = one(articles().include_assets().include(["author"])).await;
        assert_eq!(all["hero"]["filename"], "hero.jpg");
        assert_eq!(all["file"]["filename"], "hero.jpg");
        assert_eq!(all["sections"][0]["card"]["image"]["filename"], "hero.jpg");
        assert_eq!(all["author"][0]["photo"]["filename"], "hero.jpg");
        assert_eq!(all["short"], "short", "does not look like a uid");
        assert_eq!(all["created_by"], HERO);
        assert_eq!(all["legacy"], json!([ADA]), "an entry");

        let some = one(articles().asset_fields(["short", "author.photo"])).await;
        assert_eq!(some["short"]["filename"], "short.jpg", "of no locale");
        assert_eq!(some["author"][0]["photo"]["filename"], "hero.jpg");
        assert_eq!(some["hero"], HERO);
    }
}

#[tokio::test]
async fn a_schema_says_what_is_a_file_and_what_a_reference() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        // A uid of both an asset and an entry.
        mirror
            .entry(
                "author",
                json!({"uid": HERO, "locale": "en-us", "name": "Hero"}),
            )
            .await;
        let data = json!({"uid": "s", "locale": "en-us", "file": "short", "ref": [HERO],
            "text": HERO, "group": {"file": HERO}});
        mirror.entry("typed", data).await;
        let schema = json!({"uid": "typed", "schema": [
            {"uid": "file", "data_type": "file"},
            {"uid": "ref", "data_type": "reference"},
            {"uid": "group", "data_type": "group", "schema": [{"uid": "file", "data_type": "file"}]},
        ]});
        let typed = || {
            let query = mirror.entries("typed").locale("en-us");
            query.include_references(1).include_assets()
        };
        let without = one(typed()).await;
        assert_eq!(
            without["ref"][0]["filename"], "hero.jpg",
            "assets come first"
        );
        assert_eq!(without["file"], "short");
        let entries = mirror
            .entries("typed")
            .locale("en-us")
            .include_references(1);
        let unsure = one(entries).await;
        assert_eq!(unsure["ref"], json!([HERO]), "it may well be a file");
        let query = typed();
        mirror.schema("typed", schema).await;
        let with = one(query).await;
        assert_eq!(with["ref"][0]["name"], "Hero");
        assert_eq!(with["file"]["filename"], "short.jpg");
        assert_eq!(with["group"]["file"]["filename"], "hero.jpg");
    }
}

#[tokio::test]
async fn what_is_included_is_of_the_locale_of_the_query() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let data = json!({"uid": "fr", "locale": "fr-fr",
            "c": {"uid": "acme", "_content_type_uid": "company"},
            "a": {"uid": ADA, "_content_type_uid": "author"}});
        mirror.entry("page", data).await;
        let pages = || mirror.entries("page").include_references(1);
        // By default that of the entry.
        let own = one(pages()).await;
        assert_eq!(own["c"]["name"], "Acmé");
        assert!(own["a"].get("name").is_none());
        let fallback = one(pages().locale("fr-fr").fallback(["en-us"])).await;
        assert_eq!(fallback["c"]["name"], "Acmé");
        assert_eq!(fallback["a"]["name"], "Ada");
        let english = one(pages().locale("en-us").fallback(["fr-fr"])).await;
        assert_eq!(english["c"]["name"], "Acme");
    }
}

#[tokio::test]
async fn conditions_hold_for_what_is_referred_to() {
    for mut mirror in stores().await {
        fill(&mut mirror).await;
        let found = |condition| uids(mirror.entries("article").locale("en-us").filter(condition));
        let acme = || field("name").eq("Acme");
        for (condition, expected) in [
            (field("author").refers_to(field("name").eq("Ada")), true),
            (field("author").refers_to(field("name").eq("Bob")), false),
            (field("author.0").refers_to(field("name").eq("Ada")), true),
            (field("legacy").refers_to(field("name").eq("Ada")), true),
            (
                field("author").refers_to(field("company").refers_to(acme())),
                true,
            ),
            (
                field("author").refers_to(field("company").refers_to(!acme())),
                false,
            ),
            (field("sections.card.target").refers_to(acme()), true),
            (field("missing").refers_to(field("name").missing()), false),
            (!field("missing").refers_to(field("name").missing()), true),
            (field("title").refers_to(acme()), false),
            (field("rank").refers_to(acme()), false),
            (
                field("rank").eq(1)
                    & (field("author").refers_to(acme()) | field("author").refers_to(!acme())),
                true,
            ),
        ] {
            let text = format!("{condition:?}");
            assert_eq!(!found(condition).await.is_empty(), expected, "{text}");
        }
    }
}

#[tokio::test]
async fn numbers_and_order_of_keys_survive_an_include() {
    for mut mirror in stores().await {
        let kind = contentstack_sync::model::ObjectKind::Entry;
        mirror
            .put(
                kind,
                Some("b"),
                r#"{"uid":"b","locale":"l", "z": 1.50, "a":12345678901234567890}"#,
            )
            .await;
        mirror
            .put(
                kind,
                Some("a"),
                r#"{"uid":"a", "locale":"l","r" : {"_content_type_uid":"b","uid":"b"} , "n":1e2}"#,
            )
            .await;
        mirror.put(kind, Some("empty"), "{\"uid\":\"e\"}").await;
        let query = mirror.entries("a").include_references(1);
        let raw: RawJson = query.first().await.unwrap().unwrap();
        assert_eq!(
            raw.as_str(),
            r#"{"uid":"a", "locale":"l","r" : {"_content_type_uid":"b","uid":"b","locale":"l", "z": 1.50, "a":12345678901234567890} , "n":1e2}"#
        );
        let only = mirror.entries("a").include_references(1).only(["r.z"]);
        let only: RawJson = only.first().await.unwrap().unwrap();
        assert_eq!(only.as_str(), r#"{"uid":"a","r":{"z":1.50}}"#);
    }
}

#[tokio::test]
async fn what_grows_without_measure_is_an_error() {
    for mut mirror in stores().await {
        // Every entry refers to all of them: 8^16 at the full depth.
        let all: Vec<Value> = (0..8)
            .map(|number| json!({"uid": format!("n{number}"), "_content_type_uid": "node"}))
            .collect();
        for number in 0..8 {
            let data = json!({"uid": format!("n{number}"), "locale": "l", "next": all});
            mirror.entry("node", data).await;
        }
        let query = mirror
            .entries("node")
            .include_references(16)
            .include_limit(100_000);
        let result = query.find::<RawJson>().await;
        let Err(QueryError::TooLarge { key, limit }) = result else {
            panic!("{result:?}");
        };
        assert_eq!((key.uid.as_str(), limit), ("n0", 100_000));
        let fine = mirror
            .entries("node")
            .include_references(2)
            .find::<RawJson>()
            .await;
        assert_eq!(fine.unwrap().len(), 8);
    }
}
