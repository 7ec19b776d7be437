//! All items of a result.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures_core::Stream;
use sync_core::Error;

use super::SyncPages;
use crate::model::{Checkpoint, Item, Position};

/// All items of a result, in the order of the service: a [`Stream`].
///
/// What cannot be read comes as [`Item::Unreadable`], not as an error.
pub struct SyncItems {
    pages: SyncPages,
    ready: vec::IntoIter<Item>,
    /// Before the page that `ready` is of, or after it when there are none left.
    position: Position,
}

impl SyncItems {
    pub(super) fn new(pages: SyncPages) -> Self {
        Self {
            position: pages.position().clone(),
            pages,
            ready: Vec::new().into_iter(),
        }
    }

    /// The next item; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Item, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// Where to go on after a restart. It moves only when all items of a page
    /// were handed out: some may come twice, none is left out.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut checkpoint = self.pages.checkpoint();
        checkpoint.position = self.position.clone();
        checkpoint
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Item, Error>>> {
        loop {
            if let Some(item) = self.ready.next() {
                if self.ready.len() == 0 {
                    self.position = self.pages.position().clone();
                }
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    self.ready = page.items.into_iter();
                    if self.ready.len() == 0 {
                        self.position = self.pages.position().clone();
                    }
                }
            }
        }
    }
}

impl Stream for SyncItems {
    type Item = Result<Item, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}

impl fmt::Debug for SyncItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncItems")
            .field("pages", &self.pages)
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
