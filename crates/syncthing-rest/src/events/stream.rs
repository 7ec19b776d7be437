//! What a user of the events is given.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use sync_core::Error;
use sync_core::stream::{Signal, Watch};

use super::Cursor;
use super::source::{EventSource, Place};
use crate::model::{DeviceId, Event, EventType, Time, Version};

/// An item of an [`EventStream`].
#[derive(Debug)]
#[non_exhaustive]
pub enum EventItem {
    /// The first item: the daemon now keeps these events, so whatever happens
    /// from here on will be seen. Do what the events are to tell about after it.
    Started {
        /// The daemon.
        device: DeviceId,
        /// When its process started.
        start_time: Time,
    },
    /// Something happened.
    Event(Event),
    /// Events were lost: the daemon's buffer was too small for the time between
    /// two polls, or it was restarted.
    Gap {
        /// How many; `None` if that cannot be known.
        missed: Option<u64>,
    },
    /// The daemon was restarted. Its events are numbered from 1 again.
    Restarted {
        /// When the process started that the last event came from.
        before: Time,
        /// When the present process started. In whole seconds, so that it may
        /// be the same.
        now: Time,
    },
    /// This daemon does not know these types. The stream goes on with the others.
    Unsupported {
        /// The types.
        types: Vec<EventType>,
        /// The daemon's version.
        daemon: Option<Version>,
    },
    /// Nothing happened for as long as a poll lasts, and the daemon is the same
    /// as before.
    Quiet,
    /// The daemon could not be reached or did not answer in full. The stream
    /// goes on by itself.
    Interrupted {
        /// Why.
        error: Error,
        /// How long it will wait.
        pause: Duration,
    },
}

impl EventItem {
    /// The event, if it is one.
    pub fn into_event(self) -> Option<Event> {
        match self {
            Self::Event(event) => Some(event),
            _ => None,
        }
    }
}

/// Events as they happen; made by [`EventsBuilder::stream`](super::EventsBuilder::stream).
///
/// It never ends by itself. An `Err` is final: a key that is refused and cannot
/// be renewed, a cursor that does not fit, a daemon that was unreachable for
/// [too long](super::EventsBuilder::give_up_after). Dropping it ends the poll
/// that is under way.
#[derive(Debug)]
pub struct EventStream {
    watch: Watch<EventSource>,
}

impl EventStream {
    pub(super) fn new(watch: Watch<EventSource>) -> Self {
        Self { watch }
    }

    /// The next item.
    pub async fn next(&mut self) -> Option<Result<EventItem, Error>> {
        self.watch.next().await.map(|signal| signal.and_then(item))
    }

    /// The next event. Everything else is passed over, also what was missed.
    ///
    /// # Errors
    ///
    /// The error that has ended the stream.
    pub async fn next_event(&mut self) -> Result<Option<Event>, Error> {
        while let Some(item) = self.next().await {
            if let Some(event) = item?.into_event() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The place after the last item that was handed out; `None` before
    /// [`EventItem::Started`]. Store it when that item is dealt with.
    pub fn cursor(&self) -> Option<&Cursor> {
        match self.watch.position() {
            Place::At(cursor) => Some(cursor),
            Place::Now | Place::Buffer => None,
        }
    }
}

fn item(signal: Signal<EventItem>) -> Result<EventItem, Error> {
    match signal {
        Signal::Item(item) => Ok(item),
        Signal::Interrupted { error, pause } => Ok(EventItem::Interrupted { error, pause }),
        _ => Err(Error::decode(
            "the stream gave a signal that is not known here",
        )),
    }
}

impl Stream for EventStream {
    type Item = Result<EventItem, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.get_mut().watch).poll_next(cx);
        polled.map(|next| next.map(|signal| signal.and_then(item)))
    }
}
