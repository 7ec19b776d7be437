//! Files of assets.

use rusqlite::{Connection, Row as SqlRow, params};
use sync_core::store::sqlite::corrupt;

use super::super::{Download, DownloadState, Millis, Row, Seq, StoreError};
use super::read;

const COLUMNS: &str = "downloads.url, downloads.uid, downloads.attempts, downloads.path, \
                       downloads.size, downloads.error, downloads.retry_at";

/// What is noted, from the column `first` on; `None` if nothing is.
fn download_of(row: &SqlRow<'_>, first: usize) -> Result<Option<Download>, StoreError> {
    let Some(url) = row.get::<_, Option<Box<str>>>(first)? else {
        return Ok(None);
    };
    let path: Option<Box<str>> = row.get(first + 3)?;
    let error: Option<String> = row.get(first + 5)?;
    let state = match (path, error) {
        (Some(path), None) => DownloadState::Done {
            path,
            size: row.get(first + 4)?,
        },
        (None, Some(error)) => DownloadState::Failed {
            error,
            retry_at: row.get::<_, Option<u64>>(first + 6)?.map(Millis),
        },
        _ => return Err(corrupt("a download that is neither done nor failed")),
    };
    Ok(Some(Download {
        uid: row.get::<_, String>(first + 1)?.into(),
        url,
        state,
        attempts: row.get(first + 2)?,
    }))
}

pub(super) fn wanted(
    db: &Connection,
    now: Millis,
    after: Seq,
    limit: usize,
) -> Result<Vec<(Row, Option<Download>)>, StoreError> {
    let sql = format!(
        "SELECT items.seq, items.kind, items.uid, items.locale, items.content_type,
            items.event_at, items.url, items.data, {COLUMNS}
         FROM items LEFT JOIN downloads ON downloads.url = items.url
         WHERE items.seq > ?1 AND items.generation = (SELECT readable FROM meta)
            AND items.kind = 1 AND items.data IS NOT NULL AND items.url IS NOT NULL
            AND (downloads.url IS NULL OR downloads.retry_at <= ?2)
         ORDER BY items.seq LIMIT ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = statement.query(params![after.0, now.0, read::limit_of(limit)])?;
    let mut wanted = Vec::new();
    while let Some(row) = found.next()? {
        if let Some(asset) = read::row_of(row)? {
            wanted.push((asset, download_of(row, 8)?));
        }
    }
    Ok(wanted)
}

fn list(
    db: &Connection,
    rest: &str,
    value: &dyn rusqlite::types::ToSql,
) -> Result<Vec<Download>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM downloads {rest}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = statement.query([value])?;
    let mut downloads = Vec::new();
    while let Some(row) = found.next()? {
        downloads.extend(download_of(row, 0)?);
    }
    Ok(downloads)
}

pub(super) fn get(db: &Connection, url: &str) -> Result<Option<Download>, StoreError> {
    Ok(list(db, "WHERE url = ?1", &url)?.pop())
}

pub(super) fn stale(db: &Connection, limit: usize) -> Result<Vec<Download>, StoreError> {
    let rest = "WHERE NOT EXISTS (SELECT 1 FROM items WHERE items.url = downloads.url
            AND items.generation = (SELECT readable FROM meta)
            AND items.kind = 1 AND items.data IS NOT NULL)
         ORDER BY downloads.url LIMIT ?1";
    list(db, rest, &read::limit_of(limit))
}

pub(super) fn note(db: &Connection, download: &Download) -> Result<(), StoreError> {
    let (path, size, error, retry_at) = match &download.state {
        DownloadState::Done { path, size } => (Some(path), Some(size), None, None),
        DownloadState::Failed { error, retry_at } => (None, None, Some(error), *retry_at),
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO downloads (url, uid, attempts, path, size, error, retry_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        download.url,
        download.uid.as_str(),
        download.attempts,
        path,
        size,
        error,
        retry_at.map(|at| at.0)
    ])?;
    Ok(())
}

pub(super) fn forget(db: &Connection, url: &str) -> Result<(), StoreError> {
    db.prepare_cached("DELETE FROM downloads WHERE url = ?1")?
        .execute([url])?;
    Ok(())
}
