//! What is read.

use std::collections::HashMap;

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sync_core::store::sqlite::corrupt;

use super::super::{
    Building, Chain, ChangedRow, Changes, Counts, DeadLetter, DeadLetterId, DeadReason, Generation,
    Identity, Link, Millis, Row, Scan, Seq, State, StoreError, StoredSchema,
};
use super::write::kind_number;
use crate::model::{ContentTypeUid, EventTime, Key, ObjectKind, RawJson, Uid};

/// Runs `work` on one state of the file.
pub(super) fn snapshot<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    db.prepare_cached("BEGIN")?.execute([])?;
    let result = work(db);
    // Nothing was written, so both ends of a transaction do the same.
    if !db.is_autocommit() {
        db.prepare_cached("COMMIT")?.execute([])?;
    }
    result
}

pub(super) struct Meta {
    pub(super) identity: Option<Identity>,
    pub(super) readable: Option<Generation>,
    pub(super) building: Option<Generation>,
    reason: Option<String>,
    pub(super) generations: u64,
    pub(super) last: Seq,
    pub(super) visible: Seq,
    pruned: Seq,
}

fn value<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| corrupt("a value that is no JSON of this crate"))
}

pub(super) fn meta(db: &Connection) -> Result<Meta, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT identity, readable, building, reason, generations, last, visible, pruned
         FROM meta",
    )?;
    let (identity, meta) = statement.query_row([], |row| {
        Ok((
            row.get::<_, Option<String>>(0)?,
            Meta {
                identity: None,
                readable: row.get::<_, Option<u64>>(1)?.map(Generation),
                building: row.get::<_, Option<u64>>(2)?.map(Generation),
                reason: row.get(3)?,
                generations: row.get(4)?,
                last: Seq(row.get(5)?),
                visible: Seq(row.get(6)?),
                pruned: Seq(row.get(7)?),
            },
        ))
    })?;
    Ok(Meta {
        identity: identity.as_deref().map(value).transpose()?,
        ..meta
    })
}

pub(super) fn chains(db: &Connection, generation: Generation) -> Result<Vec<Chain>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT chain FROM chains WHERE generation = ?1 ORDER BY name")?;
    let chains: Vec<String> = statement
        .query_map([generation.0], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    chains.iter().map(|chain| value(chain)).collect()
}

pub(super) fn deleted_types(
    db: &Connection,
    generation: Generation,
) -> Result<HashMap<ContentTypeUid, EventTime>, StoreError> {
    let mut statement = db
        .prepare_cached("SELECT content_type, event_at FROM deleted_types WHERE generation = ?1")?;
    let types = statement.query_map([generation.0], |row| {
        Ok((
            row.get::<_, String>(0)?.into(),
            row.get::<_, String>(1)?.into(),
        ))
    })?;
    Ok(types.collect::<Result<_, _>>()?)
}

pub(super) fn state(db: &Connection) -> Result<State, StoreError> {
    let meta = meta(db)?;
    let current = meta.building.or(meta.readable);
    let dead_letters = db
        .prepare_cached("SELECT count(*) FROM dead_letters")?
        .query_row([], |row| row.get(0))?;
    Ok(State {
        identity: meta.identity,
        readable: meta.readable,
        building: meta.building.map(|generation| Building {
            generation,
            reason: meta.reason.unwrap_or_default(),
        }),
        chains: current.map_or_else(|| Ok(Vec::new()), |current| chains(db, current))?,
        seq: meta.visible,
        dead_letters,
    })
}

/// Behind every list of columns that becomes a [`Row`].
const COLUMNS: &str = "items.seq, items.kind, items.uid, items.locale, items.content_type, \
                       items.event_at, items.url, items.data";

fn key_of(row: &SqlRow<'_>) -> rusqlite::Result<Key> {
    let kind = match row.get(1)? {
        0i64 => ObjectKind::Entry,
        _ => ObjectKind::Asset,
    };
    Ok(Key {
        kind,
        uid: row.get_ref(2)?.as_str()?.into(),
        locale: row.get_ref(3)?.as_str()?.into(),
    })
}

fn content_type_of(row: &SqlRow<'_>) -> rusqlite::Result<Option<ContentTypeUid>> {
    Ok(row.get_ref(4)?.as_str_or_null()?.map(ContentTypeUid::from))
}

/// `None` for a tombstone.
pub(super) fn row_of(row: &SqlRow<'_>) -> Result<Option<Row>, StoreError> {
    let Some(data) = row.get::<_, Option<String>>(7)? else {
        return Ok(None);
    };
    Ok(Some(Row {
        seq: Seq(row.get(0)?),
        key: key_of(row)?,
        content_type: content_type_of(row)?,
        event_at: row
            .get_ref(5)?
            .as_str()
            .map_err(rusqlite::Error::from)?
            .into(),
        url: row.get(6)?,
        data: raw(data)?,
    }))
}

fn raw(text: String) -> Result<RawJson, StoreError> {
    RawValue::from_string(text)
        .map(RawJson::from)
        .map_err(|_| corrupt("content that is no JSON"))
}

/// The rows of a query that names the [`COLUMNS`] first.
pub(super) fn rows(
    db: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<Row>, StoreError> {
    let mut statement = db.prepare_cached(sql)?;
    let mut found = statement.query(values)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.extend(row_of(row)?);
    }
    Ok(rows)
}

pub(super) fn select(rest: &str) -> String {
    format!("SELECT {COLUMNS} FROM items {rest}")
}

/// As many as a query may take.
pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn get(db: &Connection, key: &Key) -> Result<Option<Row>, StoreError> {
    let sql = select(
        "WHERE uid = ?1 AND locale = ?2 AND kind = ?3
         AND generation = (SELECT readable FROM meta) AND data IS NOT NULL",
    );
    let kind = kind_number(key.kind);
    let mut rows = rows(db, &sql, &[&key.uid.as_str(), &key.locale.as_str(), &kind])?;
    Ok(rows.pop())
}

/// The condition of a scan, with the values of its parameters from `?2` on;
/// `?1` is for the number after which it begins.
fn condition(scan: &Scan) -> (String, Vec<Box<dyn ToSql>>) {
    let mut sql = String::from(
        "WHERE items.seq > ?1 AND generation = (SELECT readable FROM meta) AND data IS NOT NULL",
    );
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut also = |column: &str, value: Box<dyn ToSql>| {
        values.push(value);
        sql.push_str(&format!(" AND {column} = ?{}", values.len() + 1));
    };
    if let Some(kind) = scan.kind {
        also("kind", Box::new(kind_number(kind)));
    } else if scan.content_type.is_some() {
        // Only entries have one, and the index begins with the kind.
        also("kind", Box::new(kind_number(ObjectKind::Entry)));
    }
    if let Some(content_type) = &scan.content_type {
        also("content_type", Box::new(content_type.as_str().to_owned()));
    }
    if let Some(uid) = &scan.uid {
        also("uid", Box::new(uid.as_str().to_owned()));
    }
    if let Some(locale) = &scan.locale {
        also("locale", Box::new(locale.as_str().to_owned()));
    }
    if let Some(url) = &scan.url {
        also("url", Box::new(url.clone()));
    }
    (sql, values)
}

pub(super) fn scan(
    db: &Connection,
    scan: &Scan,
    after: Seq,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let (condition, values) = condition(scan);
    let sql = select(&format!(
        "{condition} ORDER BY items.seq LIMIT {}",
        limit_of(limit)
    ));
    let mut all: Vec<&dyn ToSql> = vec![&after.0];
    all.extend(values.iter().map(|value| &**value));
    rows(db, &sql, &all)
}

pub(super) fn count(db: &Connection, scan: &Scan) -> Result<u64, StoreError> {
    let (condition, values) = condition(scan);
    let sql = format!("SELECT count(*) FROM items {condition}");
    let mut all: Vec<&dyn ToSql> = vec![&0i64];
    all.extend(values.iter().map(|value| &**value));
    Ok(db
        .prepare_cached(&sql)?
        .query_row(&*all, |row| row.get(0))?)
}

fn kind_from(number: Option<i64>) -> Option<ObjectKind> {
    match number {
        Some(0) => Some(ObjectKind::Entry),
        Some(_) => Some(ObjectKind::Asset),
        None => None,
    }
}

pub(super) fn links(db: &Connection, key: &Key) -> Result<Vec<Link>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT links.kind, links.uid FROM items JOIN links ON links.seq = items.seq
         WHERE items.uid = ?1 AND items.locale = ?2 AND items.kind = ?3
         AND items.generation = (SELECT readable FROM meta)
         ORDER BY links.place",
    )?;
    let key = params![key.uid.as_str(), key.locale.as_str(), kind_number(key.kind)];
    let links = statement.query_map(key, |row| {
        Ok(Link {
            kind: kind_from(row.get(0)?),
            uid: row.get_ref(1)?.as_str()?.into(),
        })
    })?;
    Ok(links.collect::<Result<_, _>>()?)
}

pub(super) fn referrers(
    db: &Connection,
    kind: ObjectKind,
    uid: &Uid,
    after: Seq,
    limit: usize,
) -> Result<Vec<Row>, StoreError> {
    let sql = select(
        "WHERE items.seq IN (SELECT links.seq FROM links WHERE links.uid = ?1
            AND links.seq > ?2 AND (links.kind = ?3 OR links.kind IS NULL))
         AND generation = (SELECT readable FROM meta)
         ORDER BY items.seq LIMIT ?4",
    );
    let (kind, limit) = (kind_number(kind), limit_of(limit));
    rows(db, &sql, &[&uid.as_str(), &after.0, &kind, &limit])
}

pub(super) fn changes(db: &Connection, since: Seq, limit: usize) -> Result<Changes, StoreError> {
    let meta = meta(db)?;
    // Who has nothing yet has nothing to forget.
    let expired = since != Seq::default() && since < meta.pruned;
    let (Some(readable), false) = (meta.readable, expired) else {
        return Ok(Changes {
            rows: Vec::new(),
            next: since,
            expired,
        });
    };
    // Up to what readers may see: after it is what is being built.
    let sql = select(
        "WHERE items.seq > ?1 AND items.seq <= ?2 AND generation = ?3
         ORDER BY items.seq LIMIT ?4",
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = statement.query(params![
        since.0,
        meta.visible.0,
        readable.0,
        limit_of(limit)
    ])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(ChangedRow {
            seq: Seq(row.get(0)?),
            key: key_of(row)?,
            content_type: content_type_of(row)?,
            row: row_of(row)?,
        });
    }
    let next = match rows.last() {
        Some(row) if rows.len() >= limit => row.seq,
        // All was read, also where the last number is no row's any more.
        _ if limit > 0 => since.max(meta.visible),
        _ => since,
    };
    Ok(Changes {
        next,
        rows,
        expired: false,
    })
}

pub(super) fn dead_letters(
    db: &Connection,
    after: DeadLetterId,
    limit: usize,
) -> Result<Vec<DeadLetter>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, raw, reason, error, since, attempts FROM dead_letters
         WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut found = statement.query(params![after.0, limit_of(limit)])?;
    let mut letters = Vec::new();
    while let Some(row) = found.next()? {
        letters.push(DeadLetter {
            id: DeadLetterId(row.get(0)?),
            raw: raw(row.get(1)?)?,
            reason: DeadReason::from_name(&row.get::<_, String>(2)?)
                .ok_or_else(|| corrupt("an unknown reason"))?,
            error: row.get(3)?,
            since: Millis(row.get(4)?),
            attempts: row.get(5)?,
        });
    }
    Ok(letters)
}

pub(super) fn counts(db: &Connection) -> Result<Counts, StoreError> {
    let one = |sql: &str| -> Result<u64, StoreError> {
        Ok(db
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))
            .optional()?
            .unwrap_or(0))
    };
    let live = "SELECT count(*) FROM items WHERE generation = (SELECT readable FROM meta)
                AND data IS NOT NULL AND kind = ";
    Ok(Counts {
        entries: one(&format!("{live} 0"))?,
        assets: one(&format!("{live} 1"))?,
        tombstones: one(
            "SELECT count(*) FROM items WHERE generation = (SELECT readable FROM meta)
             AND data IS NULL",
        )?,
        dead_letters: one("SELECT count(*) FROM dead_letters")?,
    })
}

pub(super) fn schemas(
    db: &Connection,
    uid: Option<&ContentTypeUid>,
) -> Result<Vec<StoredSchema>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT uid, schema FROM schemas WHERE ?1 IS NULL OR uid = ?1 ORDER BY uid",
    )?;
    let mut found = statement.query([uid.map(ContentTypeUid::as_str)])?;
    let mut schemas = Vec::new();
    while let Some(row) = found.next()? {
        schemas.push(StoredSchema {
            uid: row.get::<_, String>(0)?.into(),
            schema: raw(row.get(1)?)?,
        });
    }
    Ok(schemas)
}
