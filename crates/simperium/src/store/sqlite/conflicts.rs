//! What conflicts were about.

use rusqlite::{Connection, params};

use super::super::{ConflictCopy, ConflictId, Millis, StoreError};
use super::records::key;
use super::values::{integer, json, kind, number, rows, text};

pub(super) fn add(
    db: &Connection,
    bucket: i64,
    copy: &ConflictCopy,
) -> Result<ConflictId, StoreError> {
    db.prepare_cached(
        "INSERT INTO conflicts (bucket, key, kind, at, base, local, remote, result)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        bucket,
        copy.key.as_str(),
        copy.kind.as_str(),
        integer(copy.at.0),
        text(copy.base.as_ref()),
        text(copy.local.as_ref()),
        text(copy.remote.as_ref()),
        text(copy.result.as_ref()),
    ])?;
    Ok(ConflictId(number(db.last_insert_rowid())))
}

pub(super) fn after(
    db: &Connection,
    bucket: i64,
    after: ConflictId,
    limit: usize,
) -> Result<Vec<(ConflictId, ConflictCopy)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, key, kind, at, base, local, remote, result FROM conflicts
         WHERE bucket = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    let mut found = statement.query(params![bucket, after, rows(limit)])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let copy = ConflictCopy {
            key: key(row, 1)?,
            kind: kind(&row.get::<_, String>(2)?)?,
            at: Millis(number(row.get(3)?)),
            base: json(row, 4)?,
            local: json(row, 5)?,
            remote: json(row, 6)?,
            result: json(row, 7)?,
        };
        all.push((ConflictId(number(row.get(0)?)), copy));
    }
    Ok(all)
}

pub(super) fn remove(db: &Connection, bucket: i64, id: ConflictId) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM conflicts WHERE bucket = ?1 AND id = ?2")?
        .execute(params![bucket, integer(id.0)])?;
    Ok(())
}
