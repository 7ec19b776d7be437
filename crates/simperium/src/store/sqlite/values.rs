//! Values of columns.

use rusqlite::Row;
pub(super) use sync_core::store::sqlite::corrupt;

use super::super::{ConflictKind, Json, PendingState, StoreError};

/// SQLite's integers have a sign. Numbers beyond them are kept all the same:
/// they come back as they were.
pub(super) fn integer(number: u64) -> i64 {
    number as i64
}

pub(super) fn number(integer: i64) -> u64 {
    integer as u64
}

/// How many rows; SQLite takes a negative number for all.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(-1)
}

pub(super) fn text(json: Option<&Json>) -> Option<&str> {
    json.map(Json::as_str)
}

/// A text, without a copy in between.
pub(super) fn json(row: &Row<'_>, column: usize) -> Result<Option<Json>, StoreError> {
    match row.get_ref(column)?.as_str_or_null() {
        Ok(text) => Ok(text.map(Json::stored)),
        Err(_) => Err(corrupt("an object is no text")),
    }
}

pub(super) fn state(name: &str) -> Result<PendingState, StoreError> {
    PendingState::from_name(name).ok_or_else(|| corrupt("a state that there is not"))
}

pub(super) fn kind(name: &str) -> Result<ConflictKind, StoreError> {
    ConflictKind::from_name(name).ok_or_else(|| corrupt("a kind of conflict that there is not"))
}
