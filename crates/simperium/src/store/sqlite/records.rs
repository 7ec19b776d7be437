//! Entities, and which are to be read anew.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Generation, Ghost, Local, Record, StoreError};
use super::values::{corrupt, integer, json, number, rows, text};
use crate::model::Key;

const SAME: i64 = 0;
const CHANGED: i64 = 1;
const DELETED: i64 = 2;

/// A record whose columns begin at `first`.
fn record(row: &Row<'_>, first: usize) -> Result<Record, StoreError> {
    let version: Option<i64> = row.get(first + 2)?;
    let ghost = match (version, json(row, first + 3)?) {
        (Some(version), Some(data)) => Some(Ghost {
            version: number(version),
            data,
        }),
        (None, None) => None,
        _ => return Err(corrupt("half a ghost")),
    };
    let local = match (row.get(first + 1)?, json(row, first + 4)?) {
        (SAME, None) => Local::Same,
        (CHANGED, Some(object)) => Local::Changed(object),
        (DELETED, None) => Local::Deleted,
        _ => return Err(corrupt("a local object that is none")),
    };
    Ok(Record {
        ghost,
        local,
        seen: Generation(row.get(first)?),
    })
}

pub(super) fn get(db: &Connection, bucket: i64, key: &Key) -> Result<Option<Record>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seen, local, version, ghost, object FROM records WHERE bucket = ?1 AND key = ?2",
    )?;
    let mut found = statement.query(params![bucket, key.as_str()])?;
    found.next()?.map(|row| record(row, 0)).transpose()
}

pub(super) fn put(
    db: &Connection,
    bucket: i64,
    key: &Key,
    record: &Record,
) -> Result<(), StoreError> {
    let (local, object) = match &record.local {
        Local::Same => (SAME, None),
        Local::Changed(object) => (CHANGED, Some(object.as_str())),
        Local::Deleted => (DELETED, None),
    };
    let ghost = record.ghost.as_ref();
    db.prepare_cached(
        "INSERT INTO records (bucket, key, seen, local, version, ghost, object)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (bucket, key) DO UPDATE SET seen = excluded.seen, local = excluded.local,
         version = excluded.version, ghost = excluded.ghost, object = excluded.object",
    )?
    .execute(params![
        bucket,
        key.as_str(),
        record.seen.0,
        local,
        ghost.map(|ghost| integer(ghost.version)),
        text(ghost.map(|ghost| &ghost.data)),
        object,
    ])?;
    Ok(())
}

pub(super) fn remove(db: &Connection, bucket: i64, key: &Key) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM records WHERE bucket = ?1 AND key = ?2")?
        .execute(params![bucket, key.as_str()])?;
    Ok(())
}

/// What comes before every key.
fn from(after: Option<&Key>) -> &str {
    after.map_or("", Key::as_str)
}

pub(super) fn after(
    db: &Connection,
    bucket: i64,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<(Key, Record)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT key, seen, local, version, ghost, object FROM records
         WHERE bucket = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?;
    let mut found = statement.query(params![bucket, from(after), rows(limit)])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push((key(row, 0)?, record(row, 1)?));
    }
    Ok(all)
}

/// A key.
pub(super) fn key(row: &Row<'_>, column: usize) -> Result<Key, StoreError> {
    match row.get_ref(column)?.as_str() {
        Ok(key) => Ok(Key::received(key)),
        Err(_) => Err(corrupt("a key is no text")),
    }
}

pub(super) fn count(db: &Connection, bucket: i64) -> Result<u64, StoreError> {
    let count = db
        .prepare_cached("SELECT count(*) FROM records WHERE bucket = ?1")?
        .query_row([bucket], |row| row.get(0))?;
    Ok(number(count))
}

pub(super) fn mark_seen(
    db: &Connection,
    bucket: i64,
    key: &Key,
    generation: Generation,
) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE records SET seen = ?3 WHERE bucket = ?1 AND key = ?2")?
        .execute(params![bucket, key.as_str(), generation.0])?;
    Ok(())
}

pub(super) fn unseen(
    db: &Connection,
    bucket: i64,
    generation: Generation,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<Key>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT key FROM records WHERE bucket = ?1 AND key > ?2 AND seen < ?3
         ORDER BY key LIMIT ?4",
    )?;
    let arguments = params![bucket, from(after), generation.0, rows(limit)];
    let mut found = statement.query(arguments)?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push(key(row, 0)?);
    }
    Ok(all)
}

pub(super) fn set_reload(
    db: &Connection,
    bucket: i64,
    key: &Key,
    version: Option<u64>,
) -> Result<(), StoreError> {
    match version {
        Some(version) => db
            .prepare_cached("INSERT OR REPLACE INTO reloads VALUES (?1, ?2, ?3)")?
            .execute(params![bucket, key.as_str(), integer(version)])?,
        None => db
            .prepare_cached("DELETE FROM reloads WHERE bucket = ?1 AND key = ?2")?
            .execute(params![bucket, key.as_str()])?,
    };
    Ok(())
}

pub(super) fn reload(db: &Connection, bucket: i64, key: &Key) -> Result<Option<u64>, StoreError> {
    let version = db
        .prepare_cached("SELECT version FROM reloads WHERE bucket = ?1 AND key = ?2")?
        .query_row(params![bucket, key.as_str()], |row| row.get(0))
        .optional()?;
    Ok(version.map(number))
}

pub(super) fn reloads(
    db: &Connection,
    bucket: i64,
    after: Option<&Key>,
    limit: usize,
) -> Result<Vec<(Key, u64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT key, version FROM reloads WHERE bucket = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    )?;
    let mut found = statement.query(params![bucket, from(after), rows(limit)])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push((key(row, 0)?, number(row.get(1)?)));
    }
    Ok(all)
}
