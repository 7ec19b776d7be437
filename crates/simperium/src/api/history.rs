//! The versions of an entity.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::stream::BoxFuture;
use sync_core::{Error, ErrorKind};

use super::bucket::Bucket;
use crate::model::{Key, Versioned};

/// The service keeps this many of the newest versions, unless told otherwise,
const NEWEST: u64 = 60;
/// and this many of those before them, of every tenth.
const TENTHS: usize = 100;
/// How many versions are asked for at a time.
const WINDOW: usize = 4;

type Read<T> = Result<Option<Versioned<T>>, Error>;

/// The versions of an entity that the service keeps, newest first.
///
/// Which those are is known only by asking: the last 60, and before those every
/// tenth (1, 11, 21, …), 100 of them. What is gone is left out. Nothing comes
/// of an entity that is not there (any more). After an error that [may
/// pass](Error::is_retryable) the stream goes on with the same version when it
/// is polled again. After any other it ends, but for an older version that is
/// no `T`, which is one error among the versions.
pub struct History<T = Value> {
    bucket: Bucket<T>,
    key: Result<Key, Option<Error>>,
    state: State<T>,
}

enum State<T> {
    Start,
    Newest(BoxFuture<'static, Read<T>>),
    Older {
        left: VecDeque<u64>,
        window: VecDeque<(u64, Slot<T>)>,
    },
}

enum Slot<T> {
    Waiting(BoxFuture<'static, Read<T>>),
    Ready(Read<T>),
}

impl<T: Serialize + DeserializeOwned + 'static> History<T> {
    pub(super) fn new(bucket: Bucket<T>, key: Result<Key, Error>) -> Self {
        Self {
            bucket,
            key: key.map_err(Some),
            state: State::Start,
        }
    }

    /// The next version.
    pub async fn next(&mut self) -> Option<Result<Versioned<T>, Error>> {
        poll_fn(|cx| self.poll_version(cx)).await
    }

    /// All versions that are left, newest first.
    ///
    /// # Errors
    ///
    /// The first error.
    pub async fn collect(mut self) -> Result<Vec<Versioned<T>>, Error> {
        let mut all = Vec::new();
        while let Some(version) = self.next().await {
            all.push(version?);
        }
        Ok(all)
    }

    fn poll_version(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Versioned<T>, Error>>> {
        let key = match &mut self.key {
            Ok(key) => key.clone(),
            Err(error) => return Poll::Ready(error.take().map(Err)),
        };
        loop {
            match &mut self.state {
                State::Start => {
                    let bucket = self.bucket.clone();
                    let key = key.clone();
                    self.state = State::Newest(Box::pin(async move { bucket.get(&key).await }));
                }
                State::Newest(read) => {
                    let read = std::task::ready!(read.as_mut().poll(cx));
                    self.state = State::Start;
                    let newest = match read {
                        Ok(newest) => newest,
                        Err(error) => {
                            if !error.is_retryable() {
                                self.state = State::Older {
                                    left: VecDeque::new(),
                                    window: VecDeque::new(),
                                };
                            }
                            return Poll::Ready(Some(Err(error)));
                        }
                    };
                    let version = newest.as_ref().and_then(|newest| newest.version);
                    self.state = State::Older {
                        left: version.map(older_than).unwrap_or_default(),
                        window: VecDeque::new(),
                    };
                    if let Some(newest) = newest {
                        return Poll::Ready(Some(Ok(newest)));
                    }
                }
                State::Older { left, window } => {
                    while window.len() < WINDOW {
                        let Some(version) = left.pop_front() else {
                            break;
                        };
                        let slot = Slot::Waiting(read(&self.bucket, &key, version));
                        window.push_back((version, slot));
                    }
                    for (_, slot) in &mut *window {
                        slot.poll(cx);
                    }
                    match window.pop_front() {
                        None => return Poll::Ready(None),
                        Some((version, slot @ Slot::Waiting(_))) => {
                            window.push_front((version, slot));
                            return Poll::Pending;
                        }
                        Some((_, Slot::Ready(Ok(None)))) => {}
                        Some((version, Slot::Ready(Ok(Some(mut read))))) => {
                            read.version = read.version.or(Some(version));
                            return Poll::Ready(Some(Ok(read)));
                        }
                        Some((version, Slot::Ready(Err(error)))) => {
                            if error.is_retryable() {
                                let again = Slot::Waiting(read(&self.bucket, &key, version));
                                window.push_front((version, again));
                            } else if error.kind() != ErrorKind::Decode {
                                left.clear();
                                window.clear();
                            }
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
            }
        }
    }
}

fn read<T>(bucket: &Bucket<T>, key: &Key, version: u64) -> BoxFuture<'static, Read<T>>
where
    T: Serialize + DeserializeOwned + 'static,
{
    let (bucket, key) = (bucket.clone(), key.clone());
    Box::pin(async move { bucket.get_version(&key, version).await })
}

impl<T> Slot<T> {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Self::Waiting(read) = self {
            if let Poll::Ready(read) = read.as_mut().poll(cx) {
                *self = Self::Ready(read);
            }
        }
    }
}

/// The versions before this one that can exist.
fn older_than(newest: u64) -> VecDeque<u64> {
    let oldest = newest.saturating_sub(NEWEST - 1).max(1);
    let tenths = (1..oldest).rev().filter(|version| version % 10 == 1);
    (oldest..newest).rev().chain(tenths.take(TENTHS)).collect()
}

impl<T: Serialize + DeserializeOwned + Unpin + 'static> Stream for History<T> {
    type Item = Result<Versioned<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_version(cx)
    }
}

impl<T> fmt::Debug for History<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("bucket", self.bucket.name())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_can_exist_are_asked_for() {
        assert!(older_than(0).is_empty() && older_than(1).is_empty());
        assert_eq!(older_than(3), [2, 1]);
        let older = older_than(100);
        assert_eq!(older.len(), 59 + 4);
        assert_eq!(
            older.iter().rev().take(4).copied().collect::<Vec<_>>(),
            [1, 11, 21, 31]
        );
        assert_eq!(older_than(5000).len(), 59 + 100);
    }
}
