//! SQLite's errors as those of a store.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::store::{StoreError, StoreErrorKind};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match &error {
            rusqlite::Error::SqliteFailure(failure, message) => match failure.code {
                ErrorCode::ConstraintViolation => match failure.extended_code {
                    ffi::SQLITE_CONSTRAINT_FOREIGNKEY => StoreErrorKind::ForeignKey,
                    ffi::SQLITE_CONSTRAINT_UNIQUE
                    | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    | ffi::SQLITE_CONSTRAINT_ROWID => StoreErrorKind::Unique,
                    ffi::SQLITE_CONSTRAINT_NOTNULL => StoreErrorKind::NotNull,
                    ffi::SQLITE_CONSTRAINT_DATATYPE => StoreErrorKind::Value,
                    _ => StoreErrorKind::Check,
                },
                ErrorCode::TypeMismatch | ErrorCode::TooBig => StoreErrorKind::Value,
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreErrorKind::Busy,
                ErrorCode::DiskFull => StoreErrorKind::Full,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreErrorKind::ReadOnly,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreErrorKind::Corrupt,
                ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => StoreErrorKind::Io,
                _ if message.as_deref().is_some_and(is_about_schema) => StoreErrorKind::Schema,
                _ => StoreErrorKind::Other,
            },
            rusqlite::Error::SqlInputError { msg, .. } if is_about_schema(msg) => {
                StoreErrorKind::Schema
            }
            _ => StoreErrorKind::Other,
        };
        // SQLite's messages name tables and columns, and no values.
        Self::new(kind, error.to_string()).with_source(error)
    }
}

fn is_about_schema(message: &str) -> bool {
    message.starts_with("no such table")
        || message.starts_with("no such column")
        || message.contains("has no column named")
        || message.starts_with("ON CONFLICT clause does not match")
}

/// Whether a statement failed because a value is there already.
pub(super) fn is_unique(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE
        || failure.extended_code == ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
}

/// The columns that a message of SQLite names: `NOT NULL constraint failed:
/// lab_category.slug`.
pub(super) fn columns(error: &rusqlite::Error, table: &str) -> Vec<String> {
    let rusqlite::Error::SqliteFailure(_, Some(message)) = error else {
        return Vec::new();
    };
    let Some((_, names)) = message.split_once("constraint failed: ") else {
        return Vec::new();
    };
    names
        .split(", ")
        .filter_map(|name| name.strip_prefix(table)?.strip_prefix('.'))
        .map(str::to_owned)
        .collect()
}
