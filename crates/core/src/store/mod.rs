//! What the stores of the service crates have in common: the error, and how a
//! file of theirs begins.

mod error;
#[cfg(feature = "sqlite")]
#[doc(hidden)]
pub mod sqlite;

use std::io;
use std::path::Path;

pub use self::error::{StoreError, StoreErrorKind};
use crate::private_file;

/// Makes an empty file for its owner only, unless there is one.
///
/// # Errors
///
/// [`StoreErrorKind::ReadOnly`], [`Full`](StoreErrorKind::Full) or
/// [`Io`](StoreErrorKind::Io), when the file can neither be made nor is there.
pub fn create_file(path: &Path) -> Result<(), StoreError> {
    private_file::create(path).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreErrorKind::ReadOnly
            }
            io::ErrorKind::StorageFull => StoreErrorKind::Full,
            _ => StoreErrorKind::Io,
        };
        StoreError::new(kind, "the file cannot be made").with_source(error)
    })
}
