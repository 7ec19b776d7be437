//! Files that are not whole yet.

use std::io;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use super::name::digest;

/// The folder of files that are not whole yet.
const FOLDER: &str = ".partial";

/// What tells one state of a file on a server from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validator {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl Validator {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        Self {
            // A weak one says nothing about single bytes.
            etag: text(header::ETAG).filter(|etag| etag.starts_with('"')),
            last_modified: text(header::LAST_MODIFIED),
        }
    }

    /// What goes into `If-Range`.
    pub(super) fn if_range(&self) -> Option<HeaderValue> {
        let text = self.etag.as_ref().or(self.last_modified.as_ref())?;
        HeaderValue::from_str(text).ok()
    }
}

/// The beginning of a file, and what it is the beginning of.
pub(super) struct Partial {
    path: PathBuf,
    notes: PathBuf,
    file: File,
    length: u64,
    validator: Validator,
}

/// Makes the folder for them.
pub(super) async fn prepare(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join(FOLDER)).await
}

impl Partial {
    /// What there is of the file at `url`; nothing, if it is not known what it
    /// is the beginning of.
    pub(super) async fn open(folder: &Path, url: &str) -> io::Result<Self> {
        let (path, notes) = places(folder, url);
        let validator = match fs::read(&notes).await {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(_) => Validator::default(),
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .await?;
        let length = file.metadata().await?.len();
        let mut partial = Self {
            path,
            notes,
            file,
            length,
            validator,
        };
        if partial.validator.if_range().is_none() {
            partial.restart(Validator::default()).await?;
        }
        Ok(partial)
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn validator(&self) -> &Validator {
        &self.validator
    }

    /// Begins anew, with a file that this validator tells from others.
    pub(super) async fn restart(&mut self, validator: Validator) -> io::Result<()> {
        self.file.flush().await?;
        self.file.set_len(0).await?;
        self.length = 0;
        if validator != self.validator || validator.if_range().is_none() {
            // The notes must never be those of other bytes.
            remove(&self.notes).await?;
            if validator.if_range().is_some() {
                fs::write(&self.notes, serde_json::to_vec(&validator)?).await?;
            }
            self.validator = validator;
        }
        Ok(())
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Hands everything over to the system, so that the next one who opens it
    /// finds it.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.file.flush().await
    }

    /// Puts the file in its place, when all of it is on the disk.
    pub(super) async fn finish(mut self, folder: &Path, place: &str) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        drop(self.file);
        let target = folder.join(place);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).await?;
            fs::rename(&self.path, &target).await?;
            sync_folder(parent).await?;
        }
        remove(&self.notes).await
    }
}

/// Forgets what there is of the file at `url`.
pub(super) async fn forget(folder: &Path, url: &str) -> io::Result<()> {
    let (path, notes) = places(folder, url);
    remove(&path).await?;
    remove(&notes).await
}

fn places(folder: &Path, url: &str) -> (PathBuf, PathBuf) {
    let name = digest(url, 16);
    let folder = folder.join(FOLDER);
    (folder.join(&name), folder.join(format!("{name}.json")))
}

/// Removes a file that may be gone already.
pub(super) async fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes sure that a new name in a folder survives a loss of power.
async fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder).await?.sync_all().await?;
    }
    Ok(())
}
