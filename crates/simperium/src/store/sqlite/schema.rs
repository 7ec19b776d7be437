//! The tables, and how a file is opened.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use sync_core::store::{create_file, sqlite};

use super::super::{StoreError, StoreErrorKind};
use super::SqliteOptions;

const TABLES: sqlite::Tables = sqlite::Tables {
    // `Smpm`
    application: 0x536d_706d,
    steps: STEPS,
};

/// Texts come last in a row: reading what is before them does not read them.
/// Keys come in no order and rows are wide, so the rows are kept in the order
/// in which they came, with the keys in an index.
const STEPS: &[&str] = &["
    CREATE TABLE meta (
        one     INTEGER PRIMARY KEY CHECK (one = 1),
        app     TEXT,
        user    TEXT,
        client  TEXT,
        flushes INTEGER NOT NULL
    ) STRICT;
    INSERT INTO meta VALUES (1, NULL, NULL, NULL, 0);

    CREATE TABLE buckets (
        id             INTEGER PRIMARY KEY,
        name           TEXT NOT NULL UNIQUE,
        cv             TEXT,
        generation     INTEGER NOT NULL DEFAULT 0,
        run_generation INTEGER,
        run_current    TEXT,
        run_mark       TEXT,
        run_received   INTEGER
    ) STRICT;

    CREATE TABLE records (
        id      INTEGER PRIMARY KEY,
        bucket  INTEGER NOT NULL,
        key     TEXT NOT NULL,
        seen    INTEGER NOT NULL,
        local   INTEGER NOT NULL,
        version INTEGER,
        ghost   TEXT,
        object  TEXT
    ) STRICT;
    CREATE UNIQUE INDEX records_key ON records (bucket, key);

    CREATE TABLE queue (
        place      INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket     INTEGER NOT NULL,
        key        TEXT NOT NULL,
        state      TEXT NOT NULL,
        edited     INTEGER NOT NULL,
        whole      INTEGER NOT NULL,
        attempts   INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        last_error INTEGER,
        ccid       TEXT,
        operation  TEXT,
        sv         INTEGER,
        payload    TEXT,
        sent       TEXT
    ) STRICT;
    CREATE UNIQUE INDEX queue_key ON queue (bucket, key);
    CREATE INDEX queue_state ON queue (bucket, state, place);

    CREATE TABLE reloads (
        bucket  INTEGER NOT NULL,
        key     TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (bucket, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE conflicts (
        id     INTEGER PRIMARY KEY AUTOINCREMENT,
        bucket INTEGER NOT NULL,
        key    TEXT NOT NULL,
        kind   TEXT NOT NULL,
        at     INTEGER NOT NULL,
        base   TEXT,
        local  TEXT,
        remote TEXT,
        result TEXT
    ) STRICT;
    CREATE INDEX conflicts_bucket ON conflicts (bucket, id);
"];

/// Opens a file, makes it if it is not there, and keeps others out.
pub(super) fn open(path: &Path, options: &SqliteOptions) -> Result<Connection, StoreError> {
    // SQLite gives the log the same rights.
    create_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    // From the first access on, and until the connection is closed. It also
    // saves the file of shared memory and a lock for each transaction.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    // Before anything is written to a file that may be somebody else's.
    TABLES.missing(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::new(
            StoreErrorKind::Io,
            "the file can have no write-ahead log where it lies",
        ));
    }
    // What has to be on the disk is flushed by `flush`.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.set_prepared_statement_cache_capacity(64);
    // Takes the lock of the file.
    TABLES.make(&connection, TransactionBehavior::Exclusive)?;
    if let Some(bytes) = options.max_size {
        sqlite::limit(&connection, bytes)?;
    }
    Ok(connection)
}

/// Waits until everything that was committed is on the disk. SQLite flushes
/// the whole log with the transaction that asks for it, so that a small one
/// does it for all before.
pub(super) fn flush(connection: &Connection) -> Result<(), StoreError> {
    // May not be changed inside a transaction.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let flushed = connection
        .prepare_cached("UPDATE meta SET flushes = flushes + 1")
        .and_then(|mut statement| statement.execute([]));
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    flushed?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_finds_its_index() {
        let connection = Connection::open_in_memory().unwrap();
        TABLES
            .make(&connection, TransactionBehavior::Exclusive)
            .unwrap();
        for (sql, index) in [
            (
                "SELECT * FROM records WHERE bucket = 1 AND key > 'a' ORDER BY key",
                "records_key",
            ),
            (
                "SELECT count(*) FROM records WHERE bucket = 1",
                "records_key",
            ),
            (
                "SELECT * FROM queue WHERE bucket = 1 AND key = 'a'",
                "queue_key",
            ),
            (
                "SELECT * FROM queue WHERE bucket = 1 AND state = 'dirty' AND place > 3 ORDER BY place",
                "queue_state",
            ),
            (
                "SELECT * FROM conflicts WHERE bucket = 1 AND id > 3 ORDER BY id",
                "conflicts_bucket",
            ),
        ] {
            let mut statement = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let plan: Vec<String> = statement
                .query_map([], |row| row.get(3))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert!(plan[0].contains(index), "{sql}: {plan:?}");
            assert_eq!(plan.len(), 1, "{sql} is sorted: {plan:?}");
        }
    }
}
