//! What SQLite says about its tables.

use rusqlite::{Connection, OptionalExtension as _};

use crate::store::StoreError;

/// A column, as `PRAGMA table_info` has it.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) in_primary_key: bool,
}

/// A foreign key of one column.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) id: i64,
    pub(super) column: String,
    pub(super) parent: String,
    /// The column of the parent; `None` is its primary key.
    pub(super) parent_column: Option<String>,
}

/// The tables of the database, without SQLite's own and virtual ones' parts.
pub(super) fn tables(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The statement that made a table.
pub(super) fn definition(db: &Connection, table: &str) -> Result<Option<String>, StoreError> {
    Ok(db
        .query_row(
            "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND lower(name) = lower(?1)",
            [table],
            |row| row.get(0),
        )
        .optional()?
        .flatten())
}

/// The columns of a table; none if there is no such table.
pub(super) fn columns(db: &Connection, table: &str) -> Result<Vec<Column>, StoreError> {
    let mut statement =
        db.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1, 'main')")?;
    let columns = statement.query_map([table], |row| {
        Ok(Column {
            name: row.get(0)?,
            declared: row.get(1)?,
            not_null: row.get(2)?,
            in_primary_key: row.get::<_, i64>(3)? > 0,
        })
    })?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// The foreign keys of one column each that a table has.
pub(super) fn references(db: &Connection, table: &str) -> Result<Vec<Reference>, StoreError> {
    let mut statement = db.prepare(
        "SELECT id, \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(?1, 'main') \
         GROUP BY id HAVING count(*) = 1 ORDER BY id",
    )?;
    let references = statement.query_map([table], |row| {
        Ok(Reference {
            id: row.get(0)?,
            column: row.get(1)?,
            parent: row.get(2)?,
            parent_column: row.get(3)?,
        })
    })?;
    Ok(references.collect::<Result<_, _>>()?)
}

/// The sets of columns that are unique together, those of one column among
/// them. Indexes over expressions or a part of the rows are left out.
pub(super) fn unique_sets(db: &Connection, table: &str) -> Result<Vec<Vec<String>>, StoreError> {
    let mut statement = db.prepare(
        "SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT partial \
         ORDER BY seq DESC",
    )?;
    let indexes: Vec<String> = statement
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut statement =
        db.prepare("SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno")?;
    let mut sets = Vec::with_capacity(indexes.len());
    for index in indexes {
        let set: Option<Vec<String>> = statement
            .query_map([&index], |row| row.get::<_, Option<String>>(0))?
            .collect::<Result<_, _>>()?;
        sets.extend(set);
    }
    Ok(sets)
}

/// The column that is the primary key, if it is one.
pub(super) fn primary_key(db: &Connection, table: &str) -> Result<Option<String>, StoreError> {
    let mut keys = columns(db, table)?
        .into_iter()
        .filter(|column| column.in_primary_key);
    Ok(match (keys.next(), keys.next()) {
        (Some(key), None) => Some(key.name),
        _ => None,
    })
}
