//! What has happened in the bucket.

use serde_json::Value;

use super::entity::Entity;
use super::reload::NEWEST;
use super::{Channel, Phase, ROWS};
use crate::jsondiff::{self, Diff};
use crate::model::Key;
use crate::protocol::{Change, Operation, ServerChange};
use crate::store::{Ghost, Pending, PendingState, StoreError};
use crate::syncer::machine::{BucketEvent, Work, check, merge};

impl Channel {
    /// Changes, made or refused.
    pub(super) fn changes(
        &mut self,
        changes: Vec<ServerChange>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let is_empty = changes.is_empty();
        for change in changes {
            match change {
                ServerChange::Made(change) => {
                    self.made(&change, work)?;
                    self.reached(change.position());
                }
                ServerChange::Refused(refusal) => self.refused(&refusal, work)?,
            }
        }
        if self.phase == Phase::Indexing {
            // What happened since the reading began is asked for at its end.
            self.catch_up.last = None;
        }
        if is_empty {
            // Nothing that is told by itself is empty.
            return self.caught_up(work);
        }
        self.advance_cv(work)
    }

    fn made(&mut self, change: &Change, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if matches!(change.operation, Operation::Empty | Operation::Drop) {
            return self.emptied(change, work);
        }
        let id = match &self.namespace {
            Some(namespace) => change.id.strip_prefix(&**namespace).unwrap_or(&change.id),
            None => &change.id,
        };
        let key = Key::received(id);
        let entity = self.read(&key, work)?;
        let own = change.ccids.iter().any(|ccid| {
            // One of another entity with this id is not ours.
            self.ccids.get(ccid).is_some_and(|known| *known == key)
        });
        match (&change.operation, own) {
            (Operation::Modify, true) => self.own_change(entity, change, work),
            (Operation::Modify, false) => self.foreign_change(entity, change, work),
            (Operation::Delete, true) => self.own_deletion(entity, change, work),
            (Operation::Delete, false) => self.foreign_deletion(entity, change, work),
            // What it does is not known; what came of it can be read.
            _ => self.misfit(&entity, change, work),
        }
    }

    /// A change that does not fit: its entity has to be read.
    fn misfit(
        &mut self,
        entity: &Entity,
        change: &Change,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if entity.record.ghost.is_some() {
            let generation = self.generation();
            let store = &mut work.turn.store;
            store.mark_seen(&self.bucket, &entity.key, generation)?;
        }
        // While the index is read, its pages bring the entity, or the changes
        // that are asked for at its end do.
        if self.phase == Phase::Indexing && entity.state() != Some(PendingState::Acknowledged) {
            return Ok(());
        }
        self.want(&entity.key, change.ev.unwrap_or(NEWEST), work)
    }

    /// What a change makes of the server's object here; `None` if it is for
    /// another version, or cannot be applied.
    fn applied(&self, entity: &Entity, change: &Change) -> Result<Option<Value>, StoreError> {
        // Of one that is to be read, only a change of this device can be told to
        // follow the version that is here.
        let is_known = self.wanted(&entity.key).is_none_or(|wanted| {
            let is_own = change
                .ccids
                .iter()
                .any(|ccid| self.ccids.contains_key(ccid));
            is_own && change.ev >= Some(wanted)
        });
        let fits = match (entity.record.version(), change.sv) {
            (None, None | Some(0)) => true,
            (Some(version), Some(sv)) => version == sv,
            _ => false,
        };
        let (true, true, Some(_), Some(diff)) = (is_known, fits, change.ev, &change.v) else {
            return Ok(None);
        };
        let Ok(diff) = diff.decode::<Diff>() else {
            return Ok(None);
        };
        let mut object = entity.ghost_value()?.unwrap_or_else(merge::empty);
        Ok(jsondiff::apply_to(&mut object, &diff).ok().map(|()| object))
    }

    /// Someone else has created or modified an entity.
    fn foreign_change(
        &mut self,
        mut entity: Entity,
        change: &Change,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let is_known = !self.is_wanted(&entity.key);
        if is_known && change.ev.is_some() && change.ev <= entity.record.version() {
            // It came before, by another way.
            return Ok(());
        }
        let Some((object, version)) = self.applied(&entity, change)?.zip(change.ev) else {
            return self.misfit(&entity, change, work);
        };
        let data = merge::json(&object)?;
        let by = Some(change.clientid.as_str()).filter(|by| !by.is_empty());
        entity.record.seen = self.generation();
        self.advance(&mut entity, Ghost { version, data }, by, work)?;
        self.write(entity, work)
    }

    /// The server has made a change of this device, maybe over others.
    fn own_change(
        &mut self,
        mut entity: Entity,
        change: &Change,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let Some(queued) = entity.change().cloned() else {
            return Ok(());
        };
        work.shared.pace.taken();
        let Some((object, version)) = self.applied(&entity, change)?.zip(change.ev) else {
            if let Some(pending) = &mut entity.pending {
                pending.state = PendingState::Acknowledged;
                pending.last_error = None;
                pending.attempts = 0;
                if let (Some(queued), Some(sv)) = (&mut pending.change, change.sv) {
                    // What it was put over is to be read, too: the server may
                    // have cut into it.
                    queued.sv = Some(sv);
                }
            }
            self.acknowledge(&entity, &queued.ccid, change.ev, work);
            self.misfit(&entity, change, work)?;
            self.want_before(&entity);
            return self.write_pending(entity, work);
        };
        self.unwant(&entity.key, work)?;
        let before = entity.object().cloned();
        let old = entity.ghost_value()?;
        let sent = queued.sent.as_ref().map(merge::value).transpose()?;
        let as_expected = sent
            .as_ref()
            .is_some_and(|sent| jsondiff::same(sent, &object));
        // The text that is here already, where it says the same.
        let data = match &queued.sent {
            Some(sent) if as_expected => sent.clone(),
            _ => merge::json(&object)?,
        };
        let mut decided = None;
        if !as_expected {
            let base = old.clone().unwrap_or_else(merge::empty);
            let written = sent.as_ref().and_then(|sent| merge::diff(&base, sent));
            let lost = written.map(|diff| check::look(&diff, &object).missing);
            let mut lost = lost.unwrap_or_default();
            if let Some(sent) = &sent {
                check::missing_parts(sent, &object, &mut lost);
            }
            if !lost.is_empty() {
                let result =
                    self.lost_by_server(&mut entity, old, &queued, object.clone(), lost, work)?;
                decided = result.filter(|result| !jsondiff::same(result, &object));
            }
        }
        self.acknowledge(&entity, &queued.ccid, Some(version), work);
        let is_edited = entity
            .pending
            .as_ref()
            .is_some_and(|pending| pending.edited);
        // What was edited since is carried over from what was sent.
        if let Some(pending) = &mut entity.pending {
            pending.state = PendingState::Acknowledged;
        }
        let ghost = Ghost { version, data };
        if before.is_none() {
            // Deleted since; who edited meanwhile was seen to when that came.
            entity.set_ghost(Some(ghost))?;
            entity.queue(Pending::default());
        } else if is_edited || decided.is_none() {
            entity.record.seen = self.generation();
            self.advance(&mut entity, ghost, None, work)?;
        } else {
            entity.record.ghost = Some(ghost);
            entity.set_value(decided)?;
            entity.queue(Pending::default());
            self.tell_change(&entity, before, true, None, work)?;
        }
        self.write(entity, work)
    }

    pub(super) fn acknowledge(
        &self,
        entity: &Entity,
        ccid: &crate::model::Ccid,
        version: Option<u64>,
        work: &mut Work<'_, '_>,
    ) {
        let key = entity.key.clone();
        let ccid = ccid.clone();
        let acknowledged = BucketEvent::Acknowledged { key, ccid, version };
        self.event(acknowledged, work);
    }

    /// The server has made a deletion of this device.
    fn own_deletion(
        &mut self,
        mut entity: Entity,
        change: &Change,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let Some(queued) = entity.change().cloned() else {
            return Ok(());
        };
        work.shared.pace.taken();
        self.acknowledge(&entity, &queued.ccid, change.ev, work);
        if entity.record.version() > queued.sv && entity.object().is_none() {
            // Gone with it is what someone else has written since.
            self.edited_remotely(&mut entity, work)?;
        }
        self.deletion_done(&mut entity, work)?;
        self.write(entity, work)
    }

    /// An entity that was deleted here is deleted there. What the user has put
    /// in its place is a new one.
    pub(super) fn deletion_done(
        &mut self,
        entity: &mut Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        self.reading.deletion();
        self.unwant(&entity.key, work)?;
        entity.set_ghost(None)?;
        entity.queue(Pending::default());
        Ok(())
    }

    /// Someone else has deleted an entity.
    fn foreign_deletion(
        &mut self,
        entity: Entity,
        change: &Change,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        self.reading.deletion();
        let is_newer = match (change.ev, self.wanted(&entity.key)) {
            (None, _) => true,
            (Some(ev), Some(wanted)) => ev > wanted,
            (Some(ev), None) => Some(ev) > entity.record.version(),
        };
        let is_here = entity.record.ghost.is_some() || self.is_wanted(&entity.key);
        if !is_newer || !is_here {
            return Ok(());
        }
        let by = Some(change.clientid.as_str()).filter(|by| !by.is_empty());
        self.gone(entity, by, work)
    }

    /// Someone has deleted everything.
    fn emptied(&mut self, change: &Change, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        self.reading.deletion();
        let by = Some(change.clientid.as_str()).filter(|by| !by.is_empty());
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
            for (key, record) in rows {
                if record.ghost.is_some() {
                    let entity = self.read(&key, work)?;
                    self.gone(entity, by, work)?;
                }
            }
        }
        let wanted: Vec<Key> = self.reloads.keys().cloned().collect();
        for key in wanted {
            let entity = self.read(&key, work)?;
            self.gone(entity, by, work)?;
        }
        Ok(())
    }
}
