//! How a place in the daemon's events becomes the next one.

use std::time::Duration;

use sync_core::policy::RetryPolicy;
use sync_core::stream::{Batch, BoxFuture, Source};
use sync_core::transport::TransportErrorKind;
use sync_core::{Error, ErrorKind};
use tokio::time::Instant;

use super::{Cursor, EventItem, MARGIN, Mask, poll};
use crate::model::system::SystemStatus;
use crate::model::{Event, EventType, Time, Version};
use crate::{Client, endpoints};

/// No daemon can be restarted in less time: what was asked within it came from
/// the same process. Measured are 300 ms and more.
const TOO_SHORT_FOR_A_RESTART: Duration = Duration::from_millis(100);

/// From where events are wanted.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// After the newest.
    Now,
    /// From the oldest that the daemon has.
    Buffer,
    /// After this one.
    At(Cursor),
}

type Items = Vec<(EventItem, Place)>;

/// The daemon's events as a [`Source`].
#[derive(Debug)]
pub(super) struct EventSource {
    client: Client,
    mask: Mask,
    wait: Duration,
    /// A mistake of the caller, to be said when first asked.
    error: Option<Error>,
    /// Whether the daemon was found.
    started: bool,
    /// The types to ask for, as this daemon knows them.
    types: Option<String>,
    /// What the caller was told that this daemon does not know.
    unsupported: Vec<EventType>,
    /// When it was last certain that the process is that of the cursor.
    certain_at: Option<Instant>,
}

impl Source for EventSource {
    type Item = EventItem;
    type Position = Place;

    fn poll(&mut self, place: Place) -> BoxFuture<'_, Result<Batch<EventItem, Place>, Error>> {
        Box::pin(async move {
            let items = self.next_items(place).await?;
            Ok(Batch { items })
        })
    }
}

impl EventSource {
    pub(super) fn new(client: Client, mask: Mask, wait: Duration, error: Option<Error>) -> Self {
        Self {
            client,
            mask,
            // Without a wait, the stream would ask without a pause.
            wait: wait.max(Duration::from_secs(1)),
            error,
            started: false,
            types: None,
            unsupported: Vec::new(),
            certain_at: None,
        }
    }

    async fn next_items(&mut self, place: Place) -> Result<Items, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let is_certain = self
            .certain_at
            .take()
            .is_some_and(|at| at.elapsed() < TOO_SHORT_FOR_A_RESTART);
        if !is_certain {
            let items = self.look(&place).await?;
            if !items.is_empty() {
                return Ok(items);
            }
        }
        let Place::At(cursor) = place else {
            // Cannot happen: looking from anywhere else gives items.
            return Ok(Vec::new());
        };
        let call = self.call(cursor.last_id, self.wait, None);
        let events = match call.poll(self.wait, MARGIN).await {
            Err(error) if is_too_large(&error) => self.newest_of(cursor.last_id, error).await?,
            events => events?.unwrap_or_default(),
        };
        let items = number(events, &cursor, false);
        if items.is_empty() {
            // Silence may also be what a new process says to an old number.
            let place = Place::At(cursor);
            let found = self.look(&place).await?;
            return Ok(if found.is_empty() {
                vec![(EventItem::Quiet, place)]
            } else {
                found
            });
        }
        self.certain_at = Some(Instant::now());
        Ok(items)
    }

    /// Finds out which process there is, and from where to go on with it.
    /// Nothing, if there is no news.
    async fn look(&mut self, place: &Place) -> Result<Items, Error> {
        let call = self
            .client
            .call(&endpoints::STATUS)
            .json::<Box<SystemStatus>>();
        let status = call.retry(RetryPolicy::never()).await?;
        let Some(start_time) = status.start_time else {
            return Err(Error::decode("the daemon does not say when it was started"));
        };
        let mut items = Items::new();
        let missing = self.choose_types()?;
        if !missing.is_empty() && missing != self.unsupported {
            let item = EventItem::Unsupported {
                types: missing.clone(),
                daemon: self.daemon_version(),
            };
            items.push((item, place.clone()));
        }
        let origin = Cursor {
            device: status.my_id,
            start_time,
            mask: self.mask.clone(),
            last_id: 0,
        };
        let started = EventItem::Started {
            device: origin.device,
            start_time,
        };
        match place {
            Place::Now => {
                let last_id = self.newest().await?;
                items.push((started, Place::At(origin.at(last_id))));
            }
            Place::Buffer => {
                let (events, is_all) = match self.call(0, Duration::ZERO, None).await {
                    Err(error) if is_too_large(&error) => (self.newest_of(0, error).await?, false),
                    events => (events?, true),
                };
                items.push((started, Place::At(origin.clone())));
                items.extend(number(events, &origin, is_all));
            }
            Place::At(cursor) => {
                if cursor.device != origin.device {
                    return Err(Error::config(format!(
                        "the cursor is one of device {}, and here is {}",
                        cursor.device.short(),
                        origin.device.short(),
                    )));
                }
                // The start time has whole seconds only: ask the numbers too.
                let mut restarted = cursor.start_time != start_time;
                if !restarted {
                    restarted = cursor.last_id > 0 && self.newest().await? < cursor.last_id;
                } else if !self.mask.is_kept_from_start() {
                    // From now on it is, so that nothing is lost unsaid while
                    // the gap is dealt with.
                    self.newest().await?;
                }
                if !self.started {
                    items.push((started, Place::At(cursor.clone())));
                }
                if restarted {
                    items.extend(self.restarted(cursor.start_time, origin));
                }
            }
        }
        // Not before all calls have worked: news are not to be lost with an error.
        self.unsupported = missing;
        self.started = true;
        self.certain_at = Some(Instant::now());
        Ok(items)
    }

    fn restarted(&self, before: Time, origin: Cursor) -> Items {
        let now = origin.start_time;
        let place = Place::At(origin);
        let mut items = vec![(EventItem::Restarted { before, now }, place.clone())];
        if !self.mask.is_kept_from_start() {
            items.push((EventItem::Gap { missed: None }, place));
        }
        items
    }

    fn daemon_version(&self) -> Option<Version> {
        self.client.daemon().and_then(|daemon| daemon.version)
    }

    /// Fits the set of types to the daemon: those that it does not know.
    fn choose_types(&mut self) -> Result<Vec<EventType>, Error> {
        let Some(understood) = self.mask.understood(self.daemon_version().as_ref()) else {
            return Err(Error::config(
                "this daemon may know none of the types of events that were asked for, and would \
                 never answer; add one that it is certain to know",
            ));
        };
        self.types = understood.query;
        Ok(understood.missing)
    }

    /// The number of the newest event. If the daemon has not kept this set so
    /// far, it does from now on.
    async fn newest(&self) -> Result<u64, Error> {
        let events = self.call(0, Duration::ZERO, Some(1)).await?;
        Ok(events.last().map_or(0, |event| event.id))
    }

    /// The newest events after a number, where all of them are more than an
    /// answer may have: those that are left out are a gap. A thousand events can
    /// carry a million paths.
    async fn newest_of(&self, since: u64, mut error: Error) -> Result<Vec<Event>, Error> {
        for limit in [100, 10, 1] {
            match self.call(since, Duration::ZERO, Some(limit)).await {
                Err(again) if is_too_large(&again) => error = again,
                events => return events,
            }
        }
        Err(error)
    }

    /// Errors are for the watch to wait out; a call that repeats itself would
    /// ask a new process for an old number.
    fn call(&self, since: u64, wait: Duration, limit: Option<u32>) -> sync_core::Call<Vec<Event>> {
        poll(&self.client, &self.mask, self.types.as_deref(), since, wait)
            .query_opt("limit", limit.map(|limit| limit.to_string()))
            .retry(RetryPolicy::never())
    }
}

fn is_too_large(error: &Error) -> bool {
    error.kind() == ErrorKind::Transport(TransportErrorKind::TooLarge)
}

/// Puts events into their places, and finds the gaps between them: every event
/// has the number after the one before, unless some were dropped.
fn number(events: Vec<Event>, after: &Cursor, from_buffer: bool) -> Items {
    let mut items = Items::with_capacity(events.len());
    let mut last = after.last_id;
    for event in events {
        let id = event.id;
        if id <= last {
            continue;
        }
        // What the buffer has lost already when it is first read is no gap.
        let is_beginning = from_buffer && items.is_empty();
        let missed = id - last - 1;
        if missed > 0 && !is_beginning {
            let missed = Some(missed);
            items.push((EventItem::Gap { missed }, Place::At(after.at(id - 1))));
        }
        items.push((EventItem::Event(event), Place::At(after.at(id))));
        last = id;
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(last_id: u64) -> Cursor {
        Cursor {
            device: crate::model::DeviceId::from_sha256([7; 32]),
            start_time: "2026-11-21T06:16:48Z".parse().unwrap(),
            mask: Mask::Default,
            last_id,
        }
    }

    fn events(ids: &[u64]) -> Vec<Event> {
        let event = |id: &u64| Event {
            id: *id,
            ..Event::default()
        };
        ids.iter().map(event).collect()
    }

    /// `3` for an event, `-100` for a gap of 100, each with the place after it.
    fn numbered(ids: &[u64], last: u64, from_buffer: bool) -> Vec<(i64, u64)> {
        let items = number(events(ids), &cursor(last), from_buffer);
        let short = items.into_iter().map(|(item, place)| {
            let Place::At(place) = place else {
                panic!("{place:?}")
            };
            match item {
                EventItem::Event(event) => (event.id as i64, place.last_id),
                EventItem::Gap { missed } => (-(missed.unwrap() as i64), place.last_id),
                other => panic!("{other:?}"),
            }
        });
        short.collect()
    }

    #[test]
    fn numbers_in_a_row_have_no_gap() {
        assert_eq!(numbered(&[8, 9], 7, false), [(8, 8), (9, 9)]);
        assert_eq!(numbered(&[], 7, false), []);
    }

    #[test]
    fn a_jump_is_a_gap_of_its_size() {
        assert_eq!(
            numbered(&[121, 122], 20, false),
            [(-100, 120), (121, 121), (122, 122)]
        );
        assert_eq!(numbered(&[1, 4], 0, false), [(1, 1), (-2, 3), (4, 4)]);
        assert_eq!(numbered(&[3], 0, false), [(-2, 2), (3, 3)]);
    }

    #[test]
    fn what_the_buffer_had_lost_before_is_no_gap() {
        assert_eq!(
            numbered(&[301, 303], 0, true),
            [(301, 301), (-1, 302), (303, 303)]
        );
    }

    #[test]
    fn what_was_handed_out_is_not_handed_out_again() {
        assert_eq!(numbered(&[5, 6, 7, 8], 7, false), [(8, 8)]);
    }
}
