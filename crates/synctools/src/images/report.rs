//! What came of a download of images.

use std::io;

use super::name::NameError;
use crate::schema::Label;

/// What came of a download of images.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ImageReport {
    /// Files that were downloaded.
    pub downloaded: u64,
    /// Files that were there already, and left as they are.
    pub existing: u64,
    /// Bytes that were received, also for files that failed.
    pub bytes: u64,
    /// Files that could not be downloaded. They do not stop the others.
    pub failed: Vec<ImageFailure>,
}

impl ImageReport {
    /// Whether every file is there.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }
}

/// A file that could not be downloaded.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImageFailure {
    /// The model.
    pub model: Label,
    /// The primary key of the row, as text.
    pub pk: String,
    /// The image field.
    pub field: String,
    /// What the field holds: a path relative to the media root.
    pub name: String,
    /// What is wrong.
    pub error: ImageError,
}

/// Why a file could not be downloaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The name would leave the media root, or cannot be the name of a file.
    #[error("the name is refused: {0}")]
    Name(#[from] NameError),
    /// A link on the way leads out of the media root.
    #[error("a link on the way leads out of the media root")]
    Link,
    /// The media host refused, could not be reached, or redirected to a host
    /// that was not allowed.
    #[error("{0}")]
    Http(#[source] sync_core::Error),
    /// The answer broke off; no more attempts are made.
    #[error("the file broke off: {0}")]
    Cut(#[source] sync_core::TransportError),
    /// The answer is not an image, by its content type or its first bytes:
    /// mostly a page that explains an error with the status of a success.
    #[error("the answer is no image but {0}")]
    NotAnImage(String),
    /// The answer has no bytes.
    #[error("the answer is empty")]
    Empty,
    /// The answer has another size than it said.
    #[error("the file has {got} bytes, where {expected} were announced")]
    Size {
        /// The size that was announced.
        expected: u64,
        /// The size that came.
        got: u64,
    },
    /// The file is larger than allowed.
    #[error("the file is larger than the {0} bytes that are allowed")]
    TooLarge(u64),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] io::Error),
}
