//! Files that are nobody else's business.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// Options that make a file which only its owner may read or write (`0600` on
/// Unix). A file that is there keeps its rights.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes an empty file for its owner only, unless there is one.
///
/// A file that is there is not opened: closing it again would take away the
/// locks that another connection of a database in this process has on it.
///
/// # Errors
///
/// When the file can neither be made nor is there.
pub fn create(path: &Path) -> io::Result<()> {
    match options().create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
