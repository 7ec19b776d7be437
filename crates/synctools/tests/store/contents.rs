//! What is in the tables after a full sync.

use serde_json::{Map, Value as Json, json};
use synctools::store::{Query, SyncOptions};

use crate::site::{Site, Sqlite};
use crate::support::{counts, rows, vector};

const BODY: &str = "dj5.2.1-py311/app-lab.body.json";

/// Numbers as this program writes them: beside crates that keep the text of
/// numbers, `1e-07` is not `1e-7`.
fn renumber(value: &mut Json) {
    match value {
        Json::Number(number) if !number.is_i64() && !number.is_u64() => {
            *value = json!(number.as_f64());
        }
        Json::Array(all) => all.iter_mut().for_each(renumber),
        Json::Object(all) => all.values_mut().for_each(renumber),
        _ => {}
    }
}

fn sqlite_rows(db: &Sqlite, table: &str) -> Vec<Json> {
    use rusqlite::types::ValueRef;

    let db = db.open();
    let mut statement = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let mut object = Map::new();
        for (at, column) in columns.iter().enumerate() {
            let value = match row.get_ref(at).unwrap() {
                ValueRef::Null => Json::Null,
                ValueRef::Integer(number) => json!(number),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
                ValueRef::Blob(bytes) => {
                    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                    json!({"hex": hex})
                }
            };
            object.insert(column.clone(), value);
        }
        rows.push(Json::Object(object));
    }
    rows
}

#[tokio::test]
async fn a_full_sync_into_sqlite_leaves_what_loaddata_leaves() {
    let expected = vector("expected/lab-after-full-sync-sqlite-dj5.2.1.json");
    let mut expected: Map<String, Json> = serde_json::from_str(&expected).unwrap();
    expected.values_mut().for_each(renumber);
    let sequences = expected.remove("sqlite_sequence").unwrap();
    for body in [BODY, "dj2.2.28-py311/app-lab.body.json"] {
        let site = Site::sqlite(&[]).await;
        let report = site.sync(&vector(body), SyncOptions::new()).await.unwrap();
        assert_eq!(counts(&report, "lab.category"), (7, 0, 0, 0));
        let db = site.db.sqlite();
        for (table, rows) in &expected {
            if body != BODY && table == "lab_everything" {
                // Django 2 has no JSONField, and the body no value of it.
                continue;
            }
            assert_eq!(sqlite_rows(db, table), *rows.as_array().unwrap(), "{table}");
        }
        let found = sqlite_rows(db, "sqlite_sequence").into_iter();
        let found: Map<String, Json> = found
            .map(|row| (row["name"].as_str().unwrap().to_owned(), row["seq"].clone()))
            .filter(|(name, _)| name.starts_with("lab_") || name.starts_with("old_"))
            .collect();
        assert_eq!(Json::Object(found), sequences);
    }
}

/// As the file of the vectors has it: every column is cast to text.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_full_sync_into_postgresql_leaves_what_loaddata_leaves() {
    let expected = vector("expected/lab-after-full-sync-postgres-dj5.2.1.json");
    let mut expected: Map<String, Json> = serde_json::from_str(&expected).unwrap();
    let sequences = expected.remove("pg_sequences").unwrap();
    let Some(site) = Site::postgres(&[]).await else {
        return;
    };
    site.sync(&vector(BODY), SyncOptions::new()).await.unwrap();
    let db = site.db.postgres();
    for (table, rows) in &expected {
        let columns = db
            .show(&format!(
                "SELECT attname FROM pg_attribute WHERE attrelid = '\"{table}\"'::regclass \
                 AND attnum > 0"
            ))
            .await;
        let columns: Vec<String> = columns
            .iter()
            .map(|name| format!("\"{name}\"::text"))
            .collect();
        let sql = format!("SELECT {} FROM \"{table}\" ORDER BY 1", columns.join(", "));
        let mut found = db.objects(&sql).await;
        found.sort_by_key(Json::to_string);
        let mut rows = rows.as_array().unwrap().clone();
        rows.sort_by_key(Json::to_string);
        assert_eq!(found, rows, "{table}");
    }
    for (name, last) in sequences.as_object().unwrap() {
        let found = db
            .show(&format!(
                "SELECT last_value FROM pg_sequences WHERE sequencename = '{name}'"
            ))
            .await;
        let last = last.as_i64().map_or("null".to_owned(), |n| n.to_string());
        assert_eq!(found, [last], "{name}");
    }
}

#[tokio::test]
async fn the_second_sync_changes_nothing() {
    for site in Site::all(&[]).await {
        let body = vector(BODY);
        site.sync(&body, SyncOptions::new()).await.unwrap();
        let before = site.contents().await;
        let report = site.sync(&body, SyncOptions::new()).await.unwrap();
        assert!(!report.changed(), "{report:?}");
        assert_eq!(counts(&report, "lab.everything"), (0, 0, 5, 0));
        assert_eq!(counts(&report, "lab.blog"), (0, 0, 2, 0));
        assert_eq!(site.contents().await, before);
    }
}

#[tokio::test]
async fn a_snapshot_gives_back_what_was_written() {
    for site in Site::all(&[]).await {
        let body = vector(BODY);
        site.sync(&body, SyncOptions::new()).await.unwrap();
        let mut snapshot = site.store.snapshot(&site.schema).await.unwrap();
        let mut found = Vec::new();
        for model in site.schema.app("lab").filter(|model| !model.is_proxy()) {
            snapshot
                .select(Query::model(model.label().clone()))
                .await
                .unwrap();
            while let Some(batch) = snapshot.next().await.unwrap() {
                found.extend(batch);
            }
        }
        let sent = rows(&site.schema, &body);
        assert_eq!(found.len(), sent.len());
        for (found, sent) in found.iter().zip(&sent) {
            assert_eq!(format!("{found:?}"), format!("{sent:?}"));
        }
    }
}

#[tokio::test]
async fn a_dry_run_reports_and_changes_nothing() {
    for site in Site::all(&["INSERT INTO lab_category VALUES (9, 'local')"]).await {
        let before = site.contents().await;
        let options = SyncOptions::new().dry_run(true);
        let report = site.sync(&vector(BODY), options).await.unwrap();
        assert!(report.dry_run);
        assert_eq!(counts(&report, "lab.category"), (7, 0, 0, 0));
        assert_eq!(site.contents().await, before);
    }
}
