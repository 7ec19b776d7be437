//! Databases as Django makes them, and clients of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};
use sync_core::testing::{Reply, Script, ScriptedServer};
use synctools::store::SqliteStore;
use synctools::{Backoff, Client, ClientBuilder, RetryPolicy, Schema};

/// What Django 5.2 makes of the models of the vectors.
const TABLES: &str = include_str!("../vectors/schema/sqlite-py311-dj5.2.1.sql");
/// The same models, as the script describes them.
const MODELS: &str = include_str!("../vectors/schema/django-models-sqlite-dj5.2.1.json");

pub(crate) const TOKEN: &str = "sekret-token";

/// The bytes of a database with all tables, and nothing in them: made once,
/// as to make it takes longer than most tests.
fn empty() -> &'static [u8] {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    EMPTY.get_or_init(|| {
        let folder = Folder::new();
        let path = folder.path().join("empty.sqlite3");
        let connection = Connection::open(&path).unwrap();
        // SQLite makes this one itself.
        let tables = TABLES.replace("CREATE TABLE sqlite_sequence(name,seq);", "");
        let all = format!("PRAGMA synchronous = OFF; BEGIN; {tables} COMMIT;");
        connection.execute_batch(&all).unwrap();
        drop(connection);
        std::fs::read(path).unwrap()
    })
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("synctools-client-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A database of the vectors' Django project.
pub(crate) struct Database {
    folder: Folder,
}

/// Tables with rows, each row as an object without its nulls.
pub(crate) type Contents = BTreeMap<String, Vec<Value>>;

impl Database {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A database with rows in it.
    pub(crate) fn with(statements: &[&str]) -> Self {
        let database = Self {
            folder: Folder::new(),
        };
        std::fs::write(database.path(), empty()).unwrap();
        if !statements.is_empty() {
            let connection = database.connect();
            let statements = statements.join(";\n");
            let all = format!("PRAGMA synchronous = OFF; BEGIN; {statements}; COMMIT;");
            connection.execute_batch(&all).unwrap();
        }
        database
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("db.sqlite3")
    }

    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteStore::open(self.path()).await.unwrap()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// Everything, the counters of keys included.
    pub(crate) fn contents(&self) -> Contents {
        let connection = self.connect();
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            .unwrap();
        let names: Vec<String> = tables
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        names
            .into_iter()
            .map(|name| {
                let rows = rows(&connection, &name);
                (name, rows)
            })
            .filter(|(_, rows)| !rows.is_empty())
            .collect()
    }

    /// The rows of one table.
    pub(crate) fn rows(&self, table: &str) -> Vec<Value> {
        rows(&self.connect(), table)
    }
}

fn rows(connection: &Connection, table: &str) -> Vec<Value> {
    let mut select = connection
        .prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1"))
        .unwrap();
    let names: Vec<String> = select
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut found = Vec::new();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let mut object = Map::new();
        for (at, name) in names.iter().enumerate() {
            let value = match row.get_ref(at).unwrap() {
                ValueRef::Null => continue,
                ValueRef::Integer(number) => json!(number),
                ValueRef::Real(number) if number.is_infinite() => json!("Infinity"),
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
                ValueRef::Blob(bytes) => {
                    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    json!({ "hex": hex })
                }
            };
            object.insert(name.clone(), value);
        }
        found.push(Value::Object(object));
    }
    found
}

/// The models, with the defaults and natural keys that the exported form of that
/// time did not have yet.
pub(crate) fn schema() -> Schema {
    let mut models: Vec<Value> = serde_json::from_str(MODELS).unwrap();
    for (model, field, default) in [
        ("lab.everything", "boolean", json!(false)),
        ("lab.everything", "csi", json!("1,2,3")),
    ] {
        let model = models
            .iter_mut()
            .find(|found| found["model"] == model)
            .unwrap();
        let fields = model["fields"].as_array_mut().unwrap();
        let field = fields
            .iter_mut()
            .find(|found| found["name"] == field)
            .unwrap();
        field["default"] = default;
    }
    for (model, fields) in [
        ("lab.tag", json!(["name"])),
        ("contenttypes.contenttype", json!(["app_label", "model"])),
    ] {
        let model = models
            .iter_mut()
            .find(|found| found["model"] == model)
            .unwrap();
        model["natural_key"] = fields;
    }
    Schema::from_django_json(&Value::from(models).to_string()).unwrap()
}

/// Repeats at once.
pub(crate) fn eager() -> RetryPolicy {
    RetryPolicy::default().backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

/// A client of a server at `url` that writes into `database`.
pub(crate) async fn client(url: impl Into<String>, database: &Database) -> ClientBuilder {
    Client::builder()
        .api_url(url)
        .token(TOKEN)
        .schema(schema())
        .store(database.store().await)
        .retry(eager())
}

/// A server that gives every request the same answer.
pub(crate) async fn serve(reply: Reply) -> ScriptedServer {
    serve_with(move |_| reply.clone()).await
}

/// A server that answers by a function.
pub(crate) async fn serve_with(
    handler: impl Fn(sync_core::testing::Received) -> Reply + Send + Sync + 'static,
) -> ScriptedServer {
    ScriptedServer::builder()
        .otherwise(Script::new().serve(handler))
        .start()
        .await
        .unwrap()
}

/// An answer with this body, as Django gives it.
pub(crate) fn json_reply(body: impl Into<bytes::Bytes>) -> Reply {
    Reply::ok()
        .header("content-type", "application/json")
        .body(body)
}

/// An object of the category model.
pub(crate) fn category(pk: u64, slug: &str) -> Value {
    json!({ "model": "lab.category", "pk": pk, "fields": { "slug": slug } })
}
