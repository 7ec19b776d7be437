//! One bucket: its channel, its queue, its objects.

mod advance;
mod catch_up;
mod changes;
mod dispute;
mod edit;
mod entity;
mod history;
mod index;
mod refused;
mod reload;
mod send;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::time::Duration;

use sync_core::Secret;

use self::catch_up::CatchUp;
use self::history::History;
use self::index::Reading;
use self::refused::LONGEST_WAIT;
use self::reload::Reload;
use super::agenda::Agenda;
use super::effect::{BucketEvent, Effect};
use super::{Shared, Work};
use crate::model::{BucketName, Cv, Key};
use crate::protocol::{
    AuthReply, ClientCommand, ClientFrame, IndexQuery, Init, KnownEntry, LocalIndex, PendingEntry,
    ServerCommand,
};
use crate::store::{BucketState, Generation, Millis, PendingState, Place, StoreError, Transaction};

/// Rows that are read from the store at once.
const ROWS: usize = 500;

/// How long a channel may take to be opened.
const UNOPENED: Duration = Duration::from_secs(60);
/// How long a page of the index may take: a large one, and a slow line.
const UNREAD: Duration = Duration::from_secs(600);

/// How far a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is no connection.
    Closed,
    /// `init` was sent.
    Opening,
    /// The index is being read.
    Indexing,
    /// What happened meanwhile was asked for.
    CatchingUp,
    /// Everything is here, and what is new comes by itself.
    Live,
    /// The server does not open the channel.
    Refused,
}

/// One bucket over one connection after the other. What is here is in the store
/// too, or is about the connection.
pub(super) struct Channel {
    number: usize,
    bucket: BucketName,
    /// As it is in the store.
    state: BucketState,
    phase: Phase,
    /// When the server was asked to open the channel, or for the page of the
    /// index that is to come.
    asked: Millis,
    /// What the keys in changes begin with.
    namespace: Option<String>,
    /// Everything that is pending, whatever its state.
    queued: HashSet<Key>,
    /// What is to be sent: when.
    dirty: Agenda,
    /// What may have been sent: when to send it again.
    flight: Agenda,
    /// Of those, what the server has refused for now, and surely not made.
    put_off: HashSet<Key>,
    /// Of those, what was sent again though nothing was known of the sending
    /// before: the server may have made it already, whatever it says now.
    doubtful: HashSet<Key>,
    /// The changes that the server may speak of.
    ccids: HashMap<String, Key>,
    /// When edits began to be put off.
    resting: HashMap<Key, Millis>,
    /// What is to be read from the server.
    reloads: HashMap<Key, Reload>,
    /// When to ask for it.
    asks: Agenda,
    reading: Reading,
    catch_up: CatchUp,
    histories: VecDeque<History>,
}

impl Channel {
    pub(super) fn load(
        number: usize,
        bucket: BucketName,
        store: &mut dyn Transaction,
    ) -> Result<Self, StoreError> {
        let mut channel = Self {
            state: store.bucket(&bucket)?,
            number,
            bucket,
            phase: Phase::Closed,
            asked: Millis::default(),
            namespace: None,
            queued: HashSet::new(),
            dirty: Agenda::default(),
            flight: Agenda::default(),
            put_off: HashSet::new(),
            doubtful: HashSet::new(),
            ccids: HashMap::new(),
            resting: HashMap::new(),
            reloads: HashMap::new(),
            asks: Agenda::default(),
            reading: Reading::default(),
            catch_up: CatchUp::default(),
            histories: VecDeque::new(),
        };
        for state in [
            PendingState::InFlight,
            PendingState::Acknowledged,
            PendingState::Dirty,
            PendingState::Parked,
        ] {
            channel.load_queue(state, store)?;
        }
        channel.load_reloads(store)?;
        Ok(channel)
    }

    fn load_queue(
        &mut self,
        state: PendingState,
        store: &mut dyn Transaction,
    ) -> Result<(), StoreError> {
        let mut after = Place::default();
        loop {
            let rows = store.queue(&self.bucket, state, after, ROWS)?;
            let Some((last, ..)) = rows.last() else {
                return Ok(());
            };
            after = *last;
            for (_, key, pending) in rows {
                match state {
                    PendingState::Dirty => self.dirty.set(&key, pending.not_before),
                    PendingState::InFlight => self.flight.set(&key, pending.not_before),
                    _ => {}
                }
                if let Some(change) = pending.change {
                    self.ccids.insert(change.ccid.into(), key.clone());
                }
                self.queued.insert(key);
            }
        }
    }

    /// How many changes may be on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.flight.len()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Live
    }

    pub(super) fn is_synced(&self) -> bool {
        self.is_ready()
            && self.dirty.is_empty()
            && self.flight.is_empty()
            && self.reloads.is_empty()
    }

    /// Whether the server hears what is sent.
    fn is_open(&self) -> bool {
        matches!(
            self.phase,
            Phase::Indexing | Phase::CatchingUp | Phase::Live
        )
    }

    /// What entities are marked with that the server has.
    fn generation(&self) -> Generation {
        match &self.state.index_run {
            // Whatever is deleted before the first page comes is on none, and
            // is not told of afterwards.
            Some(run) if run.first_current.is_none() => {
                Generation(run.generation.0.saturating_sub(1))
            }
            Some(run) => run.generation,
            None => self.state.generation,
        }
    }

    fn send(&self, command: ClientCommand, work: &mut Work<'_, '_>) {
        work.effects.push(Effect::Send(self.frame(command)));
    }

    fn frame(&self, command: ClientCommand) -> String {
        let channel = u32::try_from(self.number).unwrap_or(u32::MAX);
        ClientFrame::Channel { channel, command }.to_string()
    }

    fn event(&self, event: BucketEvent, work: &mut Work<'_, '_>) {
        work.event(self.number, event);
    }

    fn write_state(&self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        work.turn.store.set_bucket(&self.bucket, &self.state)
    }

    /// Opens the channel, and says at once what is wanted first.
    pub(super) fn connected(
        &mut self,
        token: &Secret<String>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        self.disconnected();
        self.phase = Phase::Opening;
        self.asked = work.now();
        // What may have been sent is sent again, unless the server was busy.
        let now = work.now();
        self.flight.all_at(now);
        // A clock that was put back would make these wait for as long.
        self.dirty.not_after(now.after(LONGEST_WAIT));
        let command = match self.state.cv.clone() {
            Some(cv) => ClientCommand::Changes(cv.as_str().to_owned()),
            None => self.first_page(work)?,
        };
        let init = Init {
            clientid: work.shared.settings.client.clone().into(),
            api: Some("1.1".to_owned()),
            token: token.clone(),
            app_id: work.shared.settings.app.clone().into(),
            name: self.bucket.clone().into(),
            library: Some(env!("CARGO_PKG_NAME").to_owned()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            username: None,
            cmd: Some(command.to_string()),
        };
        let frame = self.frame(ClientCommand::Init(Box::new(init)));
        work.effects.push(Effect::SendSecret(Secret::new(frame)));
        Ok(())
    }

    pub(super) fn disconnected(&mut self) {
        self.phase = Phase::Closed;
        self.namespace = None;
        self.reading.disconnected();
        self.catch_up.disconnected();
        for reload in self.reloads.values_mut() {
            reload.asked = false;
        }
        self.asks.all_at(Millis::default());
        for history in &mut self.histories {
            history.disconnected();
        }
    }

    pub(super) fn is_indexing(&self) -> bool {
        self.phase == Phase::Indexing
    }

    /// The connection is gone for a frame that was too large. One of the index
    /// can be asked for in smaller pages, and is, instead of a list of changes.
    pub(super) fn overwhelmed(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let is_list = self.phase == Phase::CatchingUp && self.state.index_run.is_none();
        self.disconnected();
        match is_list {
            true => self.begin_index(work),
            false => Ok(()),
        }
    }

    /// What the server says.
    pub(super) fn command(
        &mut self,
        command: ServerCommand,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if let ServerCommand::Auth(reply) = command {
            self.auth(reply, work);
            return Ok(());
        }
        if !self.is_open() {
            return Ok(());
        }
        match command {
            ServerCommand::Options(options) => {
                let namespace = options.namespace.filter(|_| options.expose_namespace);
                self.namespace = namespace.map(|namespace| format!("{namespace}/"));
                Ok(())
            }
            ServerCommand::Index(page) => self.page(page, work),
            ServerCommand::Entity { version, data } => self.entity(&version, data, work),
            ServerCommand::Changes(changes) => self.changes(changes, work),
            ServerCommand::UnknownCv => self.unknown_cv(work),
            ServerCommand::IndexWanted => self.tell_index(work),
            ServerCommand::Auth(_) => Ok(()),
        }
    }

    fn auth(&mut self, reply: AuthReply, work: &mut Work<'_, '_>) {
        match reply {
            AuthReply::User(_) if self.phase == Phase::Opening => {
                if self.state.cv.is_some() {
                    self.phase = Phase::CatchingUp;
                    self.send_fence(work);
                } else {
                    self.phase = Phase::Indexing;
                }
            }
            AuthReply::Refused {
                code: 400 | 401, ..
            } => {
                let renew_token = true;
                self.disconnected();
                work.effects.push(Effect::Reconnect { renew_token });
            }
            AuthReply::Refused { code, message } if self.phase != Phase::Refused => {
                self.disconnected();
                self.phase = Phase::Refused;
                self.event(BucketEvent::Refused { code, message }, work);
            }
            // The address again, or what API 1.0 says before it refuses.
            _ => {}
        }
    }

    /// Tells the server what is here, as it asked.
    fn tell_index(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let mut known = LocalIndex {
            current: self.state.cv.as_ref().map(|cv| cv.as_str().to_owned()),
            ..LocalIndex::default()
        };
        let mut after: Option<Key> = None;
        loop {
            let rows = work
                .turn
                .store
                .records(&self.bucket, after.as_ref(), ROWS)?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = Some(last.clone());
            let versions = rows
                .into_iter()
                .filter_map(|(key, record)| Some((key, record.version()?)));
            known
                .index
                .extend(versions.map(|(key, v)| KnownEntry { id: key.into(), v }));
        }
        let rows = work.turn.store.queue(
            &self.bucket,
            PendingState::InFlight,
            Place::default(),
            work.shared.settings.in_flight,
        )?;
        known
            .pending
            .extend(rows.into_iter().map(|(_, key, pending)| {
                let change = pending.change;
                PendingEntry {
                    id: key.into(),
                    sv: change.as_ref().and_then(|change| change.sv),
                    ccid: change.map(|change| change.ccid.into()),
                }
            }));
        self.send(ClientCommand::LocalIndex(known), work);
        Ok(())
    }

    /// Ends waits, and asks what is new.
    pub(super) fn refresh(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let now = work.now();
        self.resting.clear();
        self.dirty.all_at(now);
        self.asks.all_at(now);
        if self.phase == Phase::Live {
            self.ask_changes(work);
        }
        Ok(())
    }

    pub(super) fn wake(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if self.unanswered().is_some_and(|at| at <= work.now()) {
            self.disconnected();
            let renew_token = false;
            work.effects.push(Effect::Reconnect { renew_token });
            return Ok(());
        }
        self.fence_overdue(work)
    }

    /// When a server that is there, and does not open the channel or send the
    /// page, is taken not to have heard.
    fn unanswered(&self) -> Option<Millis> {
        match self.phase {
            Phase::Opening => Some(self.asked.after(UNOPENED)),
            Phase::Indexing => Some(self.asked.after(UNREAD)),
            _ => None,
        }
    }

    /// When there is something to do though nothing comes.
    pub(super) fn next_wake(&self, shared: &Shared) -> Option<Millis> {
        let mut wakes = Vec::new();
        wakes.extend(self.unanswered());
        if self.is_open() {
            wakes.extend(self.next_ask());
            wakes.extend(self.catch_up.overdue(shared.settings.acknowledge));
        }
        if matches!(self.phase, Phase::CatchingUp | Phase::Live) {
            wakes.extend(self.flight.first().map(|at| shared.pace.not_before(at)));
        }
        if self.phase == Phase::Live && shared.in_flight < shared.settings.in_flight {
            wakes.extend(self.dirty.first().map(|at| shared.pace.not_before(at)));
        }
        wakes.into_iter().min()
    }

    fn index_query(&self, work: &Work<'_, '_>, mark: Option<&str>) -> ClientCommand {
        ClientCommand::Index(IndexQuery {
            data: true,
            mark: mark.unwrap_or_default().to_owned(),
            offset: String::new(),
            limit: Some(work.shared.settings.page),
        })
    }

    /// The place after a change, once everything up to it is here.
    fn reached(&mut self, cv: Cv) {
        self.catch_up.last = Some(cv);
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("bucket", &self.bucket)
            .field("phase", &self.phase)
            .field("cv", &self.state.cv)
            .field("dirty", &self.dirty.len())
            .field("in_flight", &self.flight.len())
            .field("reloads", &self.reloads.len())
            .finish_non_exhaustive()
    }
}
