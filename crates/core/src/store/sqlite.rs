//! What stores in a SQLite file share. For the crates of this workspace: its
//! signatures name `rusqlite`.

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::{StoreError, StoreErrorKind};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreErrorKind::Busy,
                ErrorCode::DiskFull => StoreErrorKind::Full,
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreErrorKind::ReadOnly,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreErrorKind::Corrupt,
                ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => StoreErrorKind::Io,
                _ => StoreErrorKind::Other,
            },
            // Rows that the crate did not write like this.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => StoreErrorKind::Corrupt,
            _ => StoreErrorKind::Other,
        };
        // SQLite's messages name tables and files, and no values.
        Self::new(kind, error.to_string()).with_source(error)
    }
}

/// A value that the crate did not write like this.
pub fn corrupt(what: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, what)
}

/// Lets the file grow no larger than this many bytes, or what it has already.
pub fn limit(connection: &Connection, bytes: u64) -> Result<(), StoreError> {
    let page: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    // Answers with the limit that holds now. Zero would leave it as it is.
    let pages = (bytes / page).max(1);
    connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    Ok(())
}

/// The tables of a crate's files.
#[derive(Debug)]
pub struct Tables {
    /// Says in the file's header whose file it is.
    pub application: i32,
    /// The steps from one version to the next: the version of a file is how
    /// many of them it has taken.
    pub steps: &'static [&'static str],
}

impl Tables {
    /// The steps that a file has yet to take, if it is a new one or one of
    /// these.
    pub fn missing(&self, connection: &Connection) -> Result<&'static [&'static str], StoreError> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let application = number("PRAGMA application_id")?;
        let version = number("PRAGMA user_version")?;
        let tables = number("SELECT count(*) FROM sqlite_schema")?;
        let is_new = application == 0 && version == 0 && tables == 0;
        if !is_new && application != i64::from(self.application) {
            return Err(corrupt("the file is of another program"));
        }
        usize::try_from(version)
            .ok()
            .and_then(|taken| self.steps.get(taken..))
            .ok_or_else(|| {
                StoreError::new(
                    StoreErrorKind::Version,
                    format!("version {version}, known are up to {}", self.steps.len()),
                )
            })
    }

    /// Brings a file to the present version, in a transaction that takes this
    /// lock also when there is nothing to do.
    pub fn make(
        &self,
        connection: &Connection,
        lock: TransactionBehavior,
    ) -> Result<(), StoreError> {
        let transaction = Transaction::new_unchecked(connection, lock)?;
        let steps = self.missing(&transaction)?;
        if !steps.is_empty() {
            for step in steps {
                transaction.execute_batch(step)?;
            }
            transaction.pragma_update(None, "application_id", self.application)?;
            transaction.pragma_update(None, "user_version", self.steps.len() as i64)?;
        }
        Ok(transaction.commit()?)
    }
}
