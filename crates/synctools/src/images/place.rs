//! The place of a file under the media root.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

use super::name::{MediaName, UNFINISHED};
use super::report::ImageError;

/// The media root, with all links on the way to it followed.
#[derive(Clone, Debug)]
pub(super) struct Root(PathBuf);

impl Root {
    /// Makes the folder, if there is none.
    pub(super) async fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path).await?;
        Ok(Self(fs::canonicalize(path).await?))
    }

    /// The folder that a file goes into, made where it is missing. Links are
    /// followed, as far as they stay within the root.
    pub(super) async fn folder(&self, name: &MediaName<'_>) -> Result<PathBuf, ImageError> {
        let mut folder = self.0.clone();
        for segment in name.split().0 {
            let next = folder.join(segment);
            folder = match fs::symlink_metadata(&next).await {
                Ok(found) if found.is_symlink() => self.follow(&next).await?,
                Ok(_) => next,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    match fs::create_dir(&next).await {
                        // Another file of the same folder was faster.
                        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                            return Err(error.into());
                        }
                        _ => next,
                    }
                }
                Err(error) => return Err(error.into()),
            };
        }
        // Again as a whole: what was a folder may be a link by now.
        self.follow(&folder).await
    }

    async fn follow(&self, path: &Path) -> Result<PathBuf, ImageError> {
        match fs::canonicalize(path).await {
            Ok(real) if real.starts_with(&self.0) => Ok(real),
            Ok(_) => Err(ImageError::Link),
            // A link to nothing, which would be made to lead somewhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ImageError::Link),
            Err(error) => Err(error.into()),
        }
    }
}

/// A file on its way: under another name in the same folder, so that the one
/// name only ever stands for a whole file. Removed when it is dropped.
pub(super) struct Unfinished {
    file: Option<File>,
    path: PathBuf,
    length: u64,
}

impl Unfinished {
    /// Makes it at once, and not in the background: a file that comes to be
    /// when nobody waits for it any more would stay.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{UNFINISHED}{}-{number}.part", std::process::id()));
            let mut options = std::fs::OpenOptions::new();
            match options.write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        file: Some(File::from_std(file)),
                        path,
                        length: 0,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes).await?;
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Puts the file in its place, when all of it is on the disk.
    pub(super) async fn finish(mut self, folder: &Path, name: &str) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush().await?;
            file.sync_all().await?;
        }
        fs::rename(&self.path, folder.join(name)).await?;
        // Not there any more.
        self.path = PathBuf::new();
        if cfg!(unix) {
            // The new name shall survive a loss of power, too.
            File::open(folder).await?.sync_all().await?;
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.file = None;
        if !self.path.as_os_str().is_empty() {
            // Whoever cancels cannot wait for it, and nobody misses it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
