//! What a file adds: other processes, full disks, damage.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use simperium::model::{BucketName, Key};
use simperium::store::{
    Durability, Generation, Json, Pending, Record, SqliteOptions, SqliteStore, Store,
    StoreErrorKind, StoreExt,
};

use crate::support::folder;

fn notes() -> BucketName {
    BucketName::new("note").unwrap()
}

fn key(n: usize) -> Key {
    Key::new(format!("key{n}")).unwrap()
}

fn put(store: &mut impl Store, n: usize, text: &str) -> Result<(), StoreErrorKind> {
    let object = Json::of(&serde_json::json!({"text": text})).unwrap();
    let record = Record::synced(1, object, Generation(1));
    let done = store.run(|tx| tx.put_record(&notes(), &key(n), record));
    done.map_err(|error| error.kind())
}

fn count(store: &mut impl Store) -> u64 {
    store.run(|tx| tx.count_records(&notes())).unwrap()
}

fn open(path: &Path) -> Result<SqliteStore, StoreErrorKind> {
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(1));
    options.open(path).map_err(|error| error.kind())
}

/// Changes a file behind the store's back.
fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_file_is_open_once() {
    let folder = folder("once");
    let path = folder.file("sync.db");
    let mut store = open(&path).unwrap();
    assert_eq!(store.path(), path);
    assert_eq!(open(&path).unwrap_err(), StoreErrorKind::Busy);
    put(&mut store, 1, "a").unwrap();
    assert_eq!(open(&path).unwrap_err(), StoreErrorKind::Busy);
    drop(store);
    // Also when nothing was done with it before.
    let store = open(&path).unwrap();
    assert_eq!(open(&path).unwrap_err(), StoreErrorKind::Busy);
    drop(store);
    assert_eq!(count(&mut open(&path).unwrap()), 1);
}

#[test]
fn nobody_else_reads_or_writes_an_open_file() {
    let folder = folder("alone");
    let path = folder.file("sync.db");
    let _store = open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    assert!(other.execute_batch("UPDATE meta SET app = 'x'").is_err());
    assert!(other.execute_batch("SELECT * FROM meta").is_err());
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder("mode");
    let path = folder.file("sync.db");
    let mut store = open(&path).unwrap();
    put(&mut store, 1, "a").unwrap();
    for name in ["sync.db", "sync.db-wal"] {
        let mode = folder.file(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_full_disk_leaves_the_store_as_it_was() {
    let folder = folder("full");
    let path = folder.file("sync.db");
    // To SQLite a limit of the file's size is a full disk.
    let mut store = SqliteOptions::new().max_size(200_000).open(&path).unwrap();
    let text = "x".repeat(10_000);
    let mut kept = 0;
    while kept < 1_000 && put(&mut store, kept, &text).is_ok() {
        kept += 1;
    }
    assert!(0 < kept && kept < 1_000, "{kept}");
    assert_eq!(put(&mut store, kept, &text), Err(StoreErrorKind::Full));
    assert_eq!(count(&mut store), kept as u64);
    drop(store);
    // With room again, it goes on.
    let mut store = open(&path).unwrap();
    assert_eq!(count(&mut store), kept as u64);
    put(&mut store, kept, &text).unwrap();
}

#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    let folder = folder("other");
    let text = folder.file("text");
    std::fs::write(&text, "this is not a database, but a text of some length").unwrap();
    assert_eq!(open(&text).unwrap_err(), StoreErrorKind::Corrupt);
    let left = std::fs::read_to_string(&text).unwrap();
    assert!(left.starts_with("this is not"));

    let other = folder.file("other.db");
    tamper(&other, "CREATE TABLE mine (x)");
    let before = std::fs::read(&other).unwrap();
    assert_eq!(open(&other).unwrap_err(), StoreErrorKind::Corrupt);
    assert_eq!(std::fs::read(&other).unwrap(), before);

    let missing = folder.file("no").join("sync.db");
    assert_eq!(open(&missing).unwrap_err(), StoreErrorKind::Io);
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    let folder = folder("newer");
    let path = folder.file("sync.db");
    put(&mut open(&path).unwrap(), 1, "a").unwrap();
    tamper(&path, "PRAGMA user_version = 99");
    let before = std::fs::read(&path).unwrap();
    assert_eq!(open(&path).unwrap_err(), StoreErrorKind::Version);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn damaged_rows_are_corrupt_and_do_no_more_harm() {
    let folder = folder("rows");
    for damage in [
        "UPDATE records SET local = 7",
        "UPDATE records SET version = NULL",
        "UPDATE records SET ghost = NULL",
        "UPDATE records SET seen = -1",
        "UPDATE queue SET state = 'lost'",
        "UPDATE queue SET ccid = 'a b'",
        "UPDATE queue SET ccid = 'x'",
        "UPDATE buckets SET generation = -1",
        "UPDATE meta SET app = 'a b', client = 'x'",
    ] {
        let path = folder.file("sync.db");
        let mut store = open(&path).unwrap();
        put(&mut store, 1, "a").unwrap();
        store
            .run(|tx| tx.put_pending(&notes(), &key(1), Pending::default()))
            .unwrap();
        drop(store);
        tamper(&path, damage);
        let mut store = open(&path).unwrap();
        let error = store
            .run(|tx| {
                tx.identity()?;
                tx.bucket(&notes())?;
                tx.record(&notes(), &key(1))?;
                tx.pending(&notes(), &key(1))
            })
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{damage}: {error}");
        put(&mut store, 2, "b").unwrap();
        drop(store);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_damaged_file_is_corrupt() {
    let folder = folder("damage");
    let path = folder.file("sync.db");
    let mut store = open(&path).unwrap();
    for n in 0..50 {
        put(&mut store, n, &"x".repeat(500)).unwrap();
    }
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    // All but the first page, which says what the file is.
    for byte in &mut bytes[4096..] {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, bytes).unwrap();
    let refused = open(&path).and_then(|mut store| put(&mut store, 99, "a"));
    assert_eq!(refused, Err(StoreErrorKind::Corrupt));
}

/// How often the log was flushed to the disk.
fn flushes(path: &Path) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row("SELECT flushes FROM meta", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn what_only_this_device_has_is_flushed() {
    let folder = folder("flush");
    let path = folder.file("sync.db");
    for (durability, flushed) in [(Durability::Full, 1), (Durability::Normal, 0)] {
        drop(open(&path).unwrap());
        let before = flushes(&path);
        let options = SqliteOptions::new().durability(durability);
        let mut store = options.open(&path).unwrap();
        // The server has these.
        put(&mut store, 1, "a").unwrap();
        put(&mut store, 2, "b").unwrap();
        store
            .run(|tx| tx.put_pending(&notes(), &key(1), Pending::default()))
            .unwrap();
        store
            .run(|tx| tx.remove_pending(&notes(), &key(1)))
            .unwrap();
        drop(store);
        assert_eq!(flushes(&path) - before, flushed, "{durability:?}");
    }
}

#[test]
fn a_log_that_was_left_behind_is_read() {
    let folder = folder("log");
    let (path, copy) = (folder.file("sync.db"), folder.file("copy.db"));
    let mut store = open(&path).unwrap();
    put(&mut store, 1, "a").unwrap();
    // What a killed process leaves: the file, and a log that was never moved
    // into it.
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.file("sync.db-wal"), folder.file("copy.db-wal")).unwrap();
    assert_eq!(count(&mut open(&copy).unwrap()), 1);
}

#[test]
fn objects_are_not_shown() {
    let folder = folder("debug");
    let mut store = open(&folder.file("sync.db")).unwrap();
    put(&mut store, 1, "a private thought").unwrap();
    let record = store.run(|tx| tx.record(&notes(), &key(1))).unwrap();
    let shown = format!("{store:?} {record:?}");
    assert!(
        shown.contains("sync.db") && shown.contains("bytes"),
        "{shown}"
    );
    assert!(!shown.contains("private"), "{shown}");
}
