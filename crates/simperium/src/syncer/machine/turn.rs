//! What a call into the machine may use.

use std::fmt;

use crate::model::Ccid;
use crate::store::{Millis, Transaction};

/// What one call into the machine may use: the time, a transaction, new ids,
/// chance. The machine has none of its own.
pub struct Turn<'a> {
    /// The time. It may stand still and must not go back.
    pub now: Millis,
    /// The rows.
    pub store: &'a mut dyn Transaction,
    /// Makes an id that no change ever had.
    pub ccids: &'a mut dyn FnMut() -> Ccid,
}

impl fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
