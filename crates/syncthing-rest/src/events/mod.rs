//! The daemon's events as a stream that does not end, and says what it missed.
//!
//! ```no_run
//! # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
//! use syncthing_rest::events::EventItem;
//! use syncthing_rest::model::EventType;
//!
//! let mut events = client
//!     .events()
//!     .types([EventType::StateChanged, EventType::FolderErrors])
//!     .stream();
//! while let Some(item) = events.next().await.transpose()? {
//!     match item {
//!         EventItem::Event(event) => println!("{} {:?}", event.id, event.kind),
//!         EventItem::Gap { missed } => println!("{missed:?} events were lost: look at everything"),
//!         EventItem::Restarted { .. } => println!("the daemon was restarted"),
//!         EventItem::Interrupted { error, .. } => println!("{error}; trying again"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Events have no memory: the daemon keeps the last 1000 of each set of types,
//! counts them from 1 in each set and from each start, and answers a question
//! about a number that is yet to come with silence. So after every error and
//! every empty answer the stream asks when the daemon was started, and counts
//! the numbers of what it is given.

mod cursor;
mod mask;
mod source;
mod stream;

use std::collections::BTreeSet;
use std::time::Duration;

use sync_core::stream::{Watch, WatchOptions};
use sync_core::{Call, Error};

pub use self::cursor::Cursor;
pub use self::mask::Mask;
use self::source::{EventSource, Place};
pub use self::stream::{EventItem, EventStream};
use crate::model::{Event, EventType};
use crate::{Client, endpoints};

/// How long the daemon may hold back an answer by default. Many proxies cut
/// what is silent for 60 s.
const POLL_TIMEOUT: Duration = Duration::from_secs(30);
/// By how much an answer may be later than that.
const MARGIN: Duration = Duration::from_secs(15);

impl Client {
    /// The daemon's events: all but the disk events, from now on, until told
    /// otherwise.
    pub fn events(&self) -> EventsBuilder {
        EventsBuilder {
            client: self.clone(),
            mask: None,
            place: Place::Now,
            poll_timeout: POLL_TIMEOUT,
            options: WatchOptions::new(),
        }
    }
}

/// Sets up a stream of events; made by [`Client::events`].
#[derive(Clone, Debug)]
#[must_use = "nothing is asked for until the stream is polled"]
pub struct EventsBuilder {
    client: Client,
    mask: Option<Mask>,
    place: Place,
    poll_timeout: Duration,
    options: WatchOptions,
}

impl EventsBuilder {
    /// Only events of these types.
    ///
    /// The daemon keeps 1000 events for each set that was ever asked for, until
    /// it is restarted. Ask for few sets, and look at the types yourself.
    pub fn types<T: Into<EventType>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        let types: BTreeSet<_> = types.into_iter().map(Into::into).collect();
        self.mask = Some(Mask::Types(types));
        self
    }

    /// Only disk events: what changed in folders, here and by other devices.
    pub fn disk(mut self) -> Self {
        self.mask = Some(Mask::Disk);
        self
    }

    /// From where another stream was: [`EventStream::cursor`]. Without
    /// [`types`](Self::types) or [`disk`](Self::disk) the cursor's set is taken.
    ///
    /// The stream begins with an error if the cursor belongs to another set or
    /// daemon, and with [`EventItem::Restarted`] if the daemon was restarted
    /// since.
    pub fn from(mut self, cursor: Cursor) -> Self {
        self.place = Place::At(cursor);
        self
    }

    /// From what happens next. This is the default.
    pub fn from_now(mut self) -> Self {
        self.place = Place::Now;
        self
    }

    /// From the oldest event that the daemon still has: up to 1000. For a set of
    /// types that nobody has asked for before, there are none.
    pub fn from_buffer(mut self) -> Self {
        self.place = Place::Buffer;
        self
    }

    /// How long the daemon may hold back an answer while nothing happens, in
    /// whole seconds and at least one. Default 30 s.
    pub fn poll_timeout(mut self, timeout: Duration) -> Self {
        self.poll_timeout = timeout;
        self
    }

    /// How long the daemon may be unreachable before the stream ends with the
    /// last error. By default it waits for ever.
    pub fn give_up_after(mut self, limit: Duration) -> Self {
        self.options = self.options.give_up_after(limit);
        self
    }

    /// The pauses between attempts while the daemon is unreachable. By default
    /// from 100 ms up to 5 s.
    pub fn backoff(mut self, backoff: sync_core::policy::Backoff) -> Self {
        self.options = self.options.backoff(backoff);
        self
    }

    /// The stream. It does nothing until it is polled.
    pub fn stream(self) -> EventStream {
        let (mask, error) = match (self.mask, &self.place) {
            (Some(mask), Place::At(cursor)) if mask != cursor.mask => {
                let message = "the cursor counts another set of events than was asked for";
                (mask, Some(Error::config(message)))
            }
            (None, Place::At(cursor)) => (cursor.mask.clone(), None),
            (mask, _) => (mask.unwrap_or_default(), None),
        };
        let source = EventSource::new(self.client, mask, self.poll_timeout, error);
        EventStream::new(Watch::new(source, self.place, self.options))
    }

    /// One answer: the events after number `since` that the daemon has. If there
    /// are none, it waits up to `wait` (whole seconds) for the next.
    ///
    /// Nothing is checked here. Numbers count from the daemon's start and within
    /// this set of types; a number that is yet to come is waited for in vain.
    pub fn poll_once(self, since: u64, wait: Duration) -> Call<Vec<Event>> {
        let mask = self.mask.unwrap_or_default();
        let query = match &mask {
            Mask::Types(types) => {
                let names: Vec<&str> = types.iter().map(EventType::as_str).collect();
                Some(names.join(","))
            }
            _ => None,
        };
        poll(&self.client, &mask, query.as_deref(), since, wait)
    }

    /// All events that the daemon still has: up to 1000, mostly some megabytes. An
    /// answer of more than 64 MiB fails as too large unless the call is given
    /// [more](sync_core::CallOptions::max_body); a [stream](Self::stream) leaves
    /// the oldest out then, and says so.
    pub fn backlog(self) -> Call<Vec<Event>> {
        self.poll_once(0, Duration::ZERO)
    }

    /// The newest events that the daemon has, so many at the most, oldest first.
    /// For a set of types that nobody has asked for before, there are none.
    pub fn newest(self, count: u32) -> Call<Vec<Event>> {
        // The daemon takes 0 for no limit.
        self.poll_once(0, Duration::ZERO)
            .query("limit", count.max(1).to_string())
            .map(move |mut events| {
                events.truncate(count as usize);
                events
            })
    }
}

/// A call for events. It has the timing of a long poll: the head of an answer
/// comes at once, the body when something happens or the time is over.
fn poll(
    client: &Client,
    mask: &Mask,
    types: Option<&str>,
    since: u64,
    wait: Duration,
) -> Call<Vec<Event>> {
    let endpoint = match mask {
        Mask::Disk => &endpoints::EVENTS_DISK,
        _ => &endpoints::EVENTS,
    };
    let wait = Duration::from_secs(wait.as_secs());
    client
        .call(endpoint)
        .query("since", since.to_string())
        .query("timeout", wait.as_secs().to_string())
        .query_opt("events", types)
        .with_options(|options| options.long_poll(wait, MARGIN))
        .json()
}
