//! The whole index of a bucket, as a stream.

use std::collections::{HashMap, hash_map};
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::stream::{Page, Pages};
use sync_core::transport::TransportErrorKind;
use sync_core::{Error, ErrorKind};

use super::index::{Index, LARGEST_PAGE, entry};
use super::poll::may_pass;
use crate::model::{Cv, Entry};
use crate::wire::index::{RawEntry, RawPage};

/// The entries of a bucket, fetched page by page as they are asked for.
///
/// An entry that is on two pages, because others were changed while paging,
/// comes once; if it comes again with a newer version, that is the one to
/// keep. After an error that [may pass](Error::is_retryable), or an answer that
/// was cut or is not the service's, the stream goes on with the same page when
/// it is polled again. After any other it ends, but for
/// an object that is no `T`, which is one error among the entries.
///
/// Then follow the changes after [`first_current`](Self::first_current).
///
/// One page is in memory at a time, as text, and 24 bytes for each entry seen.
/// A page that is larger than the limit of the
/// [options](sync_core::CallOptions::max_body) is asked for again in halves.
pub struct Entries<T = Value> {
    pages: Pages<RawEntry, Option<String>>,
    shared: Arc<Mutex<Shared>>,
    seen: Seen,
    ended: bool,
    decode: fn(RawEntry) -> Result<Entry<T>, Error>,
}

/// What the pages leave behind.
#[derive(Default)]
struct Shared {
    /// What the first page says, once it was read; no other page counts.
    current: Option<Option<Cv>>,
    limit: u16,
}

impl<T: Serialize + DeserializeOwned> Entries<T> {
    pub(super) fn new(index: Index<T>) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            current: None,
            limit: index.page_size().unwrap_or(LARGEST_PAGE),
        }));
        let start = index.start();
        let state = Arc::clone(&shared);
        let index = index.as_text();
        let pages = Pages::new(start, move |mark| {
            let (index, state) = (index.clone(), Arc::clone(&state));
            async move { fetch(index, mark, &state).await }
        });
        Self {
            pages,
            shared,
            seen: Seen::default(),
            ended: false,
            decode: entry,
        }
    }
}

impl<T> Entries<T> {
    /// The newest change of the bucket when the first page was read, once it
    /// was.
    pub fn first_current(&self) -> Option<Cv> {
        lock(&self.shared).current.clone().flatten()
    }

    /// The mark of the page that the next entry is of: a new stream from there
    /// misses nothing. `None` at the beginning, and at the end.
    pub fn position(&self) -> Option<&str> {
        self.pages.position()?.as_deref()
    }

    /// How many different entities there were so far.
    pub fn seen(&self) -> usize {
        self.seen.versions.len()
    }

    /// The next entry.
    pub async fn next(&mut self) -> Option<Result<Entry<T>, Error>> {
        std::future::poll_fn(|cx| self.poll_entry(cx)).await
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Entry<T>, Error>>> {
        while !self.ended {
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                None => self.ended = true,
                Some(Err(error)) => {
                    self.ended = !may_pass(&error);
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Ok(raw)) if self.seen.is_news(&raw) => {
                    return Poll::Ready(Some((self.decode)(raw)));
                }
                Some(Ok(_)) => {}
            }
        }
        Poll::Ready(None)
    }
}

async fn fetch(
    index: Index<()>,
    mark: Option<String>,
    shared: &Mutex<Shared>,
) -> Result<Page<RawEntry, Option<String>>, Error> {
    loop {
        let limit = lock(shared).limit;
        let mut asked = index.clone().limit(limit);
        if let Some(mark) = &mark {
            asked = asked.mark(mark.as_str());
        }
        match asked.raw().await {
            Ok(RawPage {
                current,
                index,
                mark: next,
            }) => {
                let mut shared = lock(shared);
                shared.current.get_or_insert(current);
                return Ok(Page {
                    items: index,
                    next: next.map(Some),
                });
            }
            Err(error) if is_too_large(&error) && limit > 1 => lock(shared).limit = limit / 2,
            Err(error) => return Err(error),
        }
    }
}

fn is_too_large(error: &Error) -> bool {
    error.last().kind() == ErrorKind::Transport(TransportErrorKind::TooLarge)
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The versions that were handed out, by 128 random bits of their keys: keys
/// as text would be most of what a large index needs.
#[derive(Default)]
struct Seen {
    hashers: [RandomState; 2],
    versions: HashMap<(u64, u64), u64, Half>,
}

/// Takes the second half of the bits for a hash, which they are.
#[derive(Clone, Copy, Default)]
struct Half(u64);

impl BuildHasher for Half {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Half {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Seen {
    fn is_news(&mut self, entry: &RawEntry) -> bool {
        let [one, two] = &self.hashers;
        let key = (one.hash_one(&entry.key), two.hash_one(&entry.key));
        match self.versions.entry(key) {
            hash_map::Entry::Vacant(place) => {
                place.insert(entry.version);
                true
            }
            hash_map::Entry::Occupied(mut place) => {
                let newest = (*place.get()).max(entry.version);
                newest > place.insert(newest)
            }
        }
    }
}

impl<T: Unpin> Stream for Entries<T> {
    type Item = Result<Entry<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_entry(cx)
    }
}

impl<T> fmt::Debug for Entries<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("pages", &self.pages)
            .field("seen", &self.seen())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Key;

    #[test]
    fn an_entity_is_news_once_for_each_newer_version() {
        let mut seen = Seen::default();
        let mut is_news = |id: &str, version| {
            seen.is_news(&RawEntry {
                key: Key::received(id),
                version,
                data: None,
            })
        };
        assert!(is_news("a", 2) && is_news("b", 2));
        assert!(!is_news("a", 2) && !is_news("a", 1));
        assert!(is_news("a", 3) && !is_news("a", 3));
    }
}
