//! Lists that come in pages.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::BoxFuture;
use crate::Error;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<C>,
}

type Fetch<T, C> = Box<dyn FnMut(C) -> BoxFuture<'static, Result<Page<T, C>, Error>> + Send>;

/// The items of a list that comes in pages, fetched as they are asked for.
///
/// After an error the stream stands where it stood: polling it again asks for
/// the same page once more. A service whose pages run in a circle is found out
/// and reported, whatever the length of the circle.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sync_core::Error> {
/// use sync_core::stream::{Page, Pages};
///
/// let mut list = Pages::new(1u32, |page| async move {
///     Ok(Page { items: vec![page * 10, page * 10 + 1], next: (page < 2).then_some(page + 1) })
/// });
/// assert_eq!(list.next().await.transpose()?, Some(10));
/// // The first page is not used up yet: going on from here begins with it.
/// assert_eq!(list.position(), Some(&1));
/// assert_eq!(list.next().await.transpose()?, Some(11));
/// assert_eq!(list.position(), Some(&2));
/// # Ok(())
/// # }
/// ```
pub struct Pages<T, C> {
    fetch: Fetch<T, C>,
    pending: Option<BoxFuture<'static, Result<Page<T, C>, Error>>>,
    items: VecDeque<T>,
    /// The page that `items` are of, or that is fetched next.
    current: Option<C>,
    next: Option<C>,
    circle: Circle<C>,
}

impl<T, C> Pages<T, C>
where
    C: Clone + PartialEq,
{
    /// The list that begins with the page at `start`.
    pub fn new<F, R>(start: C, mut fetch: F) -> Self
    where
        F: FnMut(C) -> R + Send + 'static,
        R: Future<Output = Result<Page<T, C>, Error>> + Send + 'static,
    {
        Self {
            fetch: Box::new(move |position| Box::pin(fetch(position))),
            pending: None,
            items: VecDeque::new(),
            circle: Circle::new(start.clone()),
            current: Some(start),
            next: None,
        }
    }

    /// From where to go on: the page of the first item that was not handed out
    /// yet. `None` when all were.
    pub fn position(&self) -> Option<&C> {
        self.current.as_ref()
    }

    /// The next item.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// What is left of the current page, or else the next page.
    pub async fn next_page(&mut self) -> Option<Result<Vec<T>, Error>> {
        if self.items.is_empty() {
            match poll_fn(|cx| self.poll_page(cx)).await? {
                Ok(()) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        let items = std::mem::take(&mut self.items).into();
        self.current = self.next.take();
        Some(Ok(items))
    }

    /// All items that are left, in memory.
    ///
    /// # Errors
    ///
    /// The first error; the items before it are gone.
    pub async fn collect(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(items) = self.next_page().await {
            all.append(&mut items?);
        }
        Ok(all)
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                if self.items.is_empty() {
                    self.current = self.next.take();
                }
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.poll_page(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                // An empty page is not the end of the list.
                Some(Ok(())) if self.items.is_empty() => self.current = self.next.take(),
                Some(Ok(())) => {}
            }
        }
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        let Some(position) = &self.current else {
            return Poll::Ready(None);
        };
        let pending = self
            .pending
            .get_or_insert_with(|| (self.fetch)(position.clone()));
        let result = ready!(pending.as_mut().poll(cx));
        self.pending = None;
        Poll::Ready(Some(result.and_then(|page| {
            if page
                .next
                .as_ref()
                .is_some_and(|next| self.circle.closes(next))
            {
                return Err(Error::decode(
                    "the service's pages run in a circle: a page was announced twice",
                ));
            }
            self.items = page.items.into();
            self.next = page.next;
            Ok(())
        })))
    }
}

/// Finds a repeated position in constant memory (Brent's algorithm).
struct Circle<C> {
    landmark: C,
    steps: u64,
    limit: u64,
}

impl<C: Clone + PartialEq> Circle<C> {
    fn new(start: C) -> Self {
        Self {
            landmark: start,
            steps: 0,
            limit: 1,
        }
    }

    fn closes(&mut self, next: &C) -> bool {
        if *next == self.landmark {
            return true;
        }
        self.steps += 1;
        if self.steps == self.limit {
            self.landmark = next.clone();
            self.steps = 0;
            self.limit *= 2;
        }
        false
    }
}

impl<T: Unpin, C: Clone + PartialEq + Unpin> Stream for Pages<T, C> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}

impl<T, C: fmt::Debug> fmt::Debug for Pages<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("position", &self.current)
            .field("ready", &self.items.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_page_in_the_middle_is_not_the_end() {
        let list = Pages::new(0u32, |page| async move {
            Ok(Page {
                items: if page == 1 { vec![] } else { vec![page] },
                next: (page < 3).then_some(page + 1),
            })
        });
        assert_eq!(list.collect().await.unwrap(), [0, 2, 3]);
    }

    #[tokio::test]
    async fn after_an_error_the_same_page_is_asked_for_again() {
        let mut failed = false;
        let mut list = Pages::new(0u32, move |page| {
            let fail = page == 1 && !std::mem::replace(&mut failed, true);
            async move {
                if fail {
                    return Err(Error::config("once"));
                }
                Ok(Page {
                    items: vec![page],
                    next: (page < 2).then_some(page + 1),
                })
            }
        });
        assert_eq!(list.next().await.unwrap().unwrap(), 0);
        assert!(list.next().await.unwrap().is_err());
        assert_eq!(list.position(), Some(&1));
        assert_eq!(list.next().await.unwrap().unwrap(), 1);
        assert_eq!(list.next().await.unwrap().unwrap(), 2);
        assert!(list.next().await.is_none());
        assert_eq!(list.position(), None);
    }

    #[tokio::test]
    async fn pages_in_a_circle_end_in_an_error_whatever_its_length() {
        for (lead, length) in [(0, 1), (0, 2), (3, 5), (10, 1), (1, 40)] {
            let mut list = Pages::new(0u32, move |page| async move {
                let next = if page + 1 < lead + length {
                    page + 1
                } else {
                    lead
                };
                Ok(Page {
                    items: vec![page],
                    next: Some(next),
                })
            });
            let mut seen = 0;
            let error = loop {
                match list.next().await.unwrap() {
                    Ok(_) => seen += 1,
                    Err(error) => break error,
                }
                assert!(seen < 500, "lead {lead}, length {length}");
            };
            assert!(error.to_string().contains("circle"), "{error}");
        }
    }
}
