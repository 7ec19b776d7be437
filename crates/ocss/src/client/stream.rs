//! Listings as they arrive.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use http::Uri;
use sync_core::stream::BoxFuture;
use sync_core::{Body, Error};

use super::exchange::{came_from, cut, options, unreadable};
use super::walk::Walked;
use super::{CollectionNode, Node};
use crate::atom::{FeedReader, XmlError};
use crate::error::protocol;

/// The members of a collection, read from the answer as they are asked for: in
/// memory are one member, one piece of the answer, and the ids of all members
/// that came before.
///
/// A page may be of any length, a member not: that of the largest answer
/// ([`max_body`](sync_core::CallOptions::max_body), 64 MiB) is its limit.
///
/// It borrows nothing and begins with the first question. A page that breaks
/// off is asked for again, and goes on where it was. After an error the stream
/// has ended. One that is dropped before its end gives up its connection.
#[must_use = "streams do nothing unless they are asked"]
pub struct ResourceStream<T> {
    state: State,
    item: fn(Arc<Node>) -> T,
}

enum State {
    /// There may be a member in what has come.
    Here(Box<Reading>),
    /// More is on its way.
    Coming(BoxFuture<'static, (Box<Reading>, Result<bool, Error>)>),
    Ended,
}

pub(crate) fn list_stream<T>(
    collection: &Arc<CollectionNode>,
    item: fn(Arc<Node>) -> T,
) -> ResourceStream<T> {
    ResourceStream {
        state: State::Here(Box::new(Reading {
            collection: Arc::clone(collection),
            walked: Walked::default(),
            visited: HashSet::new(),
            ahead: Ahead::Nothing,
            prefetch: false,
            page: None,
        })),
        item,
    }
}

impl<T> ResourceStream<T> {
    /// Asks for so many pages before they are needed: none by default, and one
    /// at the most, as each page tells where the next one is. That takes a
    /// second connection over HTTP/1.1. To be said before the first question.
    pub fn prefetch(mut self, pages: usize) -> Self {
        if let State::Here(reading) = &mut self.state {
            reading.prefetch = pages > 0;
        }
        self
    }

    /// The next member; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// The next member; `Ok(None)` at the end.
    ///
    /// # Errors
    ///
    /// When a page cannot be had. The stream has then ended.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        self.next().await.transpose()
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            let (reading, progress) = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Here(mut reading) => {
                    let found = reading.take();
                    // So that it is sent, and not only thought of.
                    reading.ahead.poll(cx);
                    match found {
                        Ok(Some(node)) => {
                            self.state = State::Here(reading);
                            return Poll::Ready(Some(Ok((self.item)(node))));
                        }
                        Ok(None) => {
                            self.state = State::Coming(Box::pin(async move {
                                let progress = reading.advance().await;
                                (reading, progress)
                            }));
                            continue;
                        }
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
                State::Coming(mut coming) => match coming.as_mut().poll(cx) {
                    Poll::Ready(done) => done,
                    Poll::Pending => {
                        self.state = State::Coming(coming);
                        return Poll::Pending;
                    }
                },
            };
            match progress {
                Ok(true) => self.state = State::Here(reading),
                Ok(false) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl<T> Stream for ResourceStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}

impl<T> fmt::Debug for ResourceStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceStream")
            .field("ended", &matches!(self.state, State::Ended))
            .finish_non_exhaustive()
    }
}

/// A page whose answer has begun.
struct Page {
    /// What was asked for, to ask for it again.
    asked: Uri,
    /// What its links are relative to.
    url: Uri,
    body: Body,
    reader: FeedReader,
    /// The body has ended.
    whole: bool,
    /// How many of its items were taken.
    taken: usize,
    /// How many of them are to be passed over, as they were taken before.
    known: usize,
    /// How many bytes have come since there was an item, more or less. All of
    /// them may have to be held.
    apart: u64,
    tries: u32,
}

/// The page after the one that is read.
enum Ahead {
    Nothing,
    Coming(BoxFuture<'static, Result<Box<Page>, Error>>),
    Here(Result<Box<Page>, Error>),
}

impl Ahead {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Self::Coming(page) = self {
            if let Poll::Ready(page) = page.as_mut().poll(cx) {
                *self = Self::Here(page);
            }
        }
    }
}

/// A walk through the pages, and how far it has come.
struct Reading {
    collection: Arc<CollectionNode>,
    walked: Walked,
    /// The addresses of all pages so far.
    visited: HashSet<Uri>,
    ahead: Ahead,
    prefetch: bool,
    page: Option<Box<Page>>,
}

impl Reading {
    /// The next member in what has come of the page.
    fn take(&mut self) -> Result<Option<Arc<Node>>, Error> {
        let Some(page) = &mut self.page else {
            return Ok(None);
        };
        loop {
            let item = page.reader.next_item().map_err(unreadable);
            let item = item.map_err(|error| self.collection.explain(error, &page.asked))?;
            let Some(item) = item else { break };
            page.taken += 1;
            page.apart = 0;
            if page.taken <= page.known {
                continue;
            }
            let node = self.collection.admit(&mut self.walked, item, &page.url);
            let node = node.map_err(|error| self.collection.explain(error, &page.asked))?;
            if let Some(node) = node {
                self.look_ahead();
                return Ok(Some(node));
            }
        }
        self.look_ahead();
        Ok(None)
    }

    /// Asks for the next page, once it is known where it is.
    fn look_ahead(&mut self) {
        if !self.prefetch || !matches!(self.ahead, Ahead::Nothing) {
            return;
        }
        // What is wrong with the link is told when its turn comes.
        if let Ok(Some(url)) = self.next_page() {
            let (collection, pages) = (Arc::clone(&self.collection), self.walked.pages);
            self.ahead = Ahead::Coming(Box::pin(
                async move { open(&collection, url, pages, 1).await },
            ));
        }
    }

    /// Where the next page is, as far as this one has said so.
    fn next_page(&self) -> Result<Option<Uri>, Error> {
        let Some(page) = &self.page else {
            return Ok(None);
        };
        let Some(href) = page.reader.head().next_page() else {
            return Ok(None);
        };
        let url = self.collection.api.own_link(&page.url, href)?;
        if self.visited.contains(&url) {
            return Err(protocol(
                "the service's pages run in a circle: a page was announced twice",
            ));
        }
        Ok(Some(url))
    }

    /// Gets more of the page, or the next one. `false` at the end of all.
    async fn advance(&mut self) -> Result<bool, Error> {
        let Some(page) = &mut self.page else {
            let url = self.collection.feed_url().await?;
            let page = open(&self.collection, url, self.walked.pages, 1).await?;
            self.begin(page);
            return Ok(true);
        };
        if !page.whole {
            return self.read_on().await.map(|()| true);
        }
        let asked = page.asked.clone();
        let next = self.next_page();
        let Some(url) = next.map_err(|error| self.collection.explain(error, &asked))? else {
            return Ok(false);
        };
        let page = match std::mem::replace(&mut self.ahead, Ahead::Nothing) {
            Ahead::Here(page) => page,
            Ahead::Coming(page) => page.await,
            Ahead::Nothing => open(&self.collection, url, self.walked.pages, 1).await,
        };
        self.begin(page?);
        Ok(true)
    }

    fn begin(&mut self, page: Box<Page>) {
        self.walked.pages += 1;
        self.visited.extend([page.asked.clone(), page.url.clone()]);
        self.page = Some(page);
    }

    /// Takes the next piece of the page's body.
    async fn read_on(&mut self) -> Result<(), Error> {
        let Some(page) = &mut self.page else {
            return Ok(());
        };
        let ahead = &mut self.ahead;
        let chunk = poll_fn(|cx| {
            ahead.poll(cx);
            Poll::Ready(ready!(page.body.poll_chunk(cx)))
        });
        let pushed = match chunk.await {
            Some(Ok(chunk)) => {
                page.apart += chunk.len() as u64;
                let limit = self.collection.api.pipeline().options().body_limit();
                match page.apart > limit {
                    true => Err(XmlError::TooLarge { limit }),
                    false => page.reader.push(&chunk),
                }
            }
            None => {
                page.whole = true;
                page.reader.finish()
            }
            Some(Err(error)) => {
                let error = self.collection.explain(cut(error), &page.asked);
                let tries = self.collection.api.settings().page_attempts;
                if page.tries >= tries || !error.is_retryable() {
                    return Err(error);
                }
                let (asked, tries) = (page.asked.clone(), page.tries + 1);
                let taken = page.taken.max(page.known);
                let pages = self.walked.pages - 1;
                let mut again = open(&self.collection, asked, pages, tries).await?;
                again.known = taken;
                *page = again;
                return Ok(());
            }
        };
        pushed.map_err(|error| self.collection.explain(unreadable(error), &page.asked))
    }
}

/// Asks for a page, where `pages` came before it.
async fn open(
    collection: &CollectionNode,
    asked: Uri,
    pages: u64,
    tries: u32,
) -> Result<Box<Page>, Error> {
    let request = collection.page_request(asked.clone(), pages)?;
    let (head, body) = collection.api.open(request).await?.into_parts();
    let url = came_from(&head).unwrap_or_else(|| asked.clone());
    Ok(Box::new(Page {
        reader: options(&url, &head.headers, collection.api.limits()).reader(),
        asked,
        url,
        body,
        whole: false,
        taken: 0,
        known: 0,
        apart: 0,
        tries,
    }))
}
