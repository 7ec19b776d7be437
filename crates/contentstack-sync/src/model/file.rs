//! Checkpoints in files.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Deserialize;
use sync_core::{Error, private_file};

use super::{Checkpoint, CheckpointError};
use crate::error;

impl Checkpoint {
    /// Reads a checkpoint from the file at `path`; `None` if there is no such
    /// file. Blocks for as long as the file system does.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or [`CheckpointError::Unreadable`] or
    /// [`CheckpointError::OtherVersion`]: see
    /// [`ContentstackErrorExt::checkpoint`](crate::ContentstackErrorExt::checkpoint).
    pub fn load(path: impl AsRef<Path>) -> Result<Option<Self>, Error> {
        #[derive(Deserialize)]
        struct Form {
            version: u32,
        }

        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(
                    Error::config("the checkpoint's file cannot be read").with_source(error)
                );
            }
        };
        // Not the cause: it could quote a token.
        let unreadable = |_| error::checkpoint(CheckpointError::Unreadable);
        let form: Form = serde_json::from_slice(&text).map_err(unreadable)?;
        if form.version != Self::VERSION {
            return Err(error::checkpoint(CheckpointError::OtherVersion));
        }
        serde_json::from_slice(&text).map(Some).map_err(unreadable)
    }

    /// Writes the checkpoint to the file at `path`, so that after a crash at
    /// any point there is the old one or the new one, whole: into a file beside
    /// it, to the disk, and renamed. Only the user may read it, as its token
    /// gives access to content. Blocks for as long as the file system does.
    ///
    /// # Errors
    ///
    /// Whatever the file system says; the old checkpoint is then still there.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let mut name = path
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"))?
            .to_owned();
        // Two programs that write the same checkpoint do not mix their bytes.
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = path.with_file_name(name);
        let result = self
            .write_new(&beside)
            .and_then(|()| fs::rename(&beside, path));
        if result.is_err() {
            let _ = fs::remove_file(&beside);
            return result;
        }
        // The new name, too, has to reach the disk.
        #[cfg(unix)]
        {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn write_new(&self, path: &Path) -> io::Result<()> {
        let mut options = private_file::options();
        let mut file: File = options.create(true).truncate(true).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()
    }
}
