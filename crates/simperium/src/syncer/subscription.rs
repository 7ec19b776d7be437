//! Events on their way to subscribers, who may be slow.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::Event;

/// The events of a bucket, from when it was made: a
/// [`Stream`](futures_core::Stream) that ends with the syncer.
///
/// It holds so many events at most ([`SyncerBuilder::events`]). When more
/// happen before they are taken, the oldest go, and an [`Event::Lagged`] is in
/// their place.
///
/// [`SyncerBuilder::events`]: super::SyncerBuilder::events
pub struct Events(Arc<Mutex<Queue>>);

struct Queue {
    events: VecDeque<Event>,
    capacity: usize,
    missed: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// Who has subscribed to a bucket.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Mutex<Vec<Weak<Mutex<Queue>>>>);

impl Events {
    fn with_capacity(capacity: usize, ended: bool) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            events: VecDeque::new(),
            capacity: capacity.max(1),
            missed: 0,
            ended,
            waker: None,
        })))
    }

    /// None at all.
    pub(super) fn ended() -> Self {
        Self::with_capacity(1, true)
    }

    /// The next event.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// An event that is here already.
    pub fn try_next(&mut self) -> Option<Event> {
        lock(&self.0).take()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut queue = lock(&self.0);
        if let Some(event) = queue.take() {
            return Poll::Ready(Some(event));
        }
        if queue.ended {
            return Poll::Ready(None);
        }
        queue.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll_event(cx)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = lock(&self.0);
        f.debug_struct("Events")
            .field("waiting", &queue.events.len())
            .field("missed", &queue.missed)
            .finish_non_exhaustive()
    }
}

impl Queue {
    fn take(&mut self) -> Option<Event> {
        match std::mem::take(&mut self.missed) {
            0 => self.events.pop_front(),
            missed => Some(Event::Lagged(missed)),
        }
    }

    fn push(&mut self, event: Event) {
        if self.events.len() == self.capacity {
            self.events.pop_front();
            self.missed += 1;
        }
        self.events.push_back(event);
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Subscribers {
    /// One more, who holds so many events at most.
    pub(super) fn add(&self, capacity: usize) -> Events {
        let events = Events::with_capacity(capacity, false);
        lock(&self.0).push(Arc::downgrade(&events.0));
        events
    }

    /// Tells all of them, and forgets those who have gone. The event is made
    /// only if there is anyone.
    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        let mut subscribers = lock(&self.0);
        subscribers.retain(|queue| queue.strong_count() > 0);
        if subscribers.is_empty() {
            return;
        }
        let event = event();
        for queue in subscribers.iter().filter_map(Weak::upgrade) {
            lock(&queue).push(event.clone());
        }
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        for queue in lock(&self.0).drain(..) {
            if let Some(queue) = queue.upgrade() {
                let mut queue = lock(&queue);
                queue.ended = true;
                queue.wake();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn indexing(done: u64) -> Event {
        Event::Indexing { done, total: None }
    }

    /// The event in words, as objects in it have no equality.
    fn shown(event: Option<Event>) -> String {
        format!("{event:?}")
    }

    #[tokio::test]
    async fn a_subscriber_who_is_slow_learns_how_much_it_missed() {
        let subscribers = Subscribers::default();
        let mut events = subscribers.add(3);
        for done in 0..10 {
            subscribers.tell(|| indexing(done));
        }
        assert_eq!(shown(events.next().await), shown(Some(Event::Lagged(7))));
        for done in 7..10 {
            assert_eq!(shown(events.next().await), shown(Some(indexing(done))));
        }
        subscribers.tell(|| Event::Ready);
        assert!(matches!(events.try_next(), Some(Event::Ready)));
        assert!(events.try_next().is_none());
    }

    #[tokio::test]
    async fn what_was_told_comes_before_the_end() {
        let subscribers = Subscribers::default();
        let (mut one, two) = (subscribers.add(3), subscribers.add(3));
        drop(two);
        subscribers.tell(|| Event::Connection(Status::Paused));
        subscribers.end();
        assert!(matches!(one.next().await, Some(Event::Connection(_))));
        assert!(one.next().await.is_none());
    }

    #[tokio::test]
    async fn one_who_waits_is_woken() {
        let subscribers = Arc::new(Subscribers::default());
        let mut events = subscribers.add(1);
        let waiting = tokio::spawn(async move { events.next().await });
        tokio::task::yield_now().await;
        subscribers.tell(|| Event::Ready);
        assert!(matches!(waiting.await.unwrap(), Some(Event::Ready)));
    }
}
