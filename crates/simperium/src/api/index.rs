//! The index of a bucket, page by page.

use std::collections::{HashMap, hash_map};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::{Error, json};

use super::bucket::Bucket;
use super::entries::Entries;
use crate::client::operations;
use crate::model::{Cv, Entry, Key};
use crate::wire::answer;
use crate::wire::index::{self, RawEntry, RawPage};

/// The most entries that the service gives in a page.
pub(super) const LARGEST_PAGE: u16 = 1000;

/// A question for what is in a bucket. Await it for one page, or take the
/// [`stream`](Self::stream) of all.
#[must_use = "nothing happens until it is awaited"]
pub struct Index<T = Value> {
    bucket: Bucket<T>,
    data: bool,
    mark: Option<String>,
    limit: Option<u16>,
    since: Option<Cv>,
}

/// A page of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexPage<T = Value> {
    /// The bucket's newest change. Follow the changes after that of the
    /// *first* page: what changed while paging can be on pages that were read
    /// before.
    pub current: Option<Cv>,
    /// Where the next page begins; `None` on the last.
    pub mark: Option<String>,
    /// The entries, newest change first.
    pub entries: Vec<Entry<T>>,
}

impl<T> Index<T> {
    pub(super) fn new(bucket: &Bucket<T>) -> Self {
        Self {
            bucket: bucket.clone(),
            data: false,
            mark: None,
            limit: None,
            since: None,
        }
    }

    /// Whether objects are wanted, too. Default: no.
    pub fn data(mut self, data: bool) -> Self {
        self.data = data;
        self
    }

    /// Where to begin: the [`mark`](IndexPage::mark) of another page.
    pub fn mark(mut self, mark: impl Into<String>) -> Self {
        self.mark = Some(mark.into());
        self
    }

    /// How many entries a page has at the most, from 1 to 1000. Default: 100
    /// for a page, 1000 for a stream.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = Some(limit.clamp(1, LARGEST_PAGE));
        self
    }

    /// Only what was modified after this change. When the service does not know
    /// it (any more), that is [`UnknownCv`](crate::SimperiumError::UnknownCv):
    /// ask without it.
    pub fn since(mut self, cv: impl Into<Cv>) -> Self {
        self.since = Some(cv.into());
        self
    }

    pub(super) fn page_size(&self) -> Option<u16> {
        self.limit
    }

    /// The same question, whatever the objects are.
    pub(super) fn as_text(&self) -> Index<()> {
        Index {
            bucket: Bucket::of(self.bucket.api().clone(), self.bucket.name().clone()),
            data: self.data,
            mark: self.mark.clone(),
            limit: self.limit,
            since: self.since.clone(),
        }
    }

    pub(super) fn start(&self) -> Option<String> {
        self.mark.clone()
    }

    pub(super) async fn raw(&self) -> Result<RawPage, Error> {
        let operation = match self.since {
            Some(_) => &operations::INDEX_SINCE,
            None => &operations::INDEX,
        };
        self.bucket
            .call(operation)
            .query_opt("mark", self.mark.as_deref())
            .query_opt("limit", self.limit.map(|limit| limit.to_string()))
            .query_opt("data", self.data.then_some("1"))
            .query_opt("since", self.since.as_ref())
            .decode_with(|head, body| index::page(head, &body))
            .await
    }
}

impl<T: Serialize + DeserializeOwned> Index<T> {
    /// Asks for the page.
    ///
    /// # Errors
    ///
    /// [`UnknownCv`](crate::SimperiumError::UnknownCv) with a change to begin
    /// [after](Self::since), or as any call, or when an object is no `T`.
    pub async fn send(self) -> Result<IndexPage<T>, Error> {
        let page = self.raw().await?;
        Ok(IndexPage {
            current: page.current,
            mark: page.mark,
            entries: page
                .index
                .into_iter()
                .map(entry)
                .collect::<Result<_, _>>()?,
        })
    }

    /// All entries from here on, page after page, each once.
    pub fn stream(self) -> Entries<T> {
        Entries::new(self)
    }

    /// All entries from here on, as one page: each in the newest version that was
    /// read. Its [`current`](IndexPage::current) is that of the first page, after
    /// which the changes can be followed. All of it is in memory; a
    /// [`stream`](Self::stream) needs less.
    ///
    /// ```
    /// # #[cfg(feature = "emulator")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = simperium::emulator::Emulator::builder().start().await?;
    /// # let token = "lab-ann-0123456789abcdef0123456789abcdef";
    /// # let api = simperium::Api::builder("my-app", token).host(server.origin()).build()?;
    /// let index = api.bucket("todo")?.index().data(true).all_pages().await?;
    /// for entry in index.entries {
    ///     println!("{} has version {}: {:?}", entry.key, entry.version, entry.data);
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "emulator"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// The first error, as of a [page](Self::send).
    pub async fn all_pages(self) -> Result<IndexPage<T>, Error> {
        let mut stream = self.stream();
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut entries: Vec<Entry<T>> = Vec::new();
        while let Some(entry) = stream.next().await {
            let entry = entry?;
            match places.entry(entry.key.clone()) {
                hash_map::Entry::Vacant(place) => {
                    place.insert(entries.len());
                    entries.push(entry);
                }
                // What comes again is newer.
                hash_map::Entry::Occupied(place) => entries[*place.get()] = entry,
            }
        }
        Ok(IndexPage {
            current: stream.first_current(),
            mark: None,
            entries,
        })
    }
}

/// An entry with its object as a `T`.
pub(super) fn entry<T: DeserializeOwned>(raw: RawEntry) -> Result<Entry<T>, Error> {
    let decode = |text: bytes::Bytes| {
        json::decode(&text).or_else(|error| {
            let whole = json::whole_characters(&text);
            whole
                .and_then(|whole| json::decode(whole.as_bytes()).ok())
                .ok_or(error)
        })
    };
    let wrong = || {
        Error::decode("an object in the index is not what was agreed")
            .with_detail(crate::SimperiumError::Protocol)
            .with_operation(&operations::INDEX)
    };
    if raw
        .data
        .as_ref()
        .is_some_and(|data| !answer::is_object(data))
    {
        return Err(wrong());
    }
    let data = raw.data.map(decode).transpose();
    let data = data.map_err(|error| {
        wrong()
            .with_snippet(error.snippet().to_owned())
            .with_source(error)
    })?;
    Ok(Entry {
        key: raw.key,
        version: raw.version,
        data,
    })
}

impl<T: Serialize + DeserializeOwned + Send + 'static> IntoFuture for Index<T> {
    type Output = Result<IndexPage<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> Clone for Index<T> {
    fn clone(&self) -> Self {
        Self {
            bucket: self.bucket.clone(),
            data: self.data,
            mark: self.mark.clone(),
            limit: self.limit,
            since: self.since.clone(),
        }
    }
}

impl<T> fmt::Debug for Index<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("bucket", self.bucket.name())
            .field("data", &self.data)
            .field("limit", &self.limit)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}
