//! What the user does.

use std::time::Duration;

use serde_json::Value;

use super::Channel;
use super::entity::Entity;
use crate::model::Key;
use crate::store::{Json, Millis, Pending, PendingState, StoreError};
use crate::syncer::machine::{Edit, Work, merge};

impl Channel {
    /// The user edits an object.
    pub(in crate::syncer::machine) fn edit(
        &mut self,
        key: &Key,
        edit: Edit,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let mut entity = self.read(key, work)?;
        let object = match edit {
            Edit::Put(object) => Some(object),
            Edit::Merge(fields) => Some(merged(entity.object(), &fields)?),
            Edit::Delete => None,
        };
        let is_same = match (&object, entity.object()) {
            (Some(new), Some(old)) => merge::same(new, old)?,
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return Ok(());
        }
        let is_back = object.is_some() && entity.object().is_none();
        entity.set_object(object)?;
        self.edited(&mut entity)?;
        if is_back && Self::is_deletion(&entity) {
            self.replaced(&mut entity, work)?;
        }
        if entity.state() == Some(PendingState::Dirty) {
            self.rest(key, work);
        }
        self.write(entity, work)
    }

    /// Notes that the object is another one now.
    fn edited(&self, entity: &mut Entity) -> Result<(), StoreError> {
        match entity.state() {
            None | Some(PendingState::Dirty | PendingState::Parked) => {
                entity.queue(Pending::default());
            }
            Some(PendingState::InFlight | PendingState::Acknowledged) => {
                note_edited(entity)?;
            }
        }
        Ok(())
    }

    /// The user has put an object in the place of one whose deletion is on its
    /// way. What someone else has written into that meanwhile, nobody here has
    /// seen.
    fn replaced(&mut self, entity: &mut Entity, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let deleted = entity.change().and_then(|change| change.sv);
        let unseen = entity
            .ghost_value()?
            .filter(|_| entity.record.version() > deleted);
        let Some((remote, local)) = unseen.zip(entity.object_value()?) else {
            return Ok(());
        };
        let result = self.overwrite(entity, merge::empty(), local, remote, work)?;
        entity.set_value(result)?;
        note_edited(entity)
    }

    /// Puts an entity off until it has not been edited for a while.
    fn rest(&mut self, key: &Key, work: &Work<'_, '_>) {
        if work.shared.settings.debounce > Duration::ZERO {
            self.resting.entry(key.clone()).or_insert(work.now());
            // Planned again by what follows.
            self.dirty.remove(key);
        }
    }

    /// When an entity has rested, seen from now.
    pub(super) fn rested(&self, key: &Key, work: &Work<'_, '_>) -> Millis {
        let settings = &work.shared.settings;
        match self.resting.get(key) {
            Some(since) => {
                let quiet = work.now().after(settings.debounce);
                quiet.min(since.after(settings.debounce_limit))
            }
            None => Millis::default(),
        }
    }

    /// Sends what the server would not have once more.
    pub(in crate::syncer::machine) fn retry(
        &mut self,
        key: &Key,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let mut entity = self.read(key, work)?;
        if entity.state() == Some(PendingState::Parked) {
            entity.queue(Pending::default());
            self.write(entity, work)?;
        }
        Ok(())
    }
}

/// Whether the object is still the one that was sent.
pub(super) fn note_edited(entity: &mut Entity) -> Result<(), StoreError> {
    let object = entity.object().cloned();
    if let Some(pending) = &mut entity.pending {
        let sent = pending
            .change
            .as_ref()
            .and_then(|change| change.sent.as_ref());
        pending.edited = match (sent, &object) {
            (Some(sent), Some(object)) => !merge::same(sent, object)?,
            (None, None) => false,
            _ => true,
        };
    }
    Ok(())
}

/// An object with the top-level keys of another put over its own.
fn merged(object: Option<&Json>, fields: &Json) -> Result<Json, StoreError> {
    let Some(object) = object else {
        return Ok(fields.clone());
    };
    let mut object = merge::value(object)?;
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, merge::value(fields)?) {
        object.extend(fields);
    }
    merge::json(&object)
}
