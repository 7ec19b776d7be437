//! The database that the recordings were made with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::Value;
use synctools::route::{RouteBuilder, Server};
use synctools::schema::Schema;
use synctools::store::SqliteStore;
use synctools::wire::Profile;

use super::route;

pub(crate) fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(vectors().join(path)).unwrap()
}

/// A folder that is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let unique = format!("synctools-route-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(unique);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("lab.sqlite3")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes the tables, and nothing in them.
pub(crate) fn create(path: &Path) -> Connection {
    let database = Connection::open(path).unwrap();
    // Nothing here has to outlast a crash.
    database.pragma_update(None, "synchronous", "off").unwrap();
    for statement in text("schema/sqlite-py311-dj5.2.1.sql").lines() {
        if !statement.contains("sqlite_sequence") {
            database.execute_batch(statement).unwrap();
        }
    }
    database
}

/// Makes the tables with all that the recorded server had in them.
pub(crate) fn fill(path: &Path) -> Connection {
    let database = create(path);
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let expected = text("expected/lab-after-full-sync-sqlite-dj5.2.1.json");
    let tables: Value = serde_json::from_str(&expected).unwrap();
    for (table, rows) in tables.as_object().unwrap() {
        if table == "sqlite_sequence" {
            continue;
        }
        for row in rows.as_array().unwrap() {
            insert(&database, table, row);
        }
    }
    for (app, table) in [
        ("contenttypes", "django_content_type"),
        ("sites", "django_site"),
    ] {
        let body = text(&format!("dj5.2.1-py311/app-{app}.body.json"));
        let objects: Value = serde_json::from_str(&body).unwrap();
        for object in objects.as_array().unwrap() {
            let mut row = object["fields"].clone();
            row["id"] = object["pk"].clone();
            insert(&database, table, &row);
        }
    }
    // What a sync loses, the recorded server still had: less than a
    // millisecond, and a file that is NULL.
    let fractions = "UPDATE lab_everything SET dt = '2020-01-02 03:04:05.000001', \
                     time = '01:02:03.000999' WHERE id = 4; \
                     UPDATE lab_author SET cv = NULL WHERE name <> 'author0'";
    database.execute_batch(fractions).unwrap();
    database
}

fn insert(database: &Connection, table: &str, row: &Value) {
    let row = row.as_object().unwrap();
    let columns: Vec<_> = row.keys().map(|name| format!("\"{name}\"")).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let columns = columns.join(", ");
    let statement = format!("INSERT INTO \"{table}\" ({columns}) VALUES ({marks})");
    let values: Vec<Sql> = row.values().map(sql).collect();
    let values = rusqlite::params_from_iter(values);
    database.execute(&statement, values).unwrap();
}

fn sql(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Bool(value) => Sql::Integer(i64::from(*value)),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| Sql::Real(number.as_f64().unwrap()), Sql::Integer),
        Value::String(text) => Sql::Text(text.clone()),
        Value::Object(bytes) => {
            let hex = bytes["hex"].as_str().unwrap().as_bytes().chunks(2);
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            Sql::Blob(hex.map(byte).collect())
        }
        Value::Array(_) => unreachable!("no column holds a list"),
    }
}

/// The recorded server's database and paths, served by a route.
pub(crate) struct Lab {
    server: Server,
    folder: Folder,
}

impl Lab {
    /// As it was with a version of Django.
    pub(crate) async fn new(name: &str, profile: Profile) -> Self {
        let folder = Folder::new(name);
        fill(&folder.file()).close().unwrap();
        let schema = match profile {
            Profile::Django5 => schema(),
            // Fields of JSON came later.
            _ => schema_with(|fields| fields.retain(|field| field["type"] != "JSONField")),
        };
        Self::serve(folder, |store| route::builder(store, &schema, profile)).await
    }

    /// A database in a folder, behind a route.
    pub(crate) async fn serve(
        folder: Folder,
        build: impl FnOnce(SqliteStore) -> RouteBuilder,
    ) -> Self {
        let store = SqliteStore::open(folder.file()).await.unwrap();
        let route = build(store).build().unwrap();
        let server = route.listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        Self { server, folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Another connection to the database.
    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.folder.file()).unwrap()
    }
}

/// The models as Django described them.
pub(crate) fn schema() -> Schema {
    schema_with(|_| ())
}

/// The models with other fields than Django described.
pub(crate) fn schema_with(change: impl Fn(&mut Vec<Value>)) -> Schema {
    let exported = text("schema/django-models-sqlite-dj5.2.1.json");
    let mut models: Value = serde_json::from_str(&exported).unwrap();
    for model in models.as_array_mut().unwrap() {
        change(model["fields"].as_array_mut().unwrap());
    }
    Schema::from_django_json(&models.to_string()).unwrap()
}
