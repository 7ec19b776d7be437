//! The tables, and how a file is opened.
//!
//! `items.seq` is the row's id and its place in the order of changes: a row
//! that changes is deleted and written anew at the end. So writing appends,
//! and reading changes is a range. A row without `data` is a tombstone.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use sync_core::store::{create_file, sqlite};

use super::super::StoreError;
use super::{Durability, SqliteOptions};

const TABLES: sqlite::Tables = sqlite::Tables {
    // `CsSy`
    application: 0x4373_5379,
    steps: STEPS,
};

const STEPS: &[&str] = &["
    CREATE TABLE meta (
        one         INTEGER PRIMARY KEY CHECK (one = 1),
        identity    TEXT,
        readable    INTEGER,
        building    INTEGER,
        reason      TEXT,
        generations INTEGER NOT NULL,
        last        INTEGER NOT NULL,
        visible     INTEGER NOT NULL,
        pruned      INTEGER NOT NULL
    ) STRICT;
    INSERT INTO meta VALUES (1, NULL, NULL, NULL, NULL, 0, 0, 0, 0);

    CREATE TABLE chains (
        generation INTEGER NOT NULL,
        name       TEXT NOT NULL,
        chain      TEXT NOT NULL,
        PRIMARY KEY (generation, name)
    ) STRICT;

    CREATE TABLE items (
        seq          INTEGER PRIMARY KEY,
        generation   INTEGER NOT NULL,
        kind         INTEGER NOT NULL,
        uid          TEXT NOT NULL,
        locale       TEXT NOT NULL,
        content_type TEXT,
        event_at     TEXT,
        written_at   INTEGER NOT NULL,
        url          TEXT,
        data         TEXT
    ) STRICT;
    CREATE UNIQUE INDEX items_key ON items (uid, locale, kind, generation);
    CREATE INDEX items_gone ON items (written_at) WHERE data IS NULL;

    CREATE TABLE links (
        seq    INTEGER NOT NULL,
        place  INTEGER NOT NULL,
        kind   INTEGER,
        uid    TEXT NOT NULL,
        PRIMARY KEY (seq, place)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE deleted_types (
        generation   INTEGER NOT NULL,
        content_type TEXT NOT NULL,
        event_at     TEXT NOT NULL,
        written_at   INTEGER NOT NULL,
        PRIMARY KEY (generation, content_type)
    ) STRICT;

    CREATE TABLE dead_letters (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        generation INTEGER NOT NULL,
        raw        TEXT NOT NULL,
        reason     TEXT NOT NULL,
        error      TEXT NOT NULL,
        since      INTEGER NOT NULL,
        attempts   INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE schemas (
        uid    TEXT PRIMARY KEY,
        schema TEXT NOT NULL
    ) STRICT;

    CREATE TABLE downloads (
        url      TEXT PRIMARY KEY,
        uid      TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        path     TEXT,
        size     INTEGER,
        error    TEXT,
        retry_at INTEGER
    ) STRICT;
"];

/// The indexes that only readers need.
///
/// The first full sync of a file has no readers yet, and its uids come in no
/// order: with these, each row would have several pages written. They are made
/// when the first generation becomes readable, from all rows in their order.
const READING: [&str; 3] = [
    "CREATE INDEX IF NOT EXISTS items_live ON items (generation, kind, content_type)
     WHERE data IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS items_url ON items (url) WHERE url IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS links_uid ON links (uid, seq)",
];

/// Makes what readers need.
pub(super) fn index(db: &Connection) -> Result<(), StoreError> {
    for statement in READING {
        db.execute_batch(statement)?;
    }
    Ok(())
}

/// Rows of 2 KB and a little leave half of the usual 4 KB pages unused; and
/// the larger a page, the more is written for one more key in an index.
const PAGE_SIZE: u32 = 8 * 1024;

/// Pages of the log before they are moved into the file: 16 MB. What is
/// written several times meanwhile is moved once.
const CHECKPOINT_PAGES: u32 = 2048;

/// KB that the writer remembers: the index of 100,000 keys and a page of items.
const CACHE_KB: i64 = 8 * 1024;

/// The writing connection.
pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if !options.read_only {
        // SQLite gives the log the same rights.
        create_file(path)?;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    // Only a new file takes it.
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    if !options.read_only {
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KB)?;
    connection.set_prepared_statement_cache_capacity(64);
    if options.read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    if !TABLES.missing(&connection)?.is_empty() {
        TABLES.make(&connection, TransactionBehavior::Immediate)?;
    }
    if let Some(bytes) = options.max_size {
        sqlite::limit(&connection, bytes)?;
    }
    Ok(connection)
}

/// The reading connection. The file exists already.
pub(super) fn open_reader(path: &Path, options: &SqliteOptions) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::super::switch;
    use super::*;
    use crate::store::{Generation, Millis, Seq};

    #[test]
    fn every_query_finds_its_index_once_there_is_something_to_read() {
        let connection = Connection::open_in_memory().unwrap();
        TABLES
            .make(&connection, TransactionBehavior::Immediate)
            .unwrap();
        let (first, mut last) = (Generation(1), Seq::default());
        switch::switch(&connection, None, first, Millis(0), &mut last).unwrap();
        let by_type = "SELECT count(*) FROM items WHERE items.seq > 0 AND generation = 1
             AND data IS NOT NULL AND kind = 0 AND content_type = 'article'";
        let by_key = "SELECT seq FROM items WHERE uid = 'a' AND locale = 'b' AND kind = 0
             AND generation = 1";
        let by_url = "SELECT seq FROM items WHERE url = '/a'";
        let referrers = "SELECT seq FROM links WHERE uid = 'a' AND seq > 1";
        for (sql, index) in [
            (by_type, "items_live"),
            (by_key, "items_key"),
            (by_url, "items_url"),
            (referrers, "links_uid"),
        ] {
            let plan: String = connection
                .query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3))
                .unwrap();
            assert!(plan.contains(index), "{sql}: {plan}");
        }
    }

    #[test]
    fn durability_is_what_was_asked_for() {
        let folder = std::env::temp_dir().join(format!("contentstack-sync-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (durability, level) in [(Durability::Full, 2), (Durability::Normal, 1)] {
            let options = SqliteOptions::new().durability(durability);
            let connection = open(&folder.join("mirror.db"), &options).unwrap();
            let pragma = |name: &str| -> String {
                let sql = format!("SELECT CAST((SELECT * FROM pragma_{name}) AS TEXT)");
                connection.query_row(&sql, [], |row| row.get(0)).unwrap()
            };
            assert_eq!(pragma("synchronous"), level.to_string());
            assert_eq!(pragma("journal_mode"), "wal");
            assert_eq!(pragma("page_size"), PAGE_SIZE.to_string());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let name = format!("contentstack-sync-owner-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let connection = open(&folder.join("mirror.db"), &SqliteOptions::new()).unwrap();
        for file in ["mirror.db", "mirror.db-wal"] {
            let mode = std::fs::metadata(folder.join(file)).unwrap().permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{file}");
        }
        drop(connection);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
