//! Answers as real servers gave them, byte for byte.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sync_core::testing::{Reply, Script, ScriptedServer};
use synctools::client::Warning;
use synctools::schema::UnknownPolicy;
use synctools::wire::WireErrorKind;
use synctools::{SyncError, SyncErrorExt as _};

use crate::support::{Contents, Database, category, client, json_reply, serve};

/// The tables after Django's own `loaddata` of the same bytes.
const EXPECTED: &str = include_str!("../vectors/expected/lab-after-full-sync-sqlite-dj5.2.1.json");

/// Numbers as this program writes them: beside crates that keep the text of
/// numbers, `1e-07` is not `1e-7`.
fn renumber(value: &mut Value) {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            *value = json!(number.as_f64());
        }
        Value::Array(all) => all.iter_mut().for_each(renumber),
        Value::Object(all) => all.values_mut().for_each(renumber),
        _ => {}
    }
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// A server that sends these bytes and closes.
async fn replay(answer: Vec<u8>) -> ScriptedServer {
    ScriptedServer::builder()
        .otherwise(Script::new().read_request().send(answer).close())
        .start()
        .await
        .unwrap()
}

fn recorded(path: &str) -> Vec<u8> {
    let answer = std::fs::read(vectors().join(path)).unwrap();
    if !path.contains("chunked") {
        return answer;
    }
    // The recording has lost the carriage returns of its chunks.
    String::from_utf8(answer)
        .unwrap()
        .replace('\n', "\r\n")
        .into_bytes()
}

/// The tables of the app, every column of every row.
fn tables(database: &Database) -> Contents {
    let mut contents = database.contents();
    contents.retain(|name, _| name.starts_with("lab_") || name.to_lowercase().starts_with("old_"));
    contents
}

/// What the app refers to, and is not in its answer.
async fn sync_content_types(database: &Database) {
    let server = replay(recorded("dj5.2.1-py311/app-contenttypes.response.http")).await;
    let client = client(server.url("/sync/"), database)
        .await
        .build()
        .unwrap();
    client.sync("contenttypes").await.unwrap();
}

/// What `loaddata` made of it, in the form of [`Contents`].
fn expected() -> Contents {
    let mut expected: Map<String, Value> = serde_json::from_str(EXPECTED).unwrap();
    expected.retain(|_, rows| rows.is_array());
    let mut expected: Contents = serde_json::from_value(expected.into()).unwrap();
    for rows in expected.values_mut() {
        for row in rows {
            renumber(row);
            row.as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
        }
    }
    expected.retain(|_, rows| !rows.is_empty());
    expected
}

/// How far keys are counted, by table.
fn counters(database: &Database) -> Map<String, Value> {
    let rows = database.rows("sqlite_sequence").into_iter();
    rows.map(|row| (row["name"].as_str().unwrap().to_owned(), row["seq"].clone()))
        .collect()
}

fn expected_counters() -> Map<String, Value> {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    expected["sqlite_sequence"].as_object().unwrap().clone()
}

#[tokio::test]
async fn a_whole_app_comes_over_as_with_loaddata() {
    for path in [
        "dj5.2.1-py311/app-lab.response.http",
        "dj2.2.28-py311/app-lab.response.http",
    ] {
        let server = replay(recorded(path)).await;
        let database = Database::new();
        sync_content_types(&database).await;
        let client = client(server.url("/sync/"), &database)
            .await
            .build()
            .unwrap();
        let report = client
            .sync("lab")
            .unknown_fields(UnknownPolicy::Collect)
            .await
            .unwrap();
        let expected = expected();
        let ours = tables(&database);
        // Generic relations refer to content types of the other side.
        let local = Warning::LocalKeys {
            model: "lab.tagged".parse().unwrap(),
            field: "content_type".into(),
            to: "contenttypes.contenttype".parse().unwrap(),
        };
        assert!(
            report.warnings.contains(&local),
            "{path}: {:?}",
            report.warnings
        );
        for (table, rows) in &expected {
            if path.starts_with("dj2") && table == "lab_everything" {
                continue;
            }
            assert_eq!(ours.get(table), Some(rows), "{path}: {table}");
        }
        assert_eq!(ours.len(), expected.len(), "{path}");
        let mut counters = counters(&database);
        counters.remove("django_content_type");
        assert_eq!(counters, expected_counters(), "{path}");

        // Once more, and nothing is written.
        let report = client
            .sync("lab")
            .unknown_fields(UnknownPolicy::Skip)
            .await
            .unwrap();
        assert!(!report.changed(), "{path}: {:?}", report.models);
        assert_eq!(tables(&database), ours, "{path}");
    }
}

#[tokio::test]
async fn every_recorded_success_is_taken_and_every_refusal_is_one() {
    for version in ["dj5.2.1-py311", "dj2.2.28-py311"] {
        for entry in std::fs::read_dir(vectors().join(version)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // Not answers to a GET of this client.
            let is_ours = !name.starts_with("media-") && !name.starts_with("method-01");
            if !name.ends_with(".response.http") || !is_ours {
                continue;
            }
            let answer = recorded(&format!("{version}/{name}"));
            let status: u16 = std::str::from_utf8(&answer[9..12])
                .unwrap()
                .parse()
                .unwrap();
            let server = replay(answer).await;
            let database = Database::new();
            let client = client(server.url("/sync/"), &database)
                .await
                .retry(synctools::RetryPolicy::never())
                .build()
                .unwrap();
            let result = client
                .sync("x")
                .unknown_fields(UnknownPolicy::Skip)
                .dry_run(true)
                .await;
            match (status, result) {
                (200, Ok(_)) => {}
                // A queryset may leave out what its rows refer to.
                (200, Err(error)) => assert!(
                    error.store_error().is_some_and(|error| {
                        error.kind() == synctools::store::StoreErrorKind::ForeignKey
                    }),
                    "{version}/{name}: {error}"
                ),
                (status, Ok(_)) => panic!("{version}/{name}: {status} was taken"),
                (status, Err(error)) => {
                    let found = error.status().map(|status| status.as_u16());
                    assert_eq!(found, Some(status), "{version}/{name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn all_framings_and_codings_are_understood() {
    for (path, rows) in [
        ("variants/dj5.2.1-gunicorn-chunked-sliced.response.http", 2),
        // With a random file name in the header of the gzip.
        (
            "variants/dj5.2.1-gzip-middleware-categories.response.http",
            7,
        ),
    ] {
        let server = replay(recorded(path)).await;
        let database = Database::new();
        let client = client(server.url("/sync/"), &database)
            .await
            .build()
            .unwrap();
        let report = client.sync("x").await.unwrap();
        assert_eq!(report.inserted(), rows, "{path}");
        assert_eq!(
            report.model("lab.category").unwrap().inserted,
            rows,
            "{path}"
        );
        assert_eq!(database.rows("lab_category").len() as u64, rows, "{path}");
    }
}

#[tokio::test]
async fn lines_need_an_end_that_can_be_told() {
    let lines = format!("{}\n{}\n", category(1, "a"), category(2, "b"));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n";
    let open = format!("{head}\r\n{lines}");
    let closed = format!("{head}Content-Length: {}\r\n\r\n{lines}", lines.len());
    for (answer, is_fine) in [(open, false), (closed, true)] {
        let server = replay(answer.into_bytes()).await;
        let database = Database::new();
        let client = client(server.url("/sync/"), &database)
            .await
            .build()
            .unwrap();
        let result = client.sync("x").lines(true).await;
        assert_eq!(result.is_ok(), is_fine);
        assert_eq!(
            database.rows("lab_category").len(),
            if is_fine { 2 } else { 0 }
        );
    }
}

#[tokio::test]
async fn errors_say_where_and_what_to_do() {
    let html = serve(
        Reply::ok()
            .header("content-type", "text/html")
            .body("<html>login</html>"),
    )
    .await;
    let database = Database::new();
    let client = client(html.url("/sync/"), &database).await.build().unwrap();
    let error = client.sync("x").await.unwrap_err();
    match error.sync_error() {
        Some(SyncError::Wire(error)) => {
            assert_eq!(
                (error.kind(), error.offset()),
                (WireErrorKind::NotAnArray, 0)
            );
        }
        other => panic!("{other:?}"),
    }
    let text = error.to_string();
    assert!(
        text.contains("text/html") && text.contains("/sync/x/"),
        "{text}"
    );

    let cases: [(Value, &[&str]); 5] = [
        (
            json!({ "model": "lab.node", "pk": 5, "fields": { "name": "c", "parent": 77 } }),
            &["lab.node", "5", "parent", "77", "sync what it refers to"],
        ),
        (
            json!({ "model": "lab.nope", "pk": 5, "fields": {} }),
            &["lab.nope", "object 1"],
        ),
        (
            json!({ "model": "lab.category", "pk": 5, "fields": { "zzz": 1 } }),
            &["lab.category", "zzz", "object 1", "pk 5"],
        ),
        (
            json!({ "model": "lab.node", "pk": "x", "fields": {} }),
            &["lab.node", "pk", "object 1"],
        ),
        (
            json!({ "model": "lab.category", "pk": 2, "fields": { "slug": "a" } }),
            &["lab.category", "slug", "clean"],
        ),
    ];
    for (object, words) in cases {
        let server = serve(json_reply(json!([category(1, "a"), object]).to_string())).await;
        let database = Database::new();
        let client = crate::support::client(server.url("/sync/"), &database)
            .await
            .build()
            .unwrap();
        let error = client.sync("x").await.unwrap_err();
        let text = error.to_string();
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
        assert!(
            error.sync_error().is_some() || error.store_error().is_some(),
            "{text}"
        );
        assert!(database.rows("lab_category").is_empty(), "{text}");
    }
}

#[tokio::test]
async fn what_is_unknown_can_be_left_out_and_is_counted() {
    let body = json!([
        category(1, "a"),
        { "model": "lab.nope", "pk": 1, "fields": {} },
        { "model": "lab.category", "pk": 2, "fields": { "slug": "b", "zzz": 1 } },
        { "model": "lab.nope", "pk": 2, "fields": {} },
    ]);
    let server = serve(json_reply(body.to_string())).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let report = client
        .sync("x")
        .unknown_models(UnknownPolicy::Collect)
        .unknown_fields(UnknownPolicy::Collect)
        .await
        .unwrap();
    assert_eq!(
        (report.objects, report.skipped, report.inserted()),
        (4, 2, 2)
    );
    assert_eq!(
        report.warnings,
        [
            Warning::UnknownModel {
                model: "lab.nope".into(),
                objects: 2
            },
            Warning::UnknownField {
                model: "lab.category".parse().unwrap(),
                field: "zzz".into(),
                objects: 1,
            },
        ]
    );
    assert!(
        client
            .sync("x")
            .unknown_models(UnknownPolicy::Skip)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_child_without_its_parents_is_noticed() {
    let child = json!([{ "model": "lab.restaurant", "pk": 2, "fields": { "serves_pizza": true } }]);
    let server = serve(json_reply(child.to_string())).await;
    let database = Database::with(&["INSERT INTO lab_place (id, name) VALUES (2, 'p')"]);
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let report = client.sync("x").await.unwrap();
    let expected = Warning::NoParents {
        model: "lab.restaurant".parse().unwrap(),
        parent: "lab.place".parse().unwrap(),
    };
    assert_eq!(report.warnings, [expected]);
}
