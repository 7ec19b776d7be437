//! All pages of a result.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use sync_core::{Error, ErrorKind};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use super::guard::ChainGuard;
use super::{Page, Position, SyncCall};
use crate::error::ContentstackErrorExt as _;
use crate::model::Checkpoint;

/// How often in a row a sync is begun anew before it brings a page that is
/// not the first.
const MAX_RESTARTS: u32 = 3;

/// All pages of a result, in order: a [`Stream`] that ends with the page that
/// has a sync token.
///
/// While the caller is busy with a page, the next one is fetched, and no more
/// than that one. After an error the stream stands where it stood: polling it
/// again asks for the same page once more.
pub struct SyncPages {
    sync: Arc<SyncCall>,
    /// After the last page that was handed out.
    position: Position,
    ahead: Option<Ahead>,
    guard: ChainGuard,
    restarts: u32,
    /// The next page is the first of a sync begun anew.
    resync: bool,
    ended: bool,
}

impl SyncPages {
    pub(super) fn new(sync: SyncCall) -> Self {
        Self {
            position: sync.position.clone(),
            sync: Arc::new(sync),
            ahead: None,
            guard: ChainGuard::new(),
            restarts: 0,
            resync: false,
            ended: false,
        }
    }

    /// The next page; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Page, Error>> {
        poll_fn(|cx| self.poll_page(cx)).await
    }

    /// Where to go on after a restart: after the last page that was handed
    /// out. Store it once that page is dealt with.
    pub fn checkpoint(&self) -> Checkpoint {
        self.sync.checkpoint_at(self.position.clone())
    }

    /// The position of the [checkpoint](Self::checkpoint).
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// What has changed since this result, once it was handed out.
    pub(super) fn next_chain(&self) -> Self {
        Self {
            sync: Arc::clone(&self.sync),
            position: self.position.clone(),
            ahead: None,
            guard: ChainGuard::new(),
            restarts: self.restarts,
            resync: false,
            ended: false,
        }
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Page, Error>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            let ahead = match &mut self.ahead {
                Some(ahead) => ahead,
                None => match Ahead::new(&self.sync, self.position.clone()) {
                    Ok(ahead) => self.ahead.insert(ahead),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
            };
            let result = ready!(ahead.poll(cx));
            self.ahead = None;
            let error = match result.and_then(|page| self.guard.check(&page).map(|()| page)) {
                Ok(page) => return Poll::Ready(Some(Ok(self.hand_out(page)))),
                Err(error) => error,
            };
            if !(self.sync.resync && error.is_invalid_token() && self.restarts < MAX_RESTARTS) {
                return Poll::Ready(Some(Err(error)));
            }
            tracing::info!("the service does not know the token; starting over");
            self.restarts += 1;
            self.position = Position::Start;
            self.guard = ChainGuard::new();
            self.resync = true;
        }
    }

    fn hand_out(&mut self, mut page: Page) -> Page {
        if self.position != Position::Start {
            self.restarts = 0;
        }
        page.resync = std::mem::take(&mut self.resync);
        self.position = page.position();
        self.ended = page.is_last();
        if !self.ended {
            // Where that fails, the next poll says so.
            self.ahead = Ahead::new(&self.sync, self.position.clone()).ok();
        }
        page
    }
}

impl Stream for SyncPages {
    type Item = Result<Page, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_page(cx)
    }
}

impl fmt::Debug for SyncPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncPages")
            .field("position", &self.position)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// A page on its way. It is fetched whether it is waited for or not, and given
/// up when this is dropped.
struct Ahead(JoinHandle<Result<Page, Error>>);

impl Ahead {
    fn new(sync: &Arc<SyncCall>, position: Position) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::config("pages are fetched by tokio: poll them within its runtime")
                .with_source(error)
        })?;
        let sync = Arc::clone(sync);
        let fetch = async move { sync.fetch(&position).await };
        Ok(Self(runtime.spawn(fetch.in_current_span())))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Page, Error>> {
        Poll::Ready(match ready!(Pin::new(&mut self.0).poll(cx)) {
            Ok(result) => result,
            Err(error) => Err(Error::new(
                ErrorKind::Canceled,
                "the task that fetched the next page did not come to its end",
            )
            .with_source(error)),
        })
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}
