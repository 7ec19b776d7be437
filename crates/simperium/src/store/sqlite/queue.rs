//! What is to be sent.

use rusqlite::{Connection, Row, params};

use super::super::{Millis, Pending, PendingState, Place, QueuedChange, StoreError};
use super::records::key;
use super::values::{corrupt, integer, json, number, rows, state as read_state, text};
use crate::model::{Ccid, ChangeErrorCode, Key, Operation};

/// What is pending, from columns that begin at `first`.
fn pending(row: &Row<'_>, first: usize) -> Result<Pending, StoreError> {
    let ccid: Option<String> = row.get(first + 6)?;
    let change = match ccid {
        None => None,
        Some(ccid) => Some(QueuedChange {
            ccid: Ccid::new(ccid).map_err(|_| corrupt("a change id that is none"))?,
            operation: Operation::from(row.get::<_, String>(first + 7)?),
            sv: row.get::<_, Option<i64>>(first + 8)?.map(number),
            payload: json(row, first + 9)?.ok_or_else(|| corrupt("a change without text"))?,
            sent: json(row, first + 10)?,
        }),
    };
    Ok(Pending {
        state: read_state(&row.get::<_, String>(first)?)?,
        change,
        edited: row.get(first + 1)?,
        full: row.get(first + 2)?,
        attempts: row.get(first + 3)?,
        not_before: Millis(number(row.get(first + 4)?)),
        last_error: row
            .get::<_, Option<u16>>(first + 5)?
            .map(ChangeErrorCode::from),
    })
}

pub(super) fn get(db: &Connection, bucket: i64, key: &Key) -> Result<Option<Pending>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT state, edited, whole, attempts, not_before, last_error, ccid, operation, sv,
         payload, sent FROM queue WHERE bucket = ?1 AND key = ?2",
    )?;
    let mut found = statement.query(params![bucket, key.as_str()])?;
    found.next()?.map(|row| pending(row, 0)).transpose()
}

pub(super) fn put(
    db: &Connection,
    bucket: i64,
    key: &Key,
    pending: &Pending,
) -> Result<Place, StoreError> {
    let change = pending.change.as_ref();
    let place = db
        .prepare_cached(
            "INSERT INTO queue (bucket, key, state, edited, whole, attempts, not_before,
             last_error, ccid, operation, sv, payload, sent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (bucket, key) DO UPDATE SET state = excluded.state,
             edited = excluded.edited, whole = excluded.whole, attempts = excluded.attempts,
             not_before = excluded.not_before, last_error = excluded.last_error,
             ccid = excluded.ccid, operation = excluded.operation, sv = excluded.sv,
             payload = excluded.payload, sent = excluded.sent
             RETURNING place",
        )?
        .query_row(
            params![
                bucket,
                key.as_str(),
                pending.state.as_str(),
                pending.edited,
                pending.full,
                pending.attempts,
                integer(pending.not_before.0),
                pending.last_error.map(ChangeErrorCode::code),
                change.map(|change| change.ccid.as_str()),
                change.map(|change| change.operation.as_str()),
                change.and_then(|change| change.sv).map(integer),
                text(change.map(|change| &change.payload)),
                text(change.and_then(|change| change.sent.as_ref())),
            ],
            |row| row.get(0),
        )?;
    Ok(Place(number(place)))
}

pub(super) fn remove(db: &Connection, bucket: i64, key: &Key) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM queue WHERE bucket = ?1 AND key = ?2")?
        .execute(params![bucket, key.as_str()])?;
    Ok(())
}

pub(super) fn after(
    db: &Connection,
    bucket: i64,
    state: PendingState,
    after: Place,
    limit: usize,
) -> Result<Vec<(Place, Key, Pending)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT place, key, state, edited, whole, attempts, not_before, last_error, ccid,
         operation, sv, payload, sent FROM queue
         WHERE bucket = ?1 AND state = ?2 AND place > ?3 ORDER BY place LIMIT ?4",
    )?;
    let place = i64::try_from(after.0).unwrap_or(i64::MAX);
    let arguments = params![bucket, state.as_str(), place, rows(limit)];
    let mut found = statement.query(arguments)?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push((Place(number(row.get(0)?)), key(row, 1)?, pending(row, 2)?));
    }
    Ok(all)
}

pub(super) fn count(db: &Connection, bucket: i64, state: PendingState) -> Result<u64, StoreError> {
    let count = db
        .prepare_cached("SELECT count(*) FROM queue WHERE bucket = ?1 AND state = ?2")?
        .query_row(params![bucket, state.as_str()], |row| row.get(0))?;
    Ok(number(count))
}
