//! A store in memory.

mod tables;
mod transaction;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use self::tables::Tables;
use self::transaction::MemoryTransaction;
use super::{Store, StoreError, Work};

/// A store in memory: gone with the last of its clones, which share it. For
/// apps that read everything anew at every start, and for tests.
///
/// A transaction waits for those of other clones, so that none may be begun
/// inside another.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        // A panic inside has undone what it did: see `MemoryTransaction`.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = MemoryTransaction::new(&mut tables);
        work(&mut transaction)?;
        transaction.keep();
        Ok(())
    }
}

/// Does not show what is kept.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}
