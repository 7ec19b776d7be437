//! What is written.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use sync_core::store::sqlite::corrupt;

use super::super::{
    Applied, Batch, Begin, Chain, Change, Generation, Link, Millis, Seq, StoreError,
    StoreErrorKind, StoredSchema,
};
use super::{read, switch};
use crate::mirror::rules::{self, Known, Verdict};
use crate::model::{ContentTypeUid, EventTime, Key, ObjectKind, Position};

/// A kind as it is in the file.
pub(super) fn kind_number(kind: ObjectKind) -> i64 {
    match kind {
        ObjectKind::Entry => 0,
        ObjectKind::Asset => 1,
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| {
        StoreError::new(StoreErrorKind::Other, "a value cannot be written").with_source(error)
    })
}

fn conflict(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Conflict, what)
}

pub(super) fn begin(db: &Connection, begin: &Begin) -> Result<Generation, StoreError> {
    let meta = read::meta(db)?;
    if meta
        .identity
        .as_ref()
        .is_some_and(|mine| *mine != begin.identity)
    {
        return Err(StoreError::new(StoreErrorKind::Mismatch, ""));
    }
    if meta.building != begin.replaces {
        return Err(conflict("another full sync has begun"));
    }
    if let Some(replaced) = begin.replaces {
        switch::remove(db, replaced)?;
        db.execute(
            "DELETE FROM dead_letters WHERE generation = ?1",
            [replaced.0],
        )?;
    }
    let generation = Generation(meta.generations + 1);
    db.execute(
        "UPDATE meta SET identity = ?1, building = ?2, reason = ?3, generations = ?2",
        params![json(&begin.identity)?, generation.0, begin.reason],
    )?;
    for chain in &begin.chains {
        add_chain(db, generation, chain)?;
    }
    Ok(generation)
}

fn add_chain(db: &Connection, generation: Generation, chain: &Chain) -> Result<(), StoreError> {
    let added = db.execute(
        "INSERT INTO chains (generation, name, chain) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
        params![generation.0, chain.name.as_str(), json(chain)?],
    )?;
    match added {
        0 => Err(conflict("the chain is there already")),
        _ => Ok(()),
    }
}

pub(super) fn apply(db: &Connection, batch: Batch) -> Result<Applied, StoreError> {
    let meta = read::meta(db)?;
    let current = meta.building.or(meta.readable);
    if current != Some(batch.generation) {
        return Err(conflict("the generation is another one"));
    }
    let mut is_loaded = meta.building.is_some();
    if let Some(advance) = &batch.advance {
        let chains = read::chains(db, batch.generation)?;
        let (mine, others): (Vec<Chain>, Vec<Chain>) = chains
            .into_iter()
            .partition(|chain| chain.name == advance.to.name);
        if !mine
            .first()
            .is_some_and(|chain| chain.position == advance.from)
        {
            return Err(conflict("the chain is somewhere else"));
        }
        let is_at_end = |chain: &Chain| matches!(chain.position, Position::Delta(_));
        is_loaded &= is_at_end(&advance.to) && others.iter().all(is_at_end);
        db.prepare_cached("UPDATE chains SET chain = ?3 WHERE generation = ?1 AND name = ?2")?
            .execute(params![
                batch.generation.0,
                advance.to.name.as_str(),
                json(&advance.to)?
            ])?;
    } else {
        is_loaded = false;
    }
    for chain in &batch.new_chains {
        add_chain(db, batch.generation, chain)?;
        is_loaded = false;
    }
    let mut writer = Writer {
        db,
        generation: batch.generation,
        now: batch.now,
        last: meta.last,
        deleted_types: read::deleted_types(db, batch.generation)?,
        applied: Applied::default(),
    };
    for change in &batch.changes {
        writer.change(change)?;
    }
    let Writer {
        mut last,
        mut applied,
        ..
    } = writer;
    for id in &batch.revived {
        db.prepare_cached("DELETE FROM dead_letters WHERE id = ?1")?
            .execute([id.0])?;
    }
    for (id, error) in &batch.still_dead {
        db.prepare_cached(
            "UPDATE dead_letters SET error = ?2, attempts = attempts + 1 WHERE id = ?1",
        )?
        .execute(params![id.0, error])?;
    }
    for item in &batch.dead {
        db.prepare_cached(
            "INSERT INTO dead_letters (generation, raw, reason, error, since, attempts)
             VALUES (?1, ?2, ?3, ?4, ?5, 1)",
        )?
        .execute(params![
            batch.generation.0,
            item.raw.as_str(),
            item.reason.as_str(),
            item.error,
            batch.now.0
        ])?;
    }
    let mut visible = meta.visible;
    if is_loaded {
        applied.switched = true;
        applied.swept = switch::switch(db, meta.readable, batch.generation, batch.now, &mut last)?;
        visible = last;
    } else if meta.building.is_none() {
        visible = last;
    }
    if last != meta.last || visible != meta.visible {
        db.prepare_cached("UPDATE meta SET last = ?1, visible = ?2")?
            .execute([last.0, visible.0])?;
    }
    applied.seq = visible;
    Ok(applied)
}

struct Writer<'a> {
    db: &'a Connection,
    generation: Generation,
    now: Millis,
    last: Seq,
    deleted_types: HashMap<ContentTypeUid, EventTime>,
    applied: Applied,
}

/// What is stored of a row.
struct Stored {
    seq: u64,
    event_at: Option<EventTime>,
    content_type: Option<String>,
    is_live: bool,
}

impl Writer<'_> {
    fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        let (key, content_type) = match change {
            Change::Put(put) => (&put.key, put.content_type.as_ref()),
            Change::Remove {
                key, content_type, ..
            } => (key, content_type.as_ref()),
            Change::RemoveType {
                content_type,
                event_at,
            } => return self.remove_type(content_type, event_at),
        };
        let deleted_at = content_type
            .and_then(|uid| self.deleted_types.get(uid))
            .cloned();
        // Most rows of a full sync are new: one statement tells and writes.
        if rules::judge(change, None, deleted_at.as_ref()) == Verdict::Put
            && self.insert(change, key, content_type.map(ContentTypeUid::as_str), true)?
        {
            self.applied.upserts += 1;
            return Ok(());
        }
        let stored = self.stored(key)?;
        let known = stored.as_ref().map(|stored| Known {
            event_at: stored.event_at.as_ref(),
        });
        // Not all that comes says of which type it is.
        let of_stored = || stored.as_ref()?.content_type.as_deref();
        let content_type = content_type.map(ContentTypeUid::as_str).or_else(of_stored);
        let deleted_at = content_type
            .and_then(|uid| self.deleted_types.get(uid))
            .cloned();
        let verdict = rules::judge(change, known, deleted_at.as_ref());
        if verdict == Verdict::Ignore {
            self.applied.ignored += 1;
            return Ok(());
        }
        let is_live = verdict == Verdict::Put;
        if let Some(stored) = &stored {
            self.delete(stored.seq, stored.is_live)?;
            self.applied.deletes += u64::from(stored.is_live && !is_live);
        }
        self.applied.upserts += u64::from(is_live);
        self.insert(change, key, content_type, is_live)?;
        Ok(())
    }

    /// Writes a row at the end, unless there is one of this key.
    fn insert(
        &mut self,
        change: &Change,
        key: &Key,
        content_type: Option<&str>,
        is_live: bool,
    ) -> Result<bool, StoreError> {
        let put = match change {
            Change::Put(put) if is_live => Some(put),
            _ => None,
        };
        let seq = self.last.0 + 1;
        let written = self
            .db
            .prepare_cached(
                "INSERT INTO items
                 (seq, generation, kind, uid, locale, content_type, event_at, written_at, url, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (uid, locale, kind, generation) DO NOTHING",
            )?
            .execute(params![
                seq,
                self.generation.0,
                kind_number(key.kind),
                key.uid.as_str(),
                key.locale.as_str(),
                content_type,
                change.event_at().as_str(),
                self.now.0,
                put.and_then(|put| put.url.as_deref()),
                put.map(|put| put.data.as_str()),
            ])?;
        if written == 0 {
            return Ok(false);
        }
        self.last.0 = seq;
        for (place, link) in put.iter().flat_map(|put| put.links.iter().enumerate()) {
            self.link(seq, place, link)?;
        }
        Ok(true)
    }

    fn link(&self, seq: u64, place: usize, link: &Link) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT INTO links (seq, place, kind, uid) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                seq,
                place as u64,
                link.kind.map(kind_number),
                link.uid.as_str()
            ])?;
        Ok(())
    }

    fn stored(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT seq, event_at, content_type, data IS NOT NULL FROM items
             WHERE uid = ?1 AND locale = ?2 AND kind = ?3 AND generation = ?4",
        )?;
        let key = params![
            key.uid.as_str(),
            key.locale.as_str(),
            kind_number(key.kind),
            self.generation.0
        ];
        let stored = statement.query_row(key, |row| {
            Ok(Stored {
                seq: row.get(0)?,
                event_at: row.get::<_, Option<String>>(1)?.map(EventTime::from),
                content_type: row.get(2)?,
                is_live: row.get(3)?,
            })
        });
        Ok(stored.optional()?)
    }

    fn delete(&self, seq: u64, is_live: bool) -> Result<(), StoreError> {
        self.db
            .prepare_cached("DELETE FROM items WHERE seq = ?1")?
            .execute([seq])?;
        if is_live {
            self.db
                .prepare_cached("DELETE FROM links WHERE seq = ?1")?
                .execute([seq])?;
        }
        Ok(())
    }

    fn remove_type(
        &mut self,
        content_type: &ContentTypeUid,
        event_at: &EventTime,
    ) -> Result<(), StoreError> {
        let known = self.deleted_types.get(content_type);
        if known.is_some_and(|known| event_at <= known) {
            self.applied.ignored += 1;
            return Ok(());
        }
        self.deleted_types
            .insert(content_type.clone(), event_at.clone());
        self.db.execute(
            "INSERT OR REPLACE INTO deleted_types (generation, content_type, event_at, written_at)
             VALUES (?1, ?2, ?3, ?4)",
            params![
                self.generation.0,
                content_type.as_str(),
                event_at.as_str(),
                self.now.0
            ],
        )?;
        let rows: Vec<(u64, Option<String>)> = self
            .db
            .prepare_cached(
                "SELECT seq, event_at FROM items WHERE generation = ?1 AND kind = 0
                 AND content_type = ?2 AND data IS NOT NULL ORDER BY seq",
            )?
            .query_map(params![self.generation.0, content_type.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        for (seq, row_at) in rows {
            if !rules::covers(event_at, row_at.map(EventTime::from).as_ref()) {
                continue;
            }
            switch::bury(self.db, seq, &mut self.last, self.now)?;
            self.applied.deletes += 1;
        }
        Ok(())
    }
}

pub(super) fn prune(db: &Connection, before: Millis) -> Result<u64, StoreError> {
    let Some(readable) = read::meta(db)?.readable else {
        return Ok(0);
    };
    let last: Option<u64> = db.query_row(
        "SELECT max(seq) FROM items WHERE data IS NULL AND written_at < ?1 AND generation = ?2",
        params![before.0, readable.0],
        |row| row.get(0),
    )?;
    let mut pruned = db.execute(
        "DELETE FROM deleted_types WHERE written_at < ?1 AND generation = ?2",
        params![before.0, readable.0],
    )?;
    if let Some(last) = last {
        pruned += db.execute(
            "DELETE FROM items WHERE data IS NULL AND written_at < ?1 AND generation = ?2",
            params![before.0, readable.0],
        )?;
        db.execute("UPDATE meta SET pruned = max(pruned, ?1)", [last])?;
    }
    u64::try_from(pruned).map_err(|_| corrupt("a count"))
}

pub(super) fn put_schemas(db: &Connection, schemas: &[StoredSchema]) -> Result<(), StoreError> {
    db.execute("DELETE FROM schemas", [])?;
    for schema in schemas {
        db.prepare_cached("INSERT OR REPLACE INTO schemas (uid, schema) VALUES (?1, ?2)")?
            .execute(params![schema.uid.as_str(), schema.schema.as_str()])?;
    }
    Ok(())
}
