//! Polls that the service holds back, once and for ever.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::response::Parts;
use sync_core::policy::RetryPolicy;
use sync_core::stream::{Batch, BoxFuture, Signal, Source, Watch, WatchOptions};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Call, Error, ErrorKind};
use tokio::time::Instant;

use crate::error::{SimperiumError, SimperiumErrorExt as _};
use crate::model::{Change, Cv};
use crate::protocol::ServerChange;
use crate::wire::answer;

/// How long a poll is waited for. The service's own clients wait 120 s; how
/// long it holds a poll back is not documented.
pub(super) const WAIT: Duration = Duration::from_secs(120);
/// Polls that find nothing begin at least this far apart.
const QUIET: Duration = Duration::from_secs(1);

/// A question that can be asked again and again.
pub(super) trait Question: Clone + fmt::Debug + Send + Sync + 'static {
    /// The call for what comes after `cv`.
    fn call(&self, cv: Option<&Cv>) -> Call<Bytes>;

    /// How long it is waited for; `None` when the service is not to hold it
    /// back, so that it is a call like any other.
    fn wait(&self) -> Option<Duration>;
}

/// Asks once. That nothing has changed is told in many ways: silence, a cut
/// connection, what a gateway says of a poll that took too long, and answers
/// without a body.
pub(super) async fn once(question: &impl Question, cv: Option<&Cv>) -> Result<Vec<Change>, Error> {
    let call = question
        .call(cv)
        .decode_with(|head, body| changes(head, &body));
    let Some(wait) = question.wait() else {
        return call.send().await;
    };
    // The service is not told how long that is, so that it cannot be late.
    let call = call.retry(RetryPolicy::never());
    match call.poll(wait, Duration::ZERO).await {
        Ok(changes) => Ok(changes.unwrap_or_default()),
        Err(error) if is_quiet(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn changes(head: &Parts, body: &Bytes) -> Result<Vec<Change>, Error> {
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let answers: Vec<ServerChange> = answer::json(head, body)?;
    let made = answers.into_iter().filter_map(|answer| match answer {
        ServerChange::Made(change) => Some(change),
        // Of something that was sent without waiting. It has no place in the
        // order, and nothing has changed.
        ServerChange::Refused(_) => None,
    });
    Ok(made.collect())
}

/// Whether the same call may work later. A cut answer, and the page of a network
/// that wants a login, are none of the service's doing.
pub(super) fn may_pass(error: &Error) -> bool {
    error.is_retryable()
        || matches!(
            error.simperium(),
            Some(SimperiumError::Incomplete | SimperiumError::NotTheService)
        )
}

fn is_quiet(error: &Error) -> bool {
    match error.last().kind() {
        ErrorKind::Transport(TransportErrorKind::Reset | TransportErrorKind::Body) => {
            error.delivery() != Delivery::NotSent
        }
        _ => matches!(
            error.status().map(|status| status.as_u16()),
            Some(500 | 502 | 504)
        ),
    }
}

/// How long a poll is waited for; `None` when it is not to be held back.
pub(super) fn held(wait: Duration) -> Option<Duration> {
    Some(wait).filter(|wait| !wait.is_zero())
}

/// What a [`ChangeStream`] hands out.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChangeEvent {
    /// A change. Store [`ChangeStream::position`] when it is dealt with.
    Change(Box<Change>),
    /// The place that the stream was at is not known any more: read the index,
    /// and follow the changes from its first page on. Nothing comes after this.
    Reindex,
    /// A poll failed. The stream goes on by itself after `pause`.
    Interrupted {
        /// Why.
        error: Error,
        /// How long it will wait, or longer if the service asks for it.
        pause: Duration,
    },
}

/// Changes without an end, from a place on that can be stored.
///
/// Errors that may pass are [`ChangeEvent::Interrupted`]; an `Err` is final.
pub struct ChangeStream {
    watch: Watch<Asking>,
    ended: bool,
}

/// A question on its way through a stream.
struct Asking {
    question: Box<dyn Ask>,
    /// When the service wants to be asked again at the earliest.
    not_before: Option<Instant>,
}

/// A [`Question`] of any kind.
trait Ask: Send + Sync {
    fn once(&self, cv: Option<Cv>) -> BoxFuture<'_, Result<Vec<Change>, Error>>;
}

impl<Q: Question> Ask for Q {
    fn once(&self, cv: Option<Cv>) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        Box::pin(async move { once(self, cv.as_ref()).await })
    }
}

impl Source for Asking {
    type Item = Box<Change>;
    type Position = Option<Cv>;

    fn is_final(&self, error: &Error) -> bool {
        !may_pass(error)
    }

    fn poll(
        &mut self,
        position: Option<Cv>,
    ) -> BoxFuture<'_, Result<Batch<Box<Change>, Option<Cv>>, Error>> {
        Box::pin(async move {
            if let Some(at) = self.not_before {
                tokio::time::sleep_until(at).await;
                self.not_before = None;
            }
            let asked = self.question.once(position).await;
            let changes = asked.inspect_err(|error| {
                let pause = error.retry_after();
                self.not_before = pause.and_then(|pause| Instant::now().checked_add(pause));
            })?;
            let after = |change: Change| {
                let position = Some(change.position());
                (Box::new(change), position)
            };
            Ok(Batch {
                items: changes.into_iter().map(after).collect(),
            })
        })
    }
}

impl ChangeStream {
    pub(super) fn new(question: impl Question, cv: Option<Cv>, options: WatchOptions) -> Self {
        let asking = Asking {
            question: Box::new(question),
            not_before: None,
        };
        Self {
            watch: Watch::new(asking, cv, options),
            ended: false,
        }
    }

    /// The place after the last change that was handed out. Store it once the
    /// change is dealt with; a stream from there misses nothing.
    pub fn position(&self) -> Option<&Cv> {
        self.watch.position().as_ref()
    }

    /// The next event.
    pub async fn next(&mut self) -> Option<Result<ChangeEvent, Error>> {
        if self.ended {
            return None;
        }
        let signal = self.watch.next().await;
        self.event(signal)
    }

    fn event(
        &mut self,
        signal: Option<Result<Signal<Box<Change>>, Error>>,
    ) -> Option<Result<ChangeEvent, Error>> {
        Some(match signal? {
            Ok(Signal::Item(change)) => Ok(ChangeEvent::Change(change)),
            Ok(Signal::Interrupted { error, pause }) => {
                Ok(ChangeEvent::Interrupted { error, pause })
            }
            // Nothing else can be signalled.
            Ok(_) => return None,
            Err(error) => {
                self.ended = true;
                if error.needs_index() {
                    Ok(ChangeEvent::Reindex)
                } else {
                    Err(error)
                }
            }
        })
    }
}

/// How a stream deals with quiet and with errors, unless told otherwise.
pub(super) fn watch_options() -> WatchOptions {
    WatchOptions::default().quiet_interval(QUIET)
}

impl Stream for ChangeStream {
    type Item = Result<ChangeEvent, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let signal = std::task::ready!(Pin::new(&mut this.watch).poll_next(cx));
        Poll::Ready(this.event(signal))
    }
}

impl fmt::Debug for ChangeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeStream")
            .field("watch", &self.watch)
            .finish_non_exhaustive()
    }
}
