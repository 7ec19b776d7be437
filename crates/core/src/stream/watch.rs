//! News that do not end: polls that go on through errors.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::time::{Instant, Sleep};

use super::BoxFuture;
use crate::Error;
use crate::policy::Backoff;

/// What a poll found: items, each with the position after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<T, P> {
    /// In the order in which they are handed out.
    pub items: Vec<(T, P)>,
}

impl<T, P> Batch<T, P> {
    /// Nothing new.
    pub const fn empty() -> Self {
        Self { items: Vec::new() }
    }
}

type News<S> = Result<Batch<<S as Source>::Item, <S as Source>::Position>, Error>;

/// Where news come from.
///
/// A source may keep state between polls, for example that it must first find
/// out whether the service was restarted. Positions are what survives a
/// restart of this program, so they should be serialisable.
pub trait Source: Send + Sized + 'static {
    /// One piece of news.
    type Item: Send + 'static;
    /// A place in the order of news.
    type Position: Clone + Send + 'static;

    /// Waits for news after `position`, for as long as one poll lasts. An
    /// empty batch is the normal end of a quiet poll.
    fn poll(&mut self, position: Self::Position) -> BoxFuture<'_, News<Self>>;

    /// Whether the watch must end with this error, because waiting cannot help.
    /// By default: when the error is not [retryable](Error::is_retryable).
    fn is_final(&self, error: &Error) -> bool {
        !error.is_retryable()
    }
}

/// What a [`Watch`] hands out.
#[derive(Debug)]
#[non_exhaustive]
pub enum Signal<T> {
    /// News.
    Item(T),
    /// A poll failed. The watch goes on by itself after `pause`.
    Interrupted {
        /// Why.
        error: Error,
        /// How long it will wait.
        pause: Duration,
    },
}

/// How a [`Watch`] deals with errors.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    backoff: Backoff,
    give_up_after: Option<Duration>,
    quiet_interval: Duration,
}

impl Default for WatchOptions {
    /// Pauses from 100 ms up to 5 s, never giving up, and polls that find
    /// nothing at most every 100 ms.
    fn default() -> Self {
        Self {
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
            give_up_after: None,
            quiet_interval: Duration::from_millis(100),
        }
    }
}

impl WatchOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The pauses after errors in a row. They begin anew after a poll that worked.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How long polls may fail in a row before the watch ends with the last error.
    #[must_use]
    pub fn give_up_after(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.give_up_after = limit.into();
        self
    }

    /// How far apart polls that find nothing begin at the least: a server that
    /// does not hold its answers back is not to be hammered.
    #[must_use]
    pub fn quiet_interval(mut self, interval: Duration) -> Self {
        self.quiet_interval = interval;
        self
    }
}

/// News as a stream that survives errors and can be taken up again.
///
/// Errors that may pass are handed out as [`Signal::Interrupted`], and the
/// watch goes on from where it was. An `Err` is final: after it the stream
/// ends. [`position`](Self::position) is the place after the last item that
/// was handed out.
pub struct Watch<S: Source> {
    state: State<S>,
    ready: VecDeque<(S::Item, S::Position)>,
    position: S::Position,
    options: WatchOptions,
    failures: u32,
    failing_since: Option<Instant>,
    polled_at: Instant,
}

type Polled<S> = (S, News<S>);

enum State<S: Source> {
    Idle(S),
    Polling(BoxFuture<'static, Polled<S>>),
    Pausing(S, Pin<Box<Sleep>>),
    Ended,
}

impl<S: Source> Watch<S> {
    /// Watches `source` from `position` on.
    pub fn new(source: S, position: S::Position, options: WatchOptions) -> Self {
        Self {
            state: State::Idle(source),
            ready: VecDeque::new(),
            position,
            options,
            failures: 0,
            failing_since: None,
            polled_at: Instant::now(),
        }
    }

    /// The place after the last item that was handed out. Store it once the
    /// item is dealt with; a new watch from there misses nothing.
    pub fn position(&self) -> &S::Position {
        &self.position
    }

    /// The next signal.
    pub async fn next(&mut self) -> Option<Result<Signal<S::Item>, Error>> {
        poll_fn(|cx| self.poll_signal(cx)).await
    }

    fn poll_signal(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Signal<S::Item>, Error>>> {
        loop {
            if let Some((item, position)) = self.ready.pop_front() {
                self.position = position;
                return Poll::Ready(Some(Ok(Signal::Item(item))));
            }
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(mut source) => {
                    let position = self.position.clone();
                    self.polled_at = Instant::now();
                    self.state = State::Polling(Box::pin(async move {
                        let result = source.poll(position).await;
                        (source, result)
                    }));
                }
                State::Pausing(source, mut sleep) => {
                    if sleep.as_mut().poll(cx).is_pending() {
                        self.state = State::Pausing(source, sleep);
                        return Poll::Pending;
                    }
                    self.state = State::Idle(source);
                }
                State::Polling(mut poll) => match poll.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.state = State::Polling(poll);
                        return Poll::Pending;
                    }
                    Poll::Ready((source, Ok(batch))) => {
                        self.failures = 0;
                        self.failing_since = None;
                        self.ready = batch.items.into();
                        let next = self.polled_at + self.options.quiet_interval;
                        self.state = if self.ready.is_empty() && Instant::now() < next {
                            State::Pausing(source, Box::pin(tokio::time::sleep_until(next)))
                        } else {
                            State::Idle(source)
                        };
                    }
                    Poll::Ready((source, Err(error))) => {
                        return Poll::Ready(Some(self.failed(source, error)));
                    }
                },
            }
        }
    }

    fn failed(&mut self, source: S, error: Error) -> Result<Signal<S::Item>, Error> {
        let now = Instant::now();
        let since = *self.failing_since.get_or_insert(now);
        let over = |limit| now.duration_since(since) >= limit;
        if source.is_final(&error) || self.options.give_up_after.is_some_and(over) {
            return Err(error);
        }
        let pause = self.options.backoff.pause(self.failures);
        self.failures += 1;
        self.state = State::Pausing(source, Box::pin(tokio::time::sleep(pause)));
        Ok(Signal::Interrupted { error, pause })
    }
}

impl<S: Source + Unpin> Stream for Watch<S>
where
    S::Item: Unpin,
    S::Position: Unpin,
{
    type Item = Result<Signal<S::Item>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_signal(cx)
    }
}

impl<S: Source> fmt::Debug for Watch<S>
where
    S::Position: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("position", &self.position)
            .field("ready", &self.ready.len())
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Delivery, TransportError, TransportErrorKind};

    struct Script(VecDeque<Result<Vec<u32>, Error>>);

    impl Source for Script {
        type Item = u32;
        type Position = u32;

        fn poll(&mut self, position: u32) -> BoxFuture<'_, Result<Batch<u32, u32>, Error>> {
            let step = self.0.pop_front();
            Box::pin(async move {
                let Some(step) = step else {
                    return std::future::pending().await;
                };
                let items = step?.into_iter().filter(|item| *item > position);
                Ok(Batch {
                    items: items.map(|item| (item, item)).collect(),
                })
            })
        }
    }

    fn reset() -> Error {
        Error::transport(TransportError::new(
            TransportErrorKind::Reset,
            Delivery::MaybeSent,
        ))
    }

    fn watch(
        steps: impl IntoIterator<Item = Result<Vec<u32>, Error>>,
        options: WatchOptions,
    ) -> Watch<Script> {
        Watch::new(Script(steps.into_iter().collect()), 0, options)
    }

    #[tokio::test(start_paused = true)]
    async fn the_position_moves_with_each_item_handed_out() {
        let mut watch = watch(
            [Ok(vec![1, 2]), Ok(vec![]), Ok(vec![2, 3])],
            WatchOptions::new(),
        );
        for expected in [1, 2, 3] {
            assert_eq!(*watch.position(), expected - 1);
            assert!(matches!(watch.next().await, Some(Ok(Signal::Item(item))) if item == expected));
            assert_eq!(*watch.position(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_said_and_the_position_is_kept() {
        let mut watch = watch(
            [Ok(vec![1]), Err(reset()), Err(reset()), Ok(vec![1, 2])],
            WatchOptions::new(),
        );
        assert!(matches!(watch.next().await, Some(Ok(Signal::Item(1)))));
        for _ in 0..2 {
            assert!(matches!(
                watch.next().await,
                Some(Ok(Signal::Interrupted { .. }))
            ));
            assert_eq!(*watch.position(), 1);
        }
        assert!(matches!(watch.next().await, Some(Ok(Signal::Item(2)))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_never_holds_back_is_not_hammered() {
        let options = WatchOptions::new().quiet_interval(Duration::from_secs(1));
        let steps = std::iter::repeat_with(|| Ok(vec![]))
            .take(10)
            .chain([Ok(vec![1])]);
        let mut watch = watch(steps, options);
        let begun = Instant::now();
        assert!(matches!(watch.next().await, Some(Ok(Signal::Item(1)))));
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_waiting_cannot_cure_is_final() {
        let mut watch = watch([Err(Error::auth("no")), Ok(vec![1])], WatchOptions::new());
        assert!(watch.next().await.unwrap().is_err());
        assert!(watch.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_gives_up_when_it_was_told_to() {
        let second = Duration::from_secs(1);
        let options = WatchOptions::new()
            .backoff(Backoff::new(second, second).seeded(1))
            .give_up_after(Duration::from_secs(3));
        let mut watch = watch(std::iter::repeat_with(|| Err(reset())).take(100), options);
        let mut interruptions = 0;
        while let Ok(Signal::Interrupted { .. }) = watch.next().await.unwrap() {
            interruptions += 1;
        }
        assert!((3..100).contains(&interruptions), "{interruptions}");
        assert!(watch.next().await.is_none());
    }
}
