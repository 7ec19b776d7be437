//! Files of assets, downloaded.
//!
//! ```no_run
//! # async fn run(mirror: contentstack_sync::mirror::Mirror) -> Result<(), Box<dyn std::error::Error>> {
//! mirror.sync().await?;
//! let report = mirror.assets().download("files").concurrency(8).run().await?;
//! println!("{} new, {} failed", report.downloaded, report.failed.len());
//! # Ok(())
//! # }
//! ```
//!
//! What there is to do follows from the assets in the mirror and from what the
//! store notes of each address, so a run that is given up, or killed, loses
//! nothing: the next one goes on where it stopped, within a file too, if the
//! server allows it.
//!
//! # Where files are
//!
//! At `{uid}/{address}/{name}` in the folder: `address` is 16 hexadecimal
//! digits of the SHA-256 of the file's address, which every version of a file
//! has its own of, and `name` is [made safe](safe_name). Locales that share an
//! address share the file. [`Mirror::asset_file`] says where a file is.
//!
//! A file appears there when it is whole and on the disk. Until then it is in
//! the folder `.partial`. When an asset is published anew, the new file comes
//! first and the old one goes then; what was unpublished or deleted in all
//! locales goes as well. Other things in the folder are left alone. Only one
//! process at a time should download into a folder.
//!
//! # What is checked
//!
//! The size, against what the asset says of itself and what the server says. A
//! file that is cut off, too short or too long never gets its place.
//!
//! # What is sent
//!
//! Never the credentials of the stack, whatever host a file is on. Requests
//! count against the [rate limit](crate::RateLimit) of the stack.

mod download;
mod fetch;
mod name;
mod partial;
mod report;
mod transport;

use std::path::PathBuf;

pub use self::download::Download;
pub use self::name::safe_name;
pub use self::report::{DownloadError, DownloadEvent, DownloadFailure, DownloadReport};
pub(crate) use self::transport::Observed;
use crate::mirror::Mirror;
use crate::query::AssetQuery;
use crate::store::{DownloadState, Row, StoreError};

impl AssetQuery {
    /// Downloads the files of these assets into a folder, which is made if
    /// there is none. The query's uid, url, locales and conditions say which;
    /// order, `skip` and `limit` do not matter here.
    pub fn download(self, folder: impl Into<PathBuf>) -> Download {
        Download::new(self, folder.into())
    }
}

impl Mirror {
    /// Where the file of an asset is, relative to the folder that it was
    /// downloaded to; `None` if it was not.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn asset_file(&self, asset: &Row) -> Result<Option<PathBuf>, StoreError> {
        let Some(url) = &asset.url else {
            return Ok(None);
        };
        let noted = self.store().download(url).await?;
        Ok(noted.and_then(|download| match download.state {
            DownloadState::Done { path, .. } => Some(PathBuf::from(&*path)),
            DownloadState::Failed { .. } => None,
        }))
    }
}
