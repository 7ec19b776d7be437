//! Random syncs: all stores hold the same afterwards, or refuse the same.

use std::sync::Arc;

use synctools::schema::{DecodeOptions, Decoded, Decoder};
use synctools::store::{
    Clean, MemoryStore, MissingFields, OnReferenced, Query, SqliteStore, Store, StoreError,
    SyncOptions, kit,
};
use synctools::wire::{Reader, ReaderOptions};
use synctools::{Row, Schema};

use crate::support::Folder;

/// How many syncs follow each other in one database, and in how many.
const SYNCS: usize = 40;
const SEEDS: u64 = 6;

fn pick<'a>(random: &mut fastrand::Rng, from: &[&'a str]) -> &'a str {
    from[random.usize(..from.len())]
}

fn keys(random: &mut fastrand::Rng) -> String {
    let keys: Vec<String> = (0..random.usize(..3))
        .map(|_| random.u8(1..4).to_string())
        .collect();
    format!("[{}]", keys.join(", "))
}

/// Fields of which each is there or not.
fn some(random: &mut fastrand::Rng, fields: Vec<(&str, String)>) -> String {
    let fields: Vec<String> = fields
        .into_iter()
        .filter(|_| random.u8(..4) > 0)
        .map(|(name, value)| format!(r#""{name}": {value}"#))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn object(random: &mut fastrand::Rng) -> String {
    let names = [r#""a""#, r#""b""#, r#""c""#];
    let references = ["null", "null", "1", "2", "3"];
    let (model, fields) = match random.u8(..6) {
        0 | 1 => {
            let fields = vec![("name", pick(random, &names).to_owned())];
            ("tag", some(random, fields))
        }
        2 => {
            let fields = vec![
                ("name", pick(random, &names).to_owned()),
                ("parent", pick(random, &references).to_owned()),
            ];
            ("node", some(random, fields))
        }
        3 => {
            let fields = vec![
                ("post", pick(random, &references[2..]).to_owned()),
                ("text", pick(random, &names).to_owned()),
            ];
            ("comment", some(random, fields))
        }
        _ => {
            let topics = ["null", "null", r#""a""#, r#""b""#];
            let fields = vec![
                ("title", pick(random, &names).to_owned()),
                ("topic", pick(random, &topics).to_owned()),
                ("note", pick(random, &names).to_owned()),
                ("tags", keys(random)),
                ("related", keys(random)),
                ("follows", keys(random)),
            ];
            ("post", some(random, fields))
        }
    };
    let pk = random.u8(1..4);
    format!(r#"{{"model": "kit.{model}", "pk": {pk}, "fields": {fields}}}"#)
}

fn options(random: &mut fastrand::Rng) -> SyncOptions {
    let label = |name: &str| format!("kit.{name}").parse().unwrap();
    let clean = match random.u8(..6) {
        0 | 1 => Clean::Stale,
        2 => Clean::Before,
        3 => Clean::Tables(vec![label("tag"), label("post")]),
        _ => Clean::No,
    };
    let on_referenced = match random.u8(..3) {
        0 => OnReferenced::Restrict,
        1 => OnReferenced::SetNull,
        _ => OnReferenced::Cascade,
    };
    let missing = match random.u8(..3) {
        0 => MissingFields::DjangoDefaults,
        _ => MissingFields::Keep,
    };
    SyncOptions::new()
        .clean(clean)
        .on_referenced(on_referenced)
        .missing_fields(missing)
        .dry_run(random.u8(..10) == 0)
}

fn rows(schema: &Schema, body: &str) -> Vec<Row> {
    let mut reader = Reader::new(ReaderOptions::new());
    let mut decoder = Decoder::new(schema, DecodeOptions::new());
    reader.push(body.as_bytes());
    reader.end();
    let mut rows = Vec::new();
    while let Some(object) = reader.next_object().unwrap() {
        let Decoded::Row(row) = decoder.decode(&object).unwrap() else {
            panic!("{body}");
        };
        rows.push(row);
    }
    rows
}

async fn sync(
    store: &dyn Store,
    schema: &Schema,
    rows: Vec<Row>,
    options: SyncOptions,
) -> Result<(), StoreError> {
    let mut sync = store.begin(schema, options).await?;
    sync.write(rows).await?;
    sync.finish().await.map(drop)
}

async fn contents(store: &dyn Store, schema: &Schema) -> Vec<String> {
    let mut snapshot = store.snapshot(schema).await.unwrap();
    let mut contents = Vec::new();
    for model in ["tag", "node", "post", "comment"] {
        let query = Query::model(format!("kit.{model}").parse().unwrap());
        snapshot.select(query).await.unwrap();
        while let Some(batch) = snapshot.next().await.unwrap() {
            for mut row in batch {
                for list in row.many_to_many_mut().iter_mut().flatten() {
                    list.sort_by_key(|key| key.as_int());
                }
                let values: Vec<_> = row.values().iter().flatten().collect();
                contents.push(format!("{model} {values:?} {:?}", row.many_to_many()));
            }
        }
    }
    contents
}

#[tokio::test]
async fn all_stores_agree() {
    let schema = kit::schema().unwrap();
    let folder = Folder::new("random");
    #[cfg(feature = "postgres")]
    let database = crate::server::Database::new("").await;
    let (mut done, mut refused) = (0, 0);
    for seed in 0..SEEDS {
        let memory = MemoryStore::new();
        let path = folder.path().join(format!("{seed}.db"));
        let db = rusqlite::Connection::open(&path).unwrap();
        let tables = kit::sqlite_tables();
        db.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; BEGIN; {tables}; COMMIT"
        ))
        .unwrap();
        let sqlite = SqliteStore::open(path).await.unwrap();
        #[cfg_attr(not(feature = "postgres"), allow(unused_mut))]
        let mut others: Vec<(&str, Arc<dyn Store>)> = vec![("SQLite", Arc::new(sqlite))];
        #[cfg(feature = "postgres")]
        if let Some(database) = &database {
            let tables = kit::postgres_tables();
            let sql = format!("CREATE SCHEMA s{seed}; SET search_path = s{seed}; {tables}");
            database.execute(&sql).await;
            let url = format!("{} options='-csearch_path=s{seed}'", database.url());
            let postgres = synctools::store::PostgresStore::connect(url).await.unwrap();
            others.push(("PostgreSQL", Arc::new(postgres)));
        }
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..SYNCS {
            let count = random.usize(..9);
            let objects: Vec<String> = (0..count).map(|_| object(&mut random)).collect();
            let body = format!("[{}]", objects.join(", "));
            let options = options(&mut random);
            let expected = sync(&memory, &schema, rows(&schema, &body), options.clone()).await;
            let held = contents(&memory, &schema).await;
            match &expected {
                Ok(()) => done += 1,
                Err(_) => refused += 1,
            }
            for (name, store) in &others {
                let result = sync(&**store, &schema, rows(&schema, &body), options.clone()).await;
                let about = format!("{name}, seed {seed}, {options:?}\n{body}\n{held:#?}");
                assert_eq!(
                    result.is_ok(),
                    expected.is_ok(),
                    "{result:?} {expected:?} {about}"
                );
                assert_eq!(contents(&**store, &schema).await, held, "{about}");
            }
        }
    }
    // Both happen, or nothing was tried.
    assert!(done > 20 && refused > 20, "{done} {refused}");
}
