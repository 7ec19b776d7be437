//! PostgreSQL's errors as those of a store.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::{StoreError, StoreErrorKind};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let kind = kind(&error);
        // The detail of an error holds values of rows, and is left out: where
        // they are known they are named in their own place.
        let message = match error.as_db_error() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        };
        Self::new(kind, message).with_source(error)
    }
}

fn kind(error: &Error) -> StoreErrorKind {
    let Some(code) = error.code() else {
        return match error.is_closed() {
            true => StoreErrorKind::Io,
            false if error.as_db_error().is_none() => StoreErrorKind::Io,
            false => StoreErrorKind::Other,
        };
    };
    match *code {
        SqlState::FOREIGN_KEY_VIOLATION => StoreErrorKind::ForeignKey,
        SqlState::UNIQUE_VIOLATION | SqlState::EXCLUSION_VIOLATION => StoreErrorKind::Unique,
        SqlState::NOT_NULL_VIOLATION => StoreErrorKind::NotNull,
        SqlState::CHECK_VIOLATION | SqlState::RAISE_EXCEPTION | SqlState::RESTRICT_VIOLATION => {
            StoreErrorKind::Check
        }
        SqlState::UNDEFINED_TABLE
        | SqlState::UNDEFINED_COLUMN
        | SqlState::INVALID_COLUMN_REFERENCE
        | SqlState::DATATYPE_MISMATCH
        | SqlState::UNDEFINED_FUNCTION
        | SqlState::GENERATED_ALWAYS => StoreErrorKind::Schema,
        SqlState::LOCK_NOT_AVAILABLE
        | SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::OBJECT_IN_USE => StoreErrorKind::Busy,
        SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY | SqlState::PROGRAM_LIMIT_EXCEEDED => {
            StoreErrorKind::Full
        }
        SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::INSUFFICIENT_PRIVILEGE => {
            StoreErrorKind::ReadOnly
        }
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreErrorKind::Corrupt,
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | SqlState::INVALID_CATALOG_NAME
        | SqlState::IO_ERROR => StoreErrorKind::Io,
        // Data exceptions, of which a value is the cause.
        _ if code.code().starts_with("22") => StoreErrorKind::Value,
        _ if code.code().starts_with("08") => StoreErrorKind::Io,
        _ => StoreErrorKind::Other,
    }
}

/// Whether a statement failed because a value is there already.
pub(super) fn is_unique(error: &Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Whether a statement failed because a row refers to one that is not there.
pub(super) fn is_foreign_key(error: &Error) -> bool {
    error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION)
}
