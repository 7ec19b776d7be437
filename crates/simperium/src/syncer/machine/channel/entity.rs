//! An entity with what is pending of it, on its way through a call.

use serde_json::Value;

use super::Channel;
use crate::model::{Ccid, Key};
use crate::store::{Ghost, Json, Local, Pending, PendingState, QueuedChange, Record, StoreError};
use crate::syncer::machine::{Work, merge};

/// An entity, read from the store.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) key: Key,
    pub(super) record: Record,
    pub(super) pending: Option<Pending>,
    /// The change that was in flight when it was read.
    known_ccid: Option<Ccid>,
}

impl Entity {
    /// Where what is pending of it stands.
    pub(super) fn state(&self) -> Option<PendingState> {
        self.pending.as_ref().map(|pending| pending.state)
    }

    /// The change that the server may have.
    pub(super) fn change(&self) -> Option<&QueuedChange> {
        self.pending.as_ref()?.change.as_ref()
    }

    /// The object as the user sees it.
    pub(super) fn object(&self) -> Option<&Json> {
        self.record.object()
    }

    pub(super) fn object_value(&self) -> Result<Option<Value>, StoreError> {
        self.object().map(merge::value).transpose()
    }

    pub(super) fn ghost_value(&self) -> Result<Option<Value>, StoreError> {
        let ghost = self.record.ghost.as_ref();
        ghost.map(|ghost| merge::value(&ghost.data)).transpose()
    }

    /// The object becomes this one. The text of the ghost is kept if they are
    /// the same.
    pub(super) fn set_object(&mut self, object: Option<Json>) -> Result<(), StoreError> {
        self.record.local = match (object, &self.record.ghost) {
            (None, _) => Local::Deleted,
            (Some(object), Some(ghost)) if merge::same(&object, &ghost.data)? => Local::Same,
            (Some(object), _) => Local::Changed(object),
        };
        Ok(())
    }

    /// The same for a value that may be an object that is there already.
    pub(super) fn set_value(&mut self, value: Option<Value>) -> Result<(), StoreError> {
        let object = value.as_ref().map(merge::json).transpose()?;
        self.set_object(object)
    }

    /// What the server has becomes this; the object stays as it is.
    pub(super) fn set_ghost(&mut self, ghost: Option<Ghost>) -> Result<(), StoreError> {
        let object = self.object().cloned();
        self.record.ghost = ghost;
        self.set_object(object)
    }

    /// Whether the object is as the server has it.
    pub(super) fn is_same(&self) -> bool {
        match self.record.local {
            Local::Same => true,
            Local::Deleted => self.record.ghost.is_none(),
            Local::Changed(_) => false,
        }
    }

    /// There is something to send, or nothing is pending, as the object is.
    pub(super) fn queue(&mut self, dirty: Pending) {
        self.pending = (!self.is_same()).then_some(Pending {
            state: PendingState::Dirty,
            change: None,
            edited: false,
            ..dirty
        });
    }
}

impl Channel {
    /// Reads an entity. One that is not there has nothing.
    pub(super) fn read(&self, key: &Key, work: &mut Work<'_, '_>) -> Result<Entity, StoreError> {
        let record = work.turn.store.record(&self.bucket, key)?;
        let pending = match self.queued.contains(key) {
            true => work.turn.store.pending(&self.bucket, key)?,
            false => None,
        };
        let change = pending.as_ref().and_then(|pending| pending.change.as_ref());
        Ok(Entity {
            key: key.clone(),
            record: record.unwrap_or_default(),
            known_ccid: change.map(|change| change.ccid.clone()),
            pending,
        })
    }

    /// Writes an entity, and plans what is to be done with it.
    pub(super) fn write(
        &mut self,
        mut entity: Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let record = std::mem::take(&mut entity.record);
        if record.ghost.is_some() || matches!(record.local, Local::Changed(_)) {
            work.turn
                .store
                .put_record(&self.bucket, &entity.key, record)?;
        } else {
            work.turn.store.remove_record(&self.bucket, &entity.key)?;
        }
        self.write_pending(entity, work)
    }

    /// Writes what is pending of an entity, and plans what is to be done.
    pub(super) fn write_pending(
        &mut self,
        entity: Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let Entity {
            key,
            pending,
            known_ccid,
            ..
        } = entity;
        let in_flight = self.flight.len();
        let ccid = pending.as_ref().and_then(|pending| pending.change.as_ref());
        let ccid = ccid.map(|change| change.ccid.clone());
        if known_ccid != ccid {
            self.put_off.remove(&key);
            self.doubtful.remove(&key);
            if let Some(old) = known_ccid {
                self.ccids.remove(old.as_str());
            }
            if let Some(new) = &ccid {
                self.ccids.insert(new.as_str().to_owned(), key.clone());
            }
        }
        match pending {
            Some(pending) => {
                match pending.state {
                    PendingState::Dirty => {
                        self.flight.remove(&key);
                        let at = self.rested(&key, work).max(pending.not_before);
                        self.dirty.set(&key, at);
                    }
                    PendingState::InFlight => {
                        self.dirty.remove(&key);
                        if !self.flight.contains(&key) {
                            self.flight.set(&key, pending.not_before);
                        }
                    }
                    _ => {
                        self.dirty.remove(&key);
                        self.flight.remove(&key);
                    }
                }
                work.turn.store.put_pending(&self.bucket, &key, pending)?;
                self.queued.insert(key.clone());
            }
            None => {
                self.dirty.remove(&key);
                self.flight.remove(&key);
                self.resting.remove(&key);
                if self.queued.remove(&key) {
                    work.turn.store.remove_pending(&self.bucket, &key)?;
                }
            }
        }
        if in_flight != self.flight.len() {
            work.shared.in_flight = work.shared.in_flight + self.flight.len() - in_flight;
            // It may have been what kept it from being read.
            if !self.flight.contains(&key) {
                self.ask_soon(&key, work);
            }
        }
        Ok(())
    }
}
