//! Rows that did not come, dry runs, reports.

use serde_json::{Value, json};
use synctools::client::Warning;
use synctools::store::{Clean, OnReferenced, StoreErrorKind};
use synctools::{Client, SyncErrorExt as _};

use crate::support::{Database, category, client, json_reply, serve};

const BEFORE: &[&str] = &[
    "INSERT INTO lab_category (id, slug) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "INSERT INTO OLD_Legacy (LEG_CODE, \"legacy value\", cat_ref) VALUES ('x', 1, 3)",
];

async fn set_up(body: Value) -> (Client, Database, sync_core::testing::ScriptedServer) {
    let server = serve(json_reply(body.to_string())).await;
    let database = Database::with(BEFORE);
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    (client, database, server)
}

fn slugs(database: &Database) -> Vec<String> {
    let rows = database.rows("lab_category");
    rows.iter()
        .map(|row| row["slug"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn rows_that_did_not_come_stay_or_go() {
    let (client, database, _server) = set_up(json!([category(1, "a"), category(3, "C")])).await;
    let report = client.sync("x").await.unwrap();
    assert_eq!(
        (report.updated(), report.unchanged(), report.deleted()),
        (1, 1, 0)
    );
    assert_eq!(slugs(&database), ["a", "b", "C"]);
    let report = client.sync("x").clean(Clean::Stale).await.unwrap();
    assert_eq!(
        (report.updated(), report.unchanged(), report.deleted()),
        (0, 2, 1)
    );
    assert_eq!(slugs(&database), ["a", "C"]);
}

#[tokio::test]
async fn rows_that_others_need_are_guarded() {
    let (client, database, _server) = set_up(json!([category(1, "a")])).await;
    let before = database.contents();
    let error = client.sync("x").clean(Clean::Stale).await.unwrap_err();
    assert_eq!(
        error.store_error().unwrap().kind(),
        StoreErrorKind::Referenced
    );
    assert!(error.to_string().contains("on_referenced"), "{error}");
    assert_eq!(database.contents(), before);

    let sync = client
        .sync("x")
        .clean(Clean::Stale)
        .on_referenced(OnReferenced::SetNull);
    let report = sync.await.unwrap();
    assert_eq!(report.deleted(), 2);
    assert_eq!(report.references[0].rows, 1);
    assert_eq!(database.rows("OLD_Legacy")[0].get("cat_ref"), None);
}

#[tokio::test]
async fn a_server_that_lost_its_data_does_not_take_ours_along() {
    let (client, database, _server) = set_up(json!([category(1, "a")])).await;
    let before = database.contents();
    let sync = client
        .sync("x")
        .clean(Clean::Stale)
        .on_referenced(OnReferenced::Cascade)
        .max_delete_ratio(0.5);
    let error = sync.await.unwrap_err();
    assert_eq!(
        error.store_error().unwrap().kind(),
        StoreErrorKind::TooManyDeleted
    );
    assert_eq!(database.contents(), before);
}

#[tokio::test]
async fn an_empty_answer_cleans_only_what_is_named() {
    let (client, database, _server) = set_up(json!([])).await;
    for clean in [Clean::Before, Clean::Stale] {
        let report = client.sync("x").clean(clean).await.unwrap();
        assert_eq!(report.warnings, [Warning::NothingToClean]);
        assert_eq!(slugs(&database).len(), 3);
    }
    let report = client
        .sync("x")
        .clean(Clean::Tables(vec!["lab.category".parse().unwrap()]))
        .on_referenced(OnReferenced::Cascade)
        .await
        .unwrap();
    assert_eq!(report.warnings, []);
    assert_eq!(report.deleted(), 3);
    assert!(slugs(&database).is_empty() && database.rows("OLD_Legacy").is_empty());
}

#[tokio::test]
async fn a_dry_run_says_what_would_be() {
    let (client, database, _server) = set_up(json!([category(1, "A"), category(9, "n")])).await;
    let before = database.contents();
    let sync = || {
        client
            .sync("x")
            .clean(Clean::Stale)
            .on_referenced(OnReferenced::SetNull)
    };
    let dry = sync().dry_run(true).await.unwrap();
    assert!(dry.dry_run && dry.changed());
    assert_eq!(database.contents(), before);
    let wet = sync().await.unwrap();
    assert!(!wet.dry_run);
    assert_eq!(dry.models, wet.models);
    assert_eq!((wet.inserted(), wet.updated(), wet.deleted()), (1, 1, 2));
    assert!(!sync().await.unwrap().changed());
}

#[tokio::test]
async fn counters_of_keys_go_on_from_the_highest_key() {
    let (client, database, _server) = set_up(json!([category(500, "z")])).await;
    let report = client.sync("x").reset(true).await.unwrap();
    assert_eq!(report.model("lab.category").unwrap().inserted, 1);
    let connection = database.connect();
    connection
        .execute("INSERT INTO lab_category (slug) VALUES ('next')", [])
        .unwrap();
    assert_eq!(connection.last_insert_rowid(), 501);
}
