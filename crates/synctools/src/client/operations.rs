//! The one call there is.

use sync_core::Operation;

/// The path is the caller's.
pub(super) static SYNC: Operation = Operation::get("synctool", "sync", "/");
