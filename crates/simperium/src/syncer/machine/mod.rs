//! The syncing itself, without I/O, clock or chance: what comes in, what is
//! kept, what goes out.
//!
//! A [`Machine`] is told what happens (a frame, an edit, the time) inside a
//! transaction of the store, and returns [`Effect`]s, which are to be done in
//! their order once the transaction is kept. If the transaction fails or the
//! process ends before they are done, a new machine made from the store goes
//! on where the store is: everything it needs is there.
//!
//! # Invariants
//!
//! * One change for each key is in flight at most. Its exact text and its id
//!   are in the store before it is sent, and it is sent again unchanged until
//!   the server has said what became of it.
//! * Edits made meanwhile only mark the entity.
//! * Ghost, object, queue and change version move in one transaction.
//! * The change version moves on only over changes that are applied, or whose
//!   entity is noted for being read anew.

mod agenda;
mod channel;
mod check;
mod effect;
mod merge;
mod pace;
mod settings;
mod turn;
mod words;

use std::fmt;
use std::sync::Arc;

use sync_core::Secret;

use self::channel::Channel;
pub use self::effect::{BucketEvent, Conflict, Effect};
use self::pace::Pace;
pub use self::settings::{DeletePolicy, Settings};
pub use self::turn::Turn;
use super::Resolver;
use crate::model::{BucketName, Key};
use crate::protocol::{FrameError, ServerFrame};
use crate::store::{Json, Millis, StoreError, Transaction};

/// What the machine does of one call.
pub type Outcome = Result<Vec<Effect>, StoreError>;

/// An edit by the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edit {
    /// The object becomes this one.
    Put(Json),
    /// Its top-level keys are set to these values; the others stay.
    Merge(Json),
    /// It is deleted.
    Delete,
}

/// What came of [`Effect::Fetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fetched {
    /// The newest version.
    Found {
        /// Its number.
        version: u64,
        /// The object.
        object: Json,
    },
    /// There is no such entity.
    Gone,
    /// It could not be read. It is tried again.
    Failed,
}

/// The syncing of some buckets over one connection.
pub struct Machine {
    shared: Shared,
    channels: Vec<Channel>,
}

/// What all channels use.
struct Shared {
    settings: Settings,
    resolver: Option<Arc<dyn Resolver>>,
    pace: Pace,
    /// Changes that are on their way, in all buckets.
    in_flight: usize,
}

/// What a channel works with during a call.
struct Work<'a, 't> {
    shared: &'a mut Shared,
    turn: &'a mut Turn<'t>,
    effects: Vec<Effect>,
}

impl Machine {
    /// A machine that goes on where the store is, without a connection. The
    /// place of a bucket among `buckets` is its number from here on.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn load(
        settings: Settings,
        buckets: &[BucketName],
        resolver: Option<Arc<dyn Resolver>>,
        store: &mut dyn Transaction,
    ) -> Result<Self, StoreError> {
        let pace = Pace::new(settings.rate, settings.busy_rate, Millis::default());
        let mut shared = Shared {
            settings,
            resolver,
            pace,
            in_flight: 0,
        };
        let mut channels = Vec::with_capacity(buckets.len());
        for (number, bucket) in buckets.iter().enumerate() {
            let channel = Channel::load(number, bucket.clone(), store)?;
            shared.in_flight += channel.in_flight();
            channels.push(channel);
        }
        Ok(Self { shared, channels })
    }

    /// Runs `work` with a channel, and then sends what there is to send.
    fn with(
        &mut self,
        bucket: Option<usize>,
        turn: &mut Turn<'_>,
        mut work: impl FnMut(&mut Channel, &mut Work<'_, '_>) -> Result<(), StoreError>,
    ) -> Outcome {
        let mut context = Work {
            shared: &mut self.shared,
            turn,
            effects: Vec::new(),
        };
        for (number, channel) in self.channels.iter_mut().enumerate() {
            if bucket.is_none_or(|bucket| bucket == number) {
                work(channel, &mut context)?;
            }
        }
        // What one bucket no longer has in flight, another may have.
        for channel in &mut self.channels {
            channel.pump(&mut context)?;
        }
        Ok(context.effects)
    }

    /// A connection is open: opens a channel for every bucket.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn connected(&mut self, token: &Secret<String>, turn: &mut Turn<'_>) -> Outcome {
        self.with(None, turn, |channel, work| channel.connected(token, work))
    }

    /// The connection is gone.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn disconnected(&mut self, turn: &mut Turn<'_>) -> Outcome {
        self.with(None, turn, |channel, _| {
            channel.disconnected();
            Ok(())
        })
    }

    /// The connection is gone, as a frame came that was larger than may be: less
    /// is asked for at a time from now on.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn overwhelmed(&mut self, turn: &mut Turn<'_>) -> Outcome {
        let mut is_page = false;
        let effects = self.with(None, turn, |channel, work| {
            is_page |= channel.is_indexing();
            channel.overwhelmed(work)
        })?;
        if is_page {
            let page = &mut self.shared.settings.page;
            *page = (*page / 4).max(1);
        }
        Ok(effects)
    }

    /// A frame came. One that is not understood, or not for a channel, is
    /// passed over, unless it has changes: what they were, the index tells. Of a
    /// page of that, what can be read is taken.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn frame(&mut self, text: &str, turn: &mut Turn<'_>) -> Outcome {
        let (channel, mut command) = match ServerFrame::parse(text) {
            Ok(ServerFrame::Channel { channel, command }) => (Some(channel), Some(command)),
            Ok(_) => (None, None),
            Err(FrameError::Payload("i")) => return self.torn_page(text, turn),
            Err(error) => (ServerFrame::unreadable_changes(text, error), None),
        };
        let bucket = channel.and_then(|channel| usize::try_from(channel).ok());
        let Some(bucket) = bucket else {
            return Ok(Vec::new());
        };
        self.with(Some(bucket), turn, |channel, work| match command.take() {
            Some(command) => channel.command(command, work),
            None => channel.missed(work),
        })
    }

    /// A page of the index with something on it that cannot be read.
    fn torn_page(&mut self, text: &str, turn: &mut Turn<'_>) -> Outcome {
        let torn = ServerFrame::torn_page(text);
        let Some((Ok(bucket), page)) = torn.map(|(channel, page)| (channel.try_into(), page))
        else {
            return Ok(Vec::new());
        };
        let mut page = Some(page);
        self.with(Some(bucket), turn, |channel, work| match page.take() {
            Some(page) => channel.torn_page(page, work),
            None => Ok(()),
        })
    }

    /// The user edits an object.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn edit(&mut self, bucket: usize, key: &Key, edit: Edit, turn: &mut Turn<'_>) -> Outcome {
        let mut edit = Some(edit);
        self.with(Some(bucket), turn, |channel, work| match edit.take() {
            Some(edit) => channel.edit(key, edit, work),
            None => Ok(()),
        })
    }

    /// The time has come that [`next_wake`](Self::next_wake) named.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn wake(&mut self, turn: &mut Turn<'_>) -> Outcome {
        self.with(None, turn, Channel::wake)
    }

    /// When to call [`wake`](Self::wake). It is another after every call.
    pub fn next_wake(&self) -> Option<Millis> {
        let wakes = self.channels.iter();
        wakes
            .filter_map(|channel| channel.next_wake(&self.shared))
            .min()
    }

    /// An answer to [`Effect::Fetch`].
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn fetched(
        &mut self,
        bucket: usize,
        key: &Key,
        fetched: Fetched,
        turn: &mut Turn<'_>,
    ) -> Outcome {
        let mut fetched = Some(fetched);
        self.with(Some(bucket), turn, |channel, work| match fetched.take() {
            Some(fetched) => channel.fetched(key, fetched, work),
            None => Ok(()),
        })
    }

    /// Asks for all versions of an entity that the server may have, newest
    /// first: see [`Effect::Revision`]. It waits for a connection.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn revisions(&mut self, bucket: usize, key: &Key, turn: &mut Turn<'_>) -> Outcome {
        self.with(Some(bucket), turn, |channel, work| {
            channel.revisions(key, work)
        })
    }

    /// Sends what the server would not have once more.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn retry(&mut self, bucket: usize, key: &Key, turn: &mut Turn<'_>) -> Outcome {
        self.with(Some(bucket), turn, |channel, work| channel.retry(key, work))
    }

    /// Ends waits, and asks the server what is new:
    /// [`BucketEvent::Ready`] comes once that is here.
    ///
    /// # Errors
    ///
    /// That of the store.
    pub fn refresh(&mut self, turn: &mut Turn<'_>) -> Outcome {
        self.shared.pace.resume(turn.now);
        self.with(None, turn, Channel::refresh)
    }

    /// Whether a bucket has everything that the server had when it was asked,
    /// and hears of what is new.
    pub fn is_ready(&self, bucket: usize) -> bool {
        self.channels.get(bucket).is_some_and(Channel::is_ready)
    }

    /// Whether a bucket is ready, and nothing is left to be sent or read. What
    /// the server has [rejected](BucketEvent::Rejected) does not count.
    pub fn is_synced(&self, bucket: usize) -> bool {
        self.channels.get(bucket).is_some_and(Channel::is_synced)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("settings", &self.shared.settings)
            .field("pace", &self.shared.pace)
            .field("channels", &self.channels)
            .finish()
    }
}

impl Work<'_, '_> {
    fn now(&self) -> Millis {
        self.turn.now
    }

    fn event(&mut self, bucket: usize, event: BucketEvent) {
        self.effects.push(Effect::Event { bucket, event });
    }
}
