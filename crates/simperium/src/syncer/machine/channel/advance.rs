//! What the server has becomes another, and what the user made of it with it.

use serde_json::Value;

use super::Channel;
use super::dispute::Clash;
use super::edit::note_edited;
use super::entity::Entity;
use crate::jsondiff::{Lost, Side};
use crate::model::ChangeErrorCode;
use crate::protocol::Operation;
use crate::store::{Ghost, Json, Local, Pending, PendingState, StoreError};
use crate::syncer::machine::{BucketEvent, DeletePolicy, Work, check, merge};

/// What an object becomes, and what is not in it.
struct Merged {
    value: Value,
    lost: Vec<Lost>,
}

impl Merged {
    /// What `local`, made of `base`, becomes when that becomes `remote`. Where
    /// there is none, it is what was deleted.
    fn of(base: Option<&Value>, local: Option<&Value>, remote: &Value) -> Self {
        let (value, lost) = match (base, local) {
            (_, None) => (remote.clone(), Vec::new()),
            (Some(base), Some(local)) => merge::merge(base, local, remote),
            (None, Some(local)) => merge::merge(&merge::empty(), local, remote),
        };
        Self { value, lost }
    }
}

impl Channel {
    /// The server has another version of an entity. What the user has made of
    /// the one before is carried over.
    pub(super) fn advance(
        &mut self,
        entity: &mut Entity,
        ghost: Ghost,
        by: Option<&str>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let before = entity.object().cloned();
        let was_here = entity.record.ghost.is_some() || before.is_some();
        match entity.state() {
            None => {
                entity.record.ghost = Some(ghost);
                entity.record.local = Local::Same;
            }
            Some(PendingState::InFlight) => self.advance_in_flight(entity, ghost, work)?,
            Some(PendingState::Acknowledged) => {
                let sent = entity.change().and_then(|change| change.sent.clone());
                self.advance_from(entity, sent, ghost, work)?;
                entity.queue(Pending::default());
            }
            Some(PendingState::Dirty | PendingState::Parked) => {
                let base = entity.record.ghost.as_ref().map(|old| old.data.clone());
                self.advance_from(entity, base, ghost, work)?;
                if entity.is_same() {
                    entity.pending = None;
                }
            }
        }
        self.tell_change(entity, before, was_here, by, work)
    }

    /// The user's object was made of `base`, which becomes `ghost`.
    fn advance_from(
        &mut self,
        entity: &mut Entity,
        base: Option<Json>,
        ghost: Ghost,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let local = entity.object().cloned();
        let is_untouched = match (&local, &base) {
            (Some(local), Some(base)) => merge::same(local, base)?,
            (local, base) => local.is_none() && base.is_none(),
        };
        if is_untouched {
            entity.record.ghost = Some(ghost);
            entity.record.local = Local::Same;
            return Ok(());
        }
        let is_expected = match &base {
            Some(base) => merge::same(base, &ghost.data)?,
            None => false,
        };
        if is_expected {
            entity.record.ghost = Some(ghost);
            return entity.set_object(local);
        }
        let base = base.as_ref().map(merge::value).transpose()?;
        let local = local.as_ref().map(merge::value).transpose()?;
        let remote = merge::value(&ghost.data)?;
        let merged = Merged::of(base.as_ref(), local.as_ref(), &remote);
        let result = self.settle(entity, base, local, remote, merged, work)?;
        entity.record.ghost = Some(ghost);
        entity.set_value(result)
    }

    /// What becomes of a merged object, after a conflict, if it is one.
    fn settle(
        &mut self,
        entity: &Entity,
        base: Option<Value>,
        local: Option<Value>,
        remote: Value,
        merged: Merged,
        work: &mut Work<'_, '_>,
    ) -> Result<Option<Value>, StoreError> {
        let policy = work.shared.settings.deletes;
        let clash = match (local, merged.lost.is_empty()) {
            (None, _) => Clash {
                merged: Some(merged.value).filter(|_| policy == DeletePolicy::EditWins),
                ..Clash::deletion(base, None, Some(remote), policy)
            },
            (Some(_), true) => return Ok(Some(merged.value)),
            (Some(local), false) => Clash::merge(base, local, remote, merged.value, merged.lost),
        };
        self.decide(&entity.key, clash, work)
    }

    /// The same while a change is on its way. The server will put that change
    /// over the new version; until it has said so, what it will make of it is
    /// what the user's object stands on.
    pub(super) fn advance_in_flight(
        &mut self,
        entity: &mut Entity,
        ghost: Ghost,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let object = entity.object().cloned();
        let old = entity.ghost_value()?.unwrap_or_else(merge::empty);
        let change = entity.change();
        let sent = change.and_then(|change| change.sent.as_ref());
        let new = merge::value(&ghost.data)?;
        let Some(sent) = sent.map(merge::value).transpose()? else {
            return self.advance_deleted(entity, old, new, ghost, work);
        };
        let (expected, mut lost) = merge::merge(&old, &sent, &new);
        let is_edited = entity
            .pending
            .as_ref()
            .is_some_and(|pending| pending.edited);
        let local = match is_edited {
            true => object.as_ref().map(merge::value).transpose()?,
            false => Some(sent.clone()),
        };
        let mut merged = Merged::of(Some(&sent), local.as_ref(), &expected);
        lost.append(&mut merged.lost);
        merged.lost = lost;
        let result = self.settle(entity, Some(old), local, new, merged, work)?;
        entity.record.ghost = Some(ghost);
        let is_edited = result
            .as_ref()
            .is_none_or(|result| !crate::jsondiff::same(result, &expected));
        let expected = merge::json(&expected)?;
        match is_edited {
            true => entity.set_value(result)?,
            false => entity.set_object(Some(expected.clone()))?,
        }
        if let Some(pending) = &mut entity.pending {
            pending.edited = is_edited;
            if let Some(change) = &mut pending.change {
                change.sent = Some(expected);
            }
        }
        Ok(())
    }

    /// The same while a deletion is on its way, which the server is going to
    /// refuse: this is not the version that was deleted. What is to become of
    /// the entity is decided then, unless the user has put another object in
    /// its place, which takes that of the new version too.
    fn advance_deleted(
        &mut self,
        entity: &mut Entity,
        old: Value,
        new: Value,
        ghost: Ghost,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let Some(local) = entity.object_value()? else {
            return entity.set_ghost(Some(ghost));
        };
        let result = self.overwrite(entity, old, local, new, work)?;
        entity.record.ghost = Some(ghost);
        entity.set_value(result)?;
        note_edited(entity)
    }

    /// The user's object takes the place of the server's, whatever was written
    /// into that since `base`.
    pub(super) fn overwrite(
        &mut self,
        entity: &Entity,
        base: Value,
        local: Value,
        remote: Value,
        work: &mut Work<'_, '_>,
    ) -> Result<Option<Value>, StoreError> {
        let written = merge::diff(&base, &remote).unwrap_or_default();
        let mut lost = check::look(&written, &local).missing;
        for lost in &mut lost {
            lost.side = Side::Remote;
        }
        let value = local.clone();
        let merged = Merged { value, lost };
        self.settle(entity, Some(base), Some(local), remote, merged, work)
    }

    /// Tells what has become of an object.
    pub(super) fn tell_change(
        &self,
        entity: &Entity,
        before: Option<Json>,
        was_here: bool,
        by: Option<&str>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let key = entity.key.clone();
        let by = by.map(str::to_owned);
        let version = entity.record.version().unwrap_or_default();
        let event = match (before, entity.object().cloned()) {
            (None, None) => return Ok(()),
            (None, Some(object)) if !was_here => BucketEvent::Added {
                key,
                version,
                object,
                by,
            },
            (Some(before), Some(object)) if merge::same(&before, &object)? => return Ok(()),
            (before, Some(object)) => BucketEvent::Changed {
                key,
                version,
                before,
                object,
                by,
            },
            (Some(before), None) => BucketEvent::Removed { key, before, by },
        };
        self.event(event, work);
        Ok(())
    }

    /// The server does not have an entity any more.
    pub(super) fn gone(
        &mut self,
        mut entity: Entity,
        by: Option<&str>,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        self.reading.deletion();
        self.unwant(&entity.key, work)?;
        let before = entity.object().cloned();
        let is_edited = entity
            .pending
            .as_ref()
            .is_some_and(|pending| pending.edited);
        let hearsay = hearsay(&entity);
        match entity.state() {
            // What becomes of it, the server says: it puts it over the deletion,
            // or refuses it.
            Some(PendingState::InFlight) => entity.set_ghost(None)?,
            Some(PendingState::Dirty | PendingState::Parked) if before.is_some() => {
                self.deleted_remotely(&mut entity, work)?;
            }
            Some(PendingState::Acknowledged)
                if before.is_some()
                    && (is_edited || matches!(hearsay, Some(Hearsay::Doubtful(_)))) =>
            {
                entity.pending = Some(Pending::default());
                self.deleted_remotely(&mut entity, work)?;
            }
            Some(PendingState::Acknowledged)
                if before.is_some() && hearsay == Some(Hearsay::Made) =>
            {
                self.never_seen(&mut entity, work)?;
            }
            _ => {
                entity.record.ghost = None;
                entity.record.local = Local::Deleted;
                entity.pending = None;
            }
        }
        self.tell_change(&entity, before, true, by, work)?;
        self.write(entity, work)
    }

    /// The server has said that it has a change, has never told what it made of
    /// it, and does not have the entity.
    fn never_seen(
        &mut self,
        entity: &mut Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let base = entity.ghost_value()?;
        let local = entity.object_value()?;
        let clash = Clash::deletion(base, local, None, DeletePolicy::DeleteWins);
        let result = self.decide(&entity.key, clash, work)?;
        entity.record.ghost = None;
        entity.set_value(result)?;
        entity.queue(Pending::default());
        Ok(())
    }

    /// Another device has deleted what was edited here.
    pub(super) fn deleted_remotely(
        &mut self,
        entity: &mut Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let base = entity.ghost_value()?;
        let local = entity.object_value()?;
        let policy = work.shared.settings.deletes;
        let result = match local {
            Some(_) => {
                let clash = Clash::deletion(base, local, None, policy);
                self.decide(&entity.key, clash, work)?
            }
            None => None,
        };
        entity.record.ghost = None;
        entity.set_value(result)?;
        let pending = entity.pending.take().unwrap_or_default();
        // There is nothing that a difference could be from.
        let pending = Pending {
            full: true,
            ..pending
        };
        match pending.state {
            PendingState::Parked if !entity.is_same() => entity.pending = Some(pending),
            _ => entity.queue(pending),
        }
        Ok(())
    }

    /// The newest version that the server has is newer than the one that was
    /// deleted here.
    pub(super) fn edited_remotely(
        &mut self,
        entity: &mut Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let policy = work.shared.settings.deletes;
        let remote = entity.ghost_value()?;
        let clash = Clash::deletion(None, None, remote, policy);
        let result = self.decide(&entity.key, clash, work)?;
        entity.set_value(result)
    }

    /// Whether the change that is on its way is a deletion.
    pub(super) fn is_deletion(entity: &Entity) -> bool {
        let change = entity.change();
        change.is_some_and(|change| change.operation == Operation::Delete)
    }
}

/// What a refusal leaves open of a change that was not made by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearsay {
    /// The server says that it has it.
    Made,
    /// It will not have it, for this reason, and may have made it before.
    Doubtful(ChangeErrorCode),
}

/// What is known of a change that the server has never told of: what it said
/// when it was sent again. `None` for one that it has told.
pub(super) fn hearsay(entity: &Entity) -> Option<Hearsay> {
    let pending = entity.pending.as_ref()?;
    if pending.state != PendingState::Acknowledged {
        return None;
    }
    Some(match pending.last_error? {
        ChangeErrorCode::Duplicate | ChangeErrorCode::Unchanged => Hearsay::Made,
        code => Hearsay::Doubtful(code),
    })
}
