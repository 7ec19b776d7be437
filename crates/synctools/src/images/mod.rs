//! The files that image fields name.
//!
//! Names come from the other side of the wire, and files from a host that may
//! be yet another: neither is trusted. A name stays under the media root or is
//! [refused](NameError); a file is written under another name and renamed when
//! all of it is on the disk, so that no half of it is ever found; what cannot
//! be had is in the [report](ImageReport), and stops nothing else.

mod fetch;
mod name;
mod place;
mod queue;
mod report;
mod spool;

use std::path::{Path, PathBuf};

pub use self::name::NameError;
pub(crate) use self::queue::{OnImage, Queue, Wanted};
pub use self::report::{ImageError, ImageFailure, ImageReport};
pub(crate) use self::spool::{Named, Spool};

/// Where images come from, where they go, and how.
///
/// | setting | default |
/// |---|---|
/// | [`concurrency`](Self::concurrency) | 4 files at a time |
/// | [`max_size`](Self::max_size) | 64 MiB a file |
/// | [`existing`](Self::existing) | [`Existing::Keep`] |
/// | [`redirect_to`](Self::redirect_to) | no other host than that of the URL |
/// | [`send_token`](Self::send_token) | no |
#[derive(Clone, Debug)]
#[must_use]
pub struct Media {
    pub(crate) url: String,
    pub(crate) root: PathBuf,
    pub(crate) concurrency: usize,
    pub(crate) max_size: u64,
    pub(crate) existing: Existing,
    pub(crate) redirect_hosts: Vec<String>,
    pub(crate) send_token: bool,
}

impl Media {
    /// Images at `url`, the server's `MEDIA_URL` as an absolute one, go into
    /// the folder `root`, which is the `MEDIA_ROOT` of this side.
    pub fn new(url: impl Into<String>, root: impl AsRef<Path>) -> Self {
        Self {
            url: url.into(),
            root: root.as_ref().to_owned(),
            concurrency: 4,
            max_size: 64 << 20,
            existing: Existing::default(),
            redirect_hosts: Vec::new(),
            send_token: false,
        }
    }

    /// How many files at a time.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.concurrency = files.max(1);
        self
    }

    /// No files larger than this, in bytes.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// What is done about files that are there already.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Follows redirects to these hosts, too; by name, without a port. Media
    /// behind signed addresses needs it. Redirects from `https` to `http` are
    /// never followed.
    pub fn redirect_to<T: Into<String>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.redirect_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Sends the token to the media host, and to no other. The original does
    /// not: media is public there.
    pub fn send_token(mut self, send: bool) -> Self {
        self.send_token = send;
        self
    }
}

/// What is done about files that are there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// They are left as they are, as the original does.
    #[default]
    Keep,
    /// They are downloaded again where the media host says another size: one
    /// `HEAD` request for each.
    SameSize,
    /// They are downloaded again where the media host says that they were
    /// modified since they were written here (`If-Modified-Since`).
    Unmodified,
    /// They are downloaded again.
    Replace,
}
