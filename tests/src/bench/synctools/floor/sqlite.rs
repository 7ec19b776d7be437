//! Into SQLite: prepared statements, references checked at the end.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{rows, sqlite_moment};
use crate::bench::synctools::Result;

/// Writes all rows that are served; how many.
pub(crate) fn sync(port: u16, target: &str, database: &Path) -> Result<u64> {
    let mut connection = Connection::open(database)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "defer_foreign_keys", true)?;
    let count = {
        let mut group = transaction.prepare(
            "INSERT INTO big_biggroup (id, name) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        )?;
        let mut item = transaction.prepare(
            "INSERT INTO big_bigitem
             (id, group_id, name, body, price, score, active, created, note)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET
             group_id = excluded.group_id, name = excluded.name, body = excluded.body,
             price = excluded.price, score = excluded.score, active = excluded.active,
             created = excluded.created, note = excluded.note",
        )?;
        let mut moment = String::new();
        rows(port, target, |object| {
            let is_item = object.is_item()?;
            let row = object.fields;
            if is_item {
                sqlite_moment(&row.created, &mut moment);
                item.execute(params![
                    object.pk, row.group, row.name, row.body, row.price, row.score, row.active,
                    moment, row.note,
                ])?;
            } else {
                group.execute(params![object.pk, row.name])?;
            }
            Ok(())
        })?
    };
    transaction.commit()?;
    Ok(count)
}
