//! Lists that the daemon gives in pages.

use serde::de::DeserializeOwned;
use sync_core::Call;
use sync_core::stream::{Page, Pages};

use super::checks;
use crate::model::db::{FileInfo, FilePage, Need};
use crate::model::{DeviceId, FileError, FolderErrors, FolderId};
use crate::{Client, Endpoint};

/// How many rows a page has if nothing else is said: some 3 MB of files. The
/// daemon's own 65536 are more than a call takes by default.
const PER_PAGE: u32 = 4096;

/// A list in pages: the whole as a stream by [`items`](Self::items), or one page
/// by [`page`](Self::page).
///
/// Pages are counted from 1. The daemon does not say how many there are, and
/// makes each from the list as it is then: what moves between two pages may
/// come twice, or not at all.
///
/// ```no_run
/// # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
/// let mut needed = client.folder("photos").need().items();
/// while let Some(needed) = needed.next().await.transpose()? {
///     println!("{:?} {}", needed.stage, needed.file.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is asked for until a page or the items are"]
pub struct Paged<P> {
    client: Client,
    endpoint: &'static Endpoint,
    folder: FolderId,
    device: Option<DeviceId>,
    per_page: Option<u32>,
    kind: std::marker::PhantomData<fn() -> P>,
}

impl<P: Rows> Paged<P> {
    pub(super) fn new(
        client: Client,
        endpoint: &'static Endpoint,
        folder: FolderId,
        device: Option<DeviceId>,
    ) -> Self {
        Self {
            client,
            endpoint,
            folder,
            device,
            per_page: None,
            kind: std::marker::PhantomData,
        }
    }

    /// How many rows a page has: by default 4096 in [`items`](Self::items), and
    /// the daemon's own 65536 in [`page`](Self::page).
    pub fn per_page(mut self, rows: u32) -> Self {
        self.per_page = Some(rows.max(1));
        self
    }

    /// One page, from 1; `None` asks without a page number, which is the first.
    pub fn page(&self, page: impl Into<Option<u32>>) -> Call<P> {
        let call = self
            .client
            .call(self.endpoint)
            .query("folder", &self.folder);
        let error =
            checks::chosen(&self.folder).and_then(|()| self.device.map_or(Ok(()), checks::named));
        call.query_opt("device", self.device.map(|device| device.to_string()))
            .query_opt("page", page.into().map(|page| page.to_string()))
            .query_opt("perpage", self.per_page.map(|rows| rows.to_string()))
            .json()
            .or_error(error.err())
    }

    /// All rows, fetched page by page as they are asked for.
    pub fn items(self) -> Pages<P::Row, u32> {
        self.items_from(1)
    }

    /// The rows from this page on, which a [`Pages::position`] has told.
    pub fn items_from(mut self, page: u32) -> Pages<P::Row, u32> {
        let asked = *self.per_page.get_or_insert(PER_PAGE);
        Pages::new(page.max(1), move |page| {
            let call = self.page(page);
            async move {
                let answer = call.await?;
                // A daemon with a limit of its own says so.
                let per_page = match u32::try_from(answer.per_page()) {
                    Ok(said @ 1..) => said,
                    _ => asked,
                };
                let items = answer.into_rows();
                let full = items.len() >= usize::try_from(per_page).unwrap_or(usize::MAX);
                Ok(Page {
                    items,
                    next: if full { page.checked_add(1) } else { None },
                })
            }
        })
    }
}

/// A page of rows. Only this crate's models are one.
pub trait Rows: DeserializeOwned + Send + 'static + sealed::Sealed {
    /// One row.
    type Row: Send + 'static;

    /// How many rows the page could hold.
    fn per_page(&self) -> i64;

    /// The rows.
    fn into_rows(self) -> Vec<Self::Row>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Need {}
    impl Sealed for super::FilePage {}
    impl Sealed for super::FolderErrors {}
}

/// A file that a folder needs, and how far it is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Needed {
    /// How far it is.
    pub stage: Stage,
    /// The file as it should be.
    pub file: FileInfo,
}

/// How far a needed file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Being pulled.
    Progress,
    /// Among the next.
    Queued,
    /// Neither.
    Rest,
}

impl Rows for Need {
    type Row = Needed;

    fn per_page(&self) -> i64 {
        self.per_page
    }

    fn into_rows(self) -> Vec<Needed> {
        let stages = [
            (Stage::Progress, self.progress),
            (Stage::Queued, self.queued),
            (Stage::Rest, self.rest),
        ];
        stages
            .into_iter()
            .flat_map(|(stage, files)| files.into_iter().map(move |file| Needed { stage, file }))
            .collect()
    }
}

impl Rows for FilePage {
    type Row = FileInfo;

    fn per_page(&self) -> i64 {
        self.per_page
    }

    fn into_rows(self) -> Vec<FileInfo> {
        self.files
    }
}

impl Rows for FolderErrors {
    type Row = FileError;

    fn per_page(&self) -> i64 {
        self.per_page
    }

    fn into_rows(self) -> Vec<FileError> {
        self.errors
    }
}
