//! From one generation to the next.

use rusqlite::{Connection, params};

use super::super::{Generation, Millis, Seq, StoreError};
use super::schema;

/// Turns a row into a tombstone that keeps its time.
pub(super) fn bury(
    db: &Connection,
    seq: u64,
    last: &mut Seq,
    now: Millis,
) -> Result<(), StoreError> {
    last.0 += 1;
    db.prepare_cached(
        "UPDATE items SET seq = ?2, written_at = ?3, url = NULL, data = NULL WHERE seq = ?1",
    )?
    .execute([seq, last.0, now.0])?;
    db.prepare_cached("DELETE FROM links WHERE seq = ?1")?
        .execute([seq])?;
    Ok(())
}

/// Removes a generation.
pub(super) fn remove(db: &Connection, generation: Generation) -> Result<(), StoreError> {
    let generation = [generation.0];
    db.execute(
        "DELETE FROM links WHERE seq IN (SELECT seq FROM items WHERE generation = ?1)",
        generation,
    )?;
    db.execute("DELETE FROM items WHERE generation = ?1", generation)?;
    db.execute("DELETE FROM chains WHERE generation = ?1", generation)?;
    db.execute(
        "DELETE FROM deleted_types WHERE generation = ?1",
        generation,
    )?;
    Ok(())
}

/// Makes `new` the readable generation, and removes the old one; says how many
/// rows only the old one had.
pub(super) fn switch(
    db: &Connection,
    old: Option<Generation>,
    new: Generation,
    now: Millis,
    last: &mut Seq,
) -> Result<u64, StoreError> {
    let swept = match old {
        Some(old) => sweep(db, old, new, now, last)?,
        None => {
            schema::index(db)?;
            0
        }
    };
    db.execute(
        "UPDATE meta SET readable = ?1, building = NULL, reason = NULL",
        [new.0],
    )?;
    db.execute("DELETE FROM dead_letters WHERE generation <> ?1", [new.0])?;
    Ok(swept)
}

fn sweep(
    db: &Connection,
    old: Generation,
    new: Generation,
    now: Millis,
    last: &mut Seq,
) -> Result<u64, StoreError> {
    let both = [old.0, new.0];
    // What is the same in both has not changed: the old row stays.
    db.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS same (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
         DELETE FROM temp.same;",
    )?;
    db.execute(
        "INSERT INTO temp.same (old, new) SELECT old.seq, new.seq FROM items AS old
         JOIN items AS new ON new.uid = old.uid AND new.locale = old.locale
            AND new.kind = old.kind AND new.generation = ?2
         WHERE old.generation = ?1 AND old.event_at = new.event_at
            AND old.content_type IS new.content_type AND old.data = new.data",
        both,
    )?;
    db.execute_batch(
        "DELETE FROM links WHERE seq IN (SELECT new FROM temp.same);
         DELETE FROM items WHERE seq IN (SELECT new FROM temp.same);",
    )?;
    db.execute(
        "UPDATE items SET generation = ?1 WHERE seq IN (SELECT old FROM temp.same)",
        [new.0],
    )?;
    db.execute_batch("DELETE FROM temp.same")?;
    // Tombstones, for readers who have not heard of them yet.
    db.execute(
        "UPDATE items AS old SET generation = ?2, event_at = NULL
         WHERE old.generation = ?1 AND old.data IS NULL AND NOT EXISTS (
            SELECT 1 FROM items AS new WHERE new.uid = old.uid AND new.locale = old.locale
            AND new.kind = old.kind AND new.generation = ?2)",
        both,
    )?;
    let gone: Vec<u64> = db
        .prepare(
            "SELECT old.seq FROM items AS old
             WHERE old.generation = ?1 AND old.data IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM items AS new WHERE new.uid = old.uid AND new.locale = old.locale
                AND new.kind = old.kind AND new.generation = ?2)
             ORDER BY old.seq",
        )?
        .query_map(both, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for seq in &gone {
        bury(db, *seq, last, now)?;
        db.prepare_cached("UPDATE items SET generation = ?2, event_at = NULL WHERE seq = ?1")?
            .execute(params![last.0, new.0])?;
    }
    remove(db, old)?;
    Ok(gone.len() as u64)
}
