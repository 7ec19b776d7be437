//! Reading the index: at first, and when the server has forgotten how far this
//! device was.
//!
//! The first page says which changes the reading begins with. When the last
//! page is here, what happened since then is asked for, and only after that,
//! what no page had is gone.

use std::collections::HashSet;

use super::{Channel, Phase, ROWS};
use crate::model::Key;
use crate::protocol::{ClientCommand, IndexEntry, IndexPage};
use crate::store::{Generation, IndexRun, Json, PendingState, Record, StoreError};
use crate::syncer::machine::{BucketEvent, Effect, Work};

/// How often the index is read again for deletions during the reading, or for
/// marks that led nowhere.
const REPEATS: u32 = 3;
/// How often a connection may say that it does not know a place before it is
/// given up.
const UNKNOWN: u32 = 3;

/// What is known of a reading of the index beyond the store.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The marks that pages were asked with.
    asked: HashSet<String>,
    /// Whether one of them came again, so that there may be more than was read.
    circles: bool,
    /// Whether something on a page could not be read.
    torn: bool,
    /// Whether there was more than one page.
    paged: bool,
    /// Whether something was deleted meanwhile. Where marks are numbers of
    /// entries, an entry may have slipped from a page to the one before it.
    deleted: bool,
    /// How often the reading was done again for that.
    repeats: u32,
    /// How often this connection did not know the place.
    unknown: u32,
}

impl Reading {
    /// The pages are asked for from the first one on, or by another connection.
    fn anew(&mut self) {
        self.asked.clear();
        self.circles = false;
        self.torn = false;
    }

    pub(super) fn disconnected(&mut self) {
        self.anew();
        self.unknown = 0;
    }

    /// Something was deleted.
    pub(super) fn deletion(&mut self) {
        self.deleted = true;
    }
}

impl Channel {
    /// The command for the next page of the reading under way, or of a new one.
    pub(super) fn first_page(
        &mut self,
        work: &mut Work<'_, '_>,
    ) -> Result<ClientCommand, StoreError> {
        let mark = match &self.state.index_run {
            Some(run) => run.mark.clone(),
            None => {
                self.begin_index(work)?;
                None
            }
        };
        // One that goes on has had a page, and may have missed anything.
        self.reading.paged |= mark.is_some();
        self.reading.asked.extend(mark.clone());
        self.asked = work.now();
        Ok(self.index_query(work, mark.as_deref()))
    }

    /// Notes that the index has to be read, from its beginning.
    pub(super) fn begin_index(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let generation = Generation(self.state.generation.0.saturating_add(1));
        self.state.cv = None;
        self.state.generation = generation;
        self.state.index_run = Some(IndexRun {
            generation,
            ..IndexRun::default()
        });
        self.reading.anew();
        self.reading.paged = false;
        self.reading.deleted = false;
        self.catch_up.disconnected();
        self.write_state(work)
    }

    /// The server does not know the place that was asked for.
    pub(super) fn unknown_cv(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if self.phase == Phase::Indexing {
            return Ok(());
        }
        self.reading.unknown += 1;
        if self.reading.unknown > UNKNOWN {
            self.disconnected();
            let renew_token = false;
            work.effects.push(Effect::Reconnect { renew_token });
            return Ok(());
        }
        self.reading.repeats = 0;
        self.read_again(work)
    }

    /// The server has told of changes, and it is not known of which.
    pub(in crate::syncer::machine) fn missed(
        &mut self,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        match self.phase {
            Phase::CatchingUp | Phase::Live => self.unknown_cv(work),
            // They are asked for at the end of the reading, or nobody hears.
            _ => Ok(()),
        }
    }

    fn read_again(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        self.begin_index(work)?;
        self.phase = Phase::Indexing;
        let command = self.first_page(work)?;
        self.send(command, work);
        Ok(())
    }

    /// A page of the index with what could be read of it.
    pub(in crate::syncer::machine) fn torn_page(
        &mut self,
        page: IndexPage,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if self.phase != Phase::Indexing {
            return Ok(());
        }
        self.reading.torn = true;
        self.page(page, work)
    }

    /// A page of the index.
    pub(super) fn page(
        &mut self,
        page: IndexPage,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if self.phase != Phase::Indexing {
            return Ok(());
        }
        let Some(mut run) = self.state.index_run.clone() else {
            return Ok(());
        };
        let IndexPage {
            current,
            index,
            mark,
        } = page;
        if run.first_current.is_none() {
            run.first_current = current.map(Into::into);
        }
        // What comes from here on is seen by this run.
        self.state.index_run = Some(run.clone());
        run.received += u64::try_from(index.len()).unwrap_or(u64::MAX);
        for entry in index {
            self.entry(entry, run.generation, work)?;
        }
        // A mark that comes again would go on for ever.
        let is_new = |mark: &String| self.reading.asked.insert(mark.clone());
        let next = mark.clone().filter(is_new);
        self.reading.circles = mark.is_some() && next.is_none();
        let indexing = BucketEvent::Indexing {
            received: run.received,
            is_all: next.is_none(),
        };
        self.event(indexing, work);
        // Nothing says in the store that all is here, unless it is.
        let first_current = run.first_current.clone();
        let is_all = mark.is_none() && !self.reading.torn;
        self.state.cv = first_current.clone().filter(|_| is_all);
        // Who goes on after a torn page would not know of it.
        run.mark = mark.filter(|_| !self.reading.torn);
        self.state.index_run = Some(run);
        self.write_state(work)?;
        match next {
            Some(mark) => {
                let command = self.index_query(work, Some(&mark));
                self.asked = work.now();
                self.reading.paged = true;
                self.send(command, work);
                Ok(())
            }
            None if first_current.is_some() => {
                self.ask_changes_after(first_current, work);
                Ok(())
            }
            // A server that does not say where it is. All is here; the next
            // connection reads the index again.
            None => {
                self.phase = Phase::CatchingUp;
                self.caught_up(work)
            }
        }
    }

    /// An entry of the index.
    fn entry(
        &mut self,
        entry: IndexEntry,
        generation: Generation,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let IndexEntry { id, v, d } = entry;
        let key = Key::received(&id);
        let is_known = self.queued.contains(&key) || self.reloads.contains_key(&key);
        let Some(record) = work.turn.store.record(&self.bucket, &key)? else {
            if let (Some(object), false) = (&d, is_known) {
                return self.arrived(key, v, object.into(), generation, work);
            }
            return self.entry_of(key, v, d.map(Json::from), work);
        };
        // Changes that came during the reading are newer than its pages.
        let is_behind = record.version() < Some(v);
        let is_reset = record.seen < generation && record.version() > Some(v);
        if record.seen < generation {
            work.turn.store.mark_seen(&self.bucket, &key, generation)?;
        }
        if is_behind || is_reset || self.reloads.contains_key(&key) {
            return self.entry_of(key, v, d.map(Json::from), work);
        }
        Ok(())
    }

    /// An entity that is new here, as most are at first.
    fn arrived(
        &mut self,
        key: Key,
        version: u64,
        object: Json,
        generation: Generation,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let record = Record::synced(version, object.clone(), generation);
        work.turn.store.put_record(&self.bucket, &key, record)?;
        let added = BucketEvent::Added {
            key,
            version,
            object,
            by: None,
        };
        self.event(added, work);
        Ok(())
    }

    /// An entity that is another here, or has something pending.
    fn entry_of(
        &mut self,
        key: Key,
        version: u64,
        object: Option<Json>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let entity = self.read(&key, work)?;
        // Whether a change in flight is in it cannot be told before the server
        // has said what became of that.
        let can_tell =
            entity.state() != Some(PendingState::InFlight) && !self.is_before_wanted(&key);
        match object {
            Some(object) if can_tell => self.snapshot(entity, version, object, work),
            _ => self.want(&key, version, work),
        }
    }

    /// The gap is closed: what no page had, and nothing since has brought, is
    /// gone. False if the index has to be read again first.
    pub(super) fn end_index(&mut self, work: &mut Work<'_, '_>) -> Result<bool, StoreError> {
        let is_doubtful = self.reading.circles || self.reading.paged && self.reading.deleted;
        if is_doubtful && self.reading.repeats < REPEATS {
            self.reading.repeats += 1;
            self.read_again(work)?;
            return Ok(false);
        }
        self.reading.repeats = 0;
        if self.reading.circles || self.reading.torn {
            // What was not read may be there all the same.
            let run = self.state.index_run.take();
            let first_current = run.and_then(|run| run.first_current);
            self.state.cv = self.state.cv.take().or(first_current);
            self.write_state(work)?;
            return Ok(true);
        }
        let generation = self.state.generation;
        let mut after: Option<Key> = None;
        loop {
            let keys = work
                .turn
                .store
                .unseen(&self.bucket, generation, after.as_ref(), ROWS)?;
            let Some(last) = keys.last() else {
                break;
            };
            after = Some(last.clone());
            for key in keys {
                let entity = self.read(&key, work)?;
                // What the server never had is not missing there.
                if entity.record.ghost.is_some() {
                    self.gone(entity, None, work)?;
                }
            }
        }
        self.state.index_run = None;
        self.write_state(work)?;
        Ok(true)
    }
}
