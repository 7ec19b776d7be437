//! The tree of a folder.

use std::future::IntoFuture;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use sync_core::{Call, Error};

use super::super::answered_within;
use super::FolderHandle;
use super::visit::{self, Entry};
use crate::endpoints;
use crate::model::db::BrowseNode;

/// The daemon has the whole tree in memory before its answer begins.
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// The largest tree that is taken into memory.
const LARGEST: u64 = 256 << 20;
/// More levels than the longest path of any system has: 16,383 on Windows, 2,048
/// on Linux.
const LEVELS: u32 = 20_000;

/// The files and directories of a folder, as all devices know them:
/// [`FolderHandle::browse`]. Await it for a tree, or [`visit`](Self::visit) it.
///
/// The daemon builds the whole answer in memory, 160 bytes a file. Go through a
/// large folder with [`levels`](Self::levels) and [`prefix`](Self::prefix).
///
/// ```no_run
/// # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
/// for node in client.folder("photos").browse().prefix("2026").levels(0).await? {
///     println!("{} {}", node.size, node.name);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`SyncthingError::NoSuchFolder`](crate::SyncthingError::NoSuchFolder), also
/// for a paused folder. A prefix that does not exist gives no nodes.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked for until it is awaited"]
pub struct Browse {
    folder: FolderHandle,
    prefix: String,
    levels: Option<u32>,
    max_levels: u32,
    directories_only: bool,
}

impl Browse {
    pub(super) fn new(folder: FolderHandle) -> Self {
        Self {
            folder,
            prefix: String::new(),
            levels: None,
            max_levels: LEVELS,
            directories_only: false,
        }
    }

    /// Only what is in this directory of the folder.
    pub fn prefix(mut self, directory: impl AsRef<str>) -> Self {
        self.prefix = directory.as_ref().trim_end_matches('/').to_owned();
        self
    }

    /// How many levels below the first: 0 for one directory alone. All by
    /// default.
    pub fn levels(mut self, levels: u32) -> Self {
        self.levels = Some(levels);
        self
    }

    /// How many levels the answer may have; more is an
    /// [error](sync_core::ErrorKind::Decode). 20,000 by default, which is more
    /// than any path has.
    pub fn max_levels(mut self, levels: u32) -> Self {
        self.max_levels = levels;
        self
    }

    /// Directories only.
    pub fn directories_only(mut self) -> Self {
        self.directories_only = true;
        self
    }

    /// The call, to change its limits: 10 minutes, and an answer of up to 256 MiB,
    /// which is some 1.6 million files.
    pub fn call(self) -> Call<Vec<BrowseNode>> {
        let levels = self.max_levels;
        self.request()
            .accept(HeaderValue::from_static("application/json"))
            .with_options(|options| options.max_body(LARGEST))
            .decode_with(move |_, body| visit::collect(&body, levels))
    }

    fn request(&self) -> Call<Bytes> {
        self.folder
            .call(&endpoints::DB_BROWSE)
            .query_opt("prefix", (!self.prefix.is_empty()).then_some(&self.prefix))
            .query_opt("levels", self.levels.map(|levels| levels.to_string()))
            .query_opt("dirsonly", self.directories_only.then_some("1"))
            .with_options(answered_within(LIMIT))
    }

    /// Shows every file and directory to `visitor` while the answer arrives, in
    /// constant memory, whatever the size of the folder. The answer must begin
    /// within 10 minutes, and may take any time then.
    ///
    /// A directory comes before what is in it. `Break` ends the visit, and its
    /// value is returned.
    ///
    /// ```no_run
    /// # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
    /// use std::ops::ControlFlow;
    ///
    /// let mut bytes = 0;
    /// let visit = client.folder("photos").browse().visit(|entry| {
    ///     bytes += entry.size;
    ///     ControlFlow::<()>::Continue(())
    /// });
    /// visit.await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for the tree, and whatever interrupts the answer half-way: then some
    /// entries have been shown already. An answer in which the children of a
    /// directory come before its name cannot be visited; every daemon says the
    /// name first.
    pub async fn visit<B, F>(self, visitor: F) -> Result<ControlFlow<B>, Error>
    where
        F: FnMut(Entry) -> ControlFlow<B>,
    {
        let call = self.request();
        let operation = call.operation();
        let response = call.stream().await?;
        visit::run(response.into_body(), self.prefix, self.max_levels, visitor)
            .await
            .map_err(|error| error.with_operation(operation))
    }
}

impl IntoFuture for Browse {
    type Output = Result<Vec<BrowseNode>, Error>;
    type IntoFuture = <Call<Vec<BrowseNode>> as IntoFuture>::IntoFuture;

    fn into_future(self) -> Self::IntoFuture {
        self.call().into_future()
    }
}
