//! Reading one entity anew, where changes do not fit.

use super::advance::{Hearsay, hearsay};
use super::entity::Entity;
use super::refused::is_final;
use super::{Channel, Phase, ROWS};
use crate::jsondiff::Diff;
use crate::model::Key;
use crate::protocol::{ClientChange, ClientCommand, EntityVersion};
use crate::store::{
    Ghost, Json, Millis, Pending, PendingState, QueuedChange, Record, StoreError, Transaction,
};
use crate::syncer::machine::{Effect, Fetched, Work, check, merge};
use sync_core::json::RawJson;

/// The version that stands for whatever is newest.
pub(super) const NEWEST: u64 = 0;
/// Entities that are read at once.
const AT_ONCE: usize = 100;

/// An entity that is to be read.
#[derive(Debug)]
pub(super) struct Reload {
    /// In this version at least.
    version: u64,
    /// Before that in this one, which a change of this device was put over, or
    /// may have been.
    before: Option<u64>,
    /// Then in those up to this one, one after the other.
    until: u64,
    /// Whether the connection was asked for it.
    pub(super) asked: bool,
}

impl Reload {
    fn new(version: u64) -> Self {
        Self {
            version,
            before: None,
            until: 0,
            asked: false,
        }
    }
}

impl Channel {
    pub(super) fn load_reloads(&mut self, store: &mut dyn Transaction) -> Result<(), StoreError> {
        let mut after: Option<Key> = None;
        loop {
            let rows = store.reloads(&self.bucket, after.as_ref(), ROWS)?;
            let Some((last, _)) = rows.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            for (key, version) in rows {
                let mut reload = Reload::new(version);
                if self.queued.contains(&key) {
                    let pending = store.pending(&self.bucket, &key)?;
                    let record = store.record(&self.bucket, &key)?.unwrap_or_default();
                    reload.before = before(pending.as_ref(), &record);
                }
                self.asks.set(&key, Millis::default());
                self.reloads.insert(key, reload);
            }
        }
    }

    /// Whether an entity is to be read.
    pub(super) fn is_wanted(&self, key: &Key) -> bool {
        self.reloads.contains_key(key)
    }

    /// The version in which an entity is to be read.
    pub(super) fn wanted(&self, key: &Key) -> Option<u64> {
        self.reloads.get(key).map(|reload| reload.version)
    }

    /// Whether another version of an entity is to be looked at first.
    pub(super) fn is_before_wanted(&self, key: &Key) -> bool {
        let reload = self.reloads.get(key);
        reload.is_some_and(|reload| reload.before.is_some())
    }

    /// Notes that an entity is to be read, in this version at least.
    pub(super) fn want(
        &mut self,
        key: &Key,
        version: u64,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if self.wanted(key).is_some_and(|known| known >= version) {
            return Ok(());
        }
        work.turn
            .store
            .set_reload(&self.bucket, key, Some(version))?;
        match self.reloads.get_mut(key) {
            // What was asked for comes, and then this is asked for.
            Some(reload) => reload.version = version,
            None => {
                self.reloads.insert(key.clone(), Reload::new(version));
                self.asks.set(key, work.now());
            }
        }
        Ok(())
    }

    /// An entity need not be read any more.
    pub(super) fn unwant(&mut self, key: &Key, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if self.reloads.remove(key).is_some() {
            self.asks.remove(key);
            work.turn.store.set_reload(&self.bucket, key, None)?;
        }
        Ok(())
    }

    /// Asks first for the version that a change of this device was put over, if
    /// that is newer than what is here. No other has to be looked at.
    pub(super) fn want_before(&mut self, entity: &Entity) {
        if let Some(reload) = self.reloads.get_mut(&entity.key) {
            reload.until = 0;
            reload.before = before(entity.pending.as_ref(), &entity.record);
        }
    }

    /// Asks for an entity as soon as that is possible.
    pub(super) fn ask_soon(&mut self, key: &Key, work: &Work<'_, '_>) {
        if let Some(reload) = self.reloads.get_mut(key) {
            reload.asked = false;
            self.asks.set(key, work.now());
        }
    }

    fn reloads_open(&self) -> usize {
        self.reloads.values().filter(|reload| reload.asked).count()
    }

    /// When to ask again, or for more.
    pub(super) fn next_ask(&self) -> Option<Millis> {
        let at = self.asks.first()?;
        // With so many, the next answer is what is waited for.
        (self.reloads_open() < AT_ONCE).then_some(at)
    }

    /// What was put off until everything else is here is asked for.
    pub(super) fn ask_newest(&mut self, work: &Work<'_, '_>) {
        for (key, reload) in &self.reloads {
            if !reload.asked {
                self.asks.set(key, work.now());
            }
        }
    }

    /// Asks for what is to be read.
    pub(super) fn pump_reloads(&mut self, work: &mut Work<'_, '_>) {
        let again = work.now().after(work.shared.settings.acknowledge);
        let mut open = self.reloads_open();
        while let Some(key) = self.asks.due(work.now()) {
            if self.flight.contains(&key) {
                // It is asked for once that is answered.
                self.asks.remove(&key);
                continue;
            }
            let Some(reload) = self.reloads.get_mut(&key) else {
                self.asks.remove(&key);
                continue;
            };
            if !reload.asked {
                if open >= AT_ONCE {
                    return;
                }
                open += 1;
            }
            reload.asked = true;
            let version = reload.before.unwrap_or(reload.version);
            self.asks.set(&key, again);
            if version == NEWEST && self.phase != Phase::Live {
                // What is on its way may be what is missing.
                reload.asked = false;
            } else if version == NEWEST {
                let bucket = self.number;
                work.effects.push(Effect::Fetch { bucket, key });
            } else {
                let wanted = EntityVersion::new(key.as_str(), version);
                self.send(ClientCommand::Entity(wanted), work);
            }
        }
    }

    /// A version of an entity, or that it is not kept.
    pub(super) fn entity(
        &mut self,
        version: &EntityVersion,
        data: Option<RawJson>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if self.is_fence(version, work)? {
            return Ok(());
        }
        let key = Key::received(&version.key);
        let data = data.map(Json::from);
        self.history_entry(&key, version.version, data.as_ref(), work);
        let Some(reload) = self.reloads.get_mut(&key) else {
            return Ok(());
        };
        if reload.before == Some(version.version) {
            let next = version.version.saturating_add(1);
            reload.before = Some(next).filter(|next| *next < reload.until);
            self.ask_soon(&key, work);
            return match data {
                Some(data) => self.before(&key, version.version, data, work),
                // Then it cannot be told.
                None => Ok(()),
            };
        }
        if reload.version == NEWEST || reload.before.is_some() {
            return Ok(());
        }
        match data {
            Some(object) => {
                let fetched = Fetched::Found {
                    version: version.version,
                    object,
                };
                self.fetched(&key, fetched, work)
            }
            None => {
                // The newest there is will do, whatever its number.
                work.turn
                    .store
                    .set_reload(&self.bucket, &key, Some(NEWEST))?;
                if let Some(reload) = self.reloads.get_mut(&key) {
                    reload.version = NEWEST;
                }
                self.ask_soon(&key, work);
                Ok(())
            }
        }
    }

    /// What came of reading an entity.
    pub(in crate::syncer::machine) fn fetched(
        &mut self,
        key: &Key,
        fetched: Fetched,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        // One that was sent meanwhile waits for what becomes of it, and one of
        // which another version is looked at first is asked for again.
        if !self.is_wanted(key) || self.flight.contains(key) || self.is_before_wanted(key) {
            return Ok(());
        }
        match fetched {
            Fetched::Found { version, object } => {
                let entity = self.read(key, work)?;
                self.snapshot(entity, version, object, work)
            }
            // It was there later: this answer is older than what is known.
            Fetched::Gone if self.wanted(key) != Some(NEWEST) => {
                self.ask_soon(key, work);
                Ok(())
            }
            Fetched::Gone => {
                let entity = self.read(key, work)?;
                self.gone(entity, None, work)
            }
            // It is asked for again when its time has come.
            Fetched::Failed => Ok(()),
        }
    }

    /// A version that a change of this device was put over, or may have been.
    fn before(
        &mut self,
        key: &Key,
        version: u64,
        data: Json,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let mut entity = self.read(key, work)?;
        if entity.state() != Some(PendingState::Acknowledged) {
            return Ok(());
        }
        if is_result(&entity, version, &data)? {
            // What came later was put over it.
            if let Some(reload) = self.reloads.get_mut(key) {
                reload.before = None;
            }
            self.look_for_change(&mut entity, version, &data, work)?;
            self.advance(&mut entity, Ghost { version, data }, None, work)?;
        } else {
            self.look_for_cuts(&mut entity, version, &data, work)?;
            let before = entity.object().cloned();
            let was_here = entity.record.ghost.is_some() || before.is_some();
            self.advance_in_flight(&mut entity, Ghost { version, data }, work)?;
            self.tell_change(&entity, before, was_here, None, work)?;
        }
        self.write(entity, work)
    }

    /// Asks first for the versions between the one that is here and this one, if
    /// a change of this device is in one of them that the server has not told:
    /// what it was put over has lost what it cut off or tore apart, and only the
    /// version before it has that. The one it made is not known; they are looked at one
    /// after the other, as if they came while the change is on its way.
    fn want_missed(
        &mut self,
        entity: &Entity,
        version: u64,
        work: &mut Work<'_, '_>,
    ) -> Result<bool, StoreError> {
        let sent = entity.change().and_then(|change| change.sent.as_ref());
        if sent.is_none() || hearsay(entity).is_none() {
            return Ok(false);
        }
        let known = entity.record.version().unwrap_or_default();
        let Some(reload) = self.reloads.get_mut(&entity.key) else {
            return Ok(false);
        };
        let first = known.saturating_add(1).max(reload.until);
        // Older ones are not kept.
        let kept = work.shared.settings.versions.saturating_sub(1);
        let oldest = version.saturating_sub(kept);
        let first = first.max(oldest);
        if first >= version {
            return Ok(false);
        }
        reload.before = Some(first);
        reload.until = version;
        self.want(&entity.key, version, work)?;
        self.ask_soon(&entity.key, work);
        Ok(true)
    }

    /// An entity as the server has it. What of this device is in it, is known:
    /// nothing of it is in flight.
    pub(super) fn snapshot(
        &mut self,
        mut entity: Entity,
        version: u64,
        object: Json,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let key = entity.key.clone();
        if self.wanted(&key).is_some_and(|wanted| wanted > version) {
            // Not what is wanted: that is still to come.
            self.ask_soon(&key, work);
            return Ok(());
        }
        let is_acknowledged = entity.state() == Some(PendingState::Acknowledged);
        if is_acknowledged && self.want_missed(&entity, version, work)? {
            return Ok(());
        }
        self.unwant(&key, work)?;
        if entity.record.ghost.is_none() {
            entity.record.seen = self.generation();
        }
        // Of one that is known, a version may be read after it was deleted: only
        // the index and what is told say that it is there.
        if is_acknowledged {
            self.look_for_change(&mut entity, version, &object, work)?;
        }
        self.advance(
            &mut entity,
            Ghost {
                version,
                data: object,
            },
            None,
            work,
        )?;
        self.write(entity, work)
    }

    /// Looks whether a change that the server says to have, or may have, is in
    /// the object. If nothing of it is, the server never had it.
    fn look_for_change(
        &mut self,
        entity: &mut Entity,
        version: u64,
        object: &Json,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let Some(change) = entity.change().cloned() else {
            return Ok(());
        };
        // What is here was told change by change, and that was not among them.
        let known = entity.record.version();
        let is_older = known.is_some_and(|known| version <= known);
        let base = entity.ghost_value()?.unwrap_or_else(merge::empty);
        let (sent, now) = (change.sent.as_ref(), merge::value(object)?);
        let written = match sent {
            Some(sent) => merge::diff(&base, &merge::value(sent)?),
            None => None,
        };
        let findings = written.map(|diff| check::look(&diff, &now));
        let is_missing = match (hearsay(entity), sent) {
            (Some(Hearsay::Doubtful(_)), Some(sent)) => {
                let sent = merge::value(sent)?;
                !check::has_arrived(&base, &sent, &now)
                    && !check::has_partly_arrived(&base, &sent, &now)
            }
            // A deletion, and there is an entity.
            (Some(Hearsay::Doubtful(_)), None) => true,
            _ => findings.as_ref().is_some_and(check::Findings::is_nothing),
        };
        if is_older || is_missing {
            self.look_for_cuts(entity, version, object, work)?;
            return self.not_made(entity, &change, is_older, work);
        }
        if hearsay(entity).is_some() {
            self.acknowledge(entity, &change.ccid, None, work);
        }
        let mut lost = findings
            .map(|findings| findings.missing)
            .unwrap_or_default();
        // Right after the change, nothing else can have taken anything away.
        if known.unwrap_or_default().saturating_add(1) == version {
            if let Some(sent) = sent {
                check::missing_parts(&merge::value(sent)?, &now, &mut lost);
            }
        }
        if !lost.is_empty() {
            self.lost_by_server(entity, Some(base), &change, now, lost, work)?;
        }
        Ok(())
    }
}

impl Channel {
    /// Tells what has gone with a version that does not have what a change was to
    /// make, and may be what the server made of it all the same: a deletion that
    /// found another place than its own took text with it that nobody has
    /// deleted, and no version will ever have what was expected. If someone else
    /// has deleted that, it is told for nothing, which is better than the reverse.
    fn look_for_cuts(
        &mut self,
        entity: &mut Entity,
        version: u64,
        now: &Json,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        // Of more than one version, others may have made some.
        let is_next = entity.record.version().map(|known| known.saturating_add(1)) == Some(version);
        if !is_next || hearsay(entity).is_none() {
            return Ok(());
        }
        let (Some(change), Some(base)) = (entity.change().cloned(), entity.ghost_value()?) else {
            return Ok(());
        };
        let Some(sent) = change.sent.as_ref().map(merge::value).transpose()? else {
            return Ok(());
        };
        let now = merge::value(now)?;
        let written = written(&change).or_else(|| merge::diff(&base, &sent));
        if !written.is_some_and(|written| check::may_have_made(&written, &base, &now)) {
            return Ok(());
        }
        // What the change itself has not written: that is looked for in the newest.
        let mut lost = Vec::new();
        check::missing_kept(&base, &sent, &now, &mut lost);
        if lost.iter().any(check::is_written) {
            self.lost_by_server(entity, Some(base), &change, now, lost, work)?;
        }
        Ok(())
    }

    /// The server never made a change that it may have had. It is made anew,
    /// unless the server has said that it will not have it.
    fn not_made(
        &mut self,
        entity: &mut Entity,
        change: &QueuedChange,
        is_older: bool,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        match hearsay(entity) {
            // A version that the user has not seen is not deleted with it.
            Some(Hearsay::Doubtful(code))
                if is_final(code) && (is_older || change.sent.is_some()) =>
            {
                self.park(entity, change, code, work)
            }
            _ => {
                let pending = entity.pending.take().unwrap_or_default();
                entity.queue(pending);
                Ok(())
            }
        }
    }
}

/// What a change that was sent as a difference does.
fn written(change: &QueuedChange) -> Option<Diff> {
    let sent: ClientChange = change.payload.decode().ok()?;
    sent.v?.decode().ok()
}

/// The version that a change of this device was put over, if that is newer than
/// what is here.
fn before(pending: Option<&Pending>, record: &Record) -> Option<u64> {
    let acknowledged = pending.filter(|pending| pending.state == PendingState::Acknowledged)?;
    let before = acknowledged.change.as_ref()?.sv;
    before.filter(|_| before > record.version())
}

/// Whether a version is what the server has made of a change that it says to
/// have, as far as the two can tell. One that is not found is not missed: it is
/// put over what it made, where it finds itself.
fn is_result(entity: &Entity, version: u64, data: &Json) -> Result<bool, StoreError> {
    let Some(change) = entity.change() else {
        return Ok(false);
    };
    let sent = change.sent.as_ref();
    let Some(sent) = sent.filter(|_| hearsay(entity).is_some()) else {
        return Ok(false);
    };
    // This is what it was put over, as the server has told.
    if change.sv == Some(version) {
        return Ok(false);
    }
    let base = entity.ghost_value()?.unwrap_or_else(merge::empty);
    Ok(check::has_arrived(
        &base,
        &merge::value(sent)?,
        &merge::value(data)?,
    ))
}
