//! Whose file it is, and how far its buckets are.

use rusqlite::{Connection, params};

use super::super::{BucketState, Generation, Identity, IndexRun, StoreError};
use super::values::{corrupt, integer, number};
use crate::model::{AppId, ClientId, Cv};

pub(super) fn identity(db: &Connection) -> Result<Option<Identity>, StoreError> {
    let (app, user, client): (Option<String>, Option<String>, Option<String>) = db
        .prepare_cached("SELECT app, user, client FROM meta")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (Some(app), Some(client)) = (app, client) else {
        return Ok(None);
    };
    Ok(Some(Identity {
        app: AppId::new(app).map_err(|_| corrupt("an app id that is none"))?,
        user,
        client: ClientId::new(client).map_err(|_| corrupt("a client id that is none"))?,
    }))
}

pub(super) fn set_identity(db: &Connection, identity: &Identity) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE meta SET app = ?1, user = ?2, client = ?3")?
        .execute(params![
            identity.app.as_str(),
            identity.user,
            identity.client.as_str()
        ])?;
    Ok(())
}

pub(super) fn state(db: &Connection, bucket: i64) -> Result<BucketState, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT cv, generation, run_generation, run_current, run_mark, run_received
         FROM buckets WHERE id = ?1",
    )?;
    let state = statement.query_row([bucket], |row| {
        let index_run = match row.get(2)? {
            None => None,
            Some(generation) => Some(IndexRun {
                generation: Generation(generation),
                first_current: row.get::<_, Option<String>>(3)?.map(Cv::new),
                mark: row.get(4)?,
                received: number(row.get(5)?),
            }),
        };
        Ok(BucketState {
            cv: row.get::<_, Option<String>>(0)?.map(Cv::new),
            generation: Generation(row.get(1)?),
            index_run,
        })
    })?;
    Ok(state)
}

pub(super) fn set_state(
    db: &Connection,
    bucket: i64,
    state: &BucketState,
) -> Result<(), StoreError> {
    let run = state.index_run.as_ref();
    db.prepare_cached(
        "UPDATE buckets SET cv = ?2, generation = ?3, run_generation = ?4, run_current = ?5,
         run_mark = ?6, run_received = ?7 WHERE id = ?1",
    )?
    .execute(params![
        bucket,
        state.cv.as_ref().map(Cv::as_str),
        state.generation.0,
        run.map(|run| run.generation.0),
        run.and_then(|run| run.first_current.as_ref())
            .map(Cv::as_str),
        run.and_then(|run| run.mark.as_deref()),
        run.map(|run| integer(run.received)),
    ])?;
    Ok(())
}

pub(super) fn clear(db: &Connection, bucket: i64) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM records WHERE bucket = ?1",
        "DELETE FROM queue WHERE bucket = ?1",
        "DELETE FROM reloads WHERE bucket = ?1",
        "DELETE FROM conflicts WHERE bucket = ?1",
        "DELETE FROM buckets WHERE id = ?1",
    ] {
        db.execute(sql, [bucket])?;
    }
    Ok(())
}
