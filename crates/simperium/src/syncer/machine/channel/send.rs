//! What is sent, and when.

use sync_core::json::RawJson;

use super::entity::Entity;
use super::{Channel, Phase};
use crate::protocol::{ClientChange, Operation};
use crate::store::{Json, Pending, PendingState, QueuedChange, StoreError, StoreErrorKind};
use crate::syncer::machine::{Effect, Work, merge};

impl Channel {
    /// Sends what there is to send now.
    pub(in crate::syncer::machine) fn pump(
        &mut self,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if !self.is_open() {
            return Ok(());
        }
        self.pump_reloads(work);
        if matches!(self.phase, Phase::CatchingUp | Phase::Live) {
            self.pump_flight(work)?;
        }
        if self.phase == Phase::Live {
            self.pump_dirty(work)?;
            self.pump_histories(work);
        }
        Ok(())
    }

    /// Sends changes again that the server has not answered, as they were.
    fn pump_flight(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let now = work.now();
        let again = now.after(work.shared.settings.acknowledge);
        while let Some(key) = self.flight.due(now) {
            if !work.shared.pace.take(now) {
                return Ok(());
            }
            let entity = self.read(&key, work)?;
            self.flight.set(&key, again);
            if !self.put_off.remove(&key) {
                self.doubtful.insert(key);
            }
            if let Some(change) = entity.change() {
                self.send_change(&change.payload, work);
            }
        }
        Ok(())
    }

    fn send_change(&self, payload: &Json, work: &mut Work<'_, '_>) {
        let frame = format!("{}:c:{}", self.number, payload.as_str());
        work.effects.push(Effect::Send(frame));
    }

    /// Makes changes of what was edited, and sends them.
    fn pump_dirty(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let now = work.now();
        while let Some(key) = self.dirty.due(now) {
            if self.is_wanted(&key) {
                // It is planned again once it is read.
                self.dirty.remove(&key);
                continue;
            }
            if work.shared.in_flight >= work.shared.settings.in_flight
                || !work.shared.pace.take(now)
            {
                return Ok(());
            }
            self.resting.remove(&key);
            let entity = self.read(&key, work)?;
            self.send_entity(entity, work)?;
        }
        Ok(())
    }

    fn send_entity(
        &mut self,
        mut entity: Entity,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let full = entity.pending.as_ref().is_some_and(|pending| pending.full);
        let Some(change) = self.change_of(&entity, full, work)? else {
            // It is as the server has it after all.
            entity.pending = None;
            let object = entity.object().cloned();
            entity.set_object(object)?;
            return self.write(entity, work);
        };
        self.send_change(&change.payload, work);
        let key = entity.key.clone();
        let pending = entity.pending.take().unwrap_or_default();
        entity.pending = Some(Pending {
            state: PendingState::InFlight,
            change: Some(change),
            edited: false,
            ..pending
        });
        self.write_pending(entity, work)?;
        let again = work.now().after(work.shared.settings.acknowledge);
        self.flight.set(&key, again);
        Ok(())
    }

    /// The change that makes the server's object the user's.
    fn change_of(
        &self,
        entity: &Entity,
        full: bool,
        work: &mut Work<'_, '_>,
    ) -> Result<Option<QueuedChange>, StoreError> {
        if entity.is_same() {
            return Ok(None);
        }
        let sv = entity.record.version();
        let Some(object) = entity.object() else {
            return self
                .queued_change(entity, Operation::Delete, sv, None, None, work)
                .map(Some);
        };
        let modify = Operation::Modify;
        let base = entity.ghost_value()?;
        let old = base.as_ref().cloned().unwrap_or_else(merge::empty);
        let diff = merge::diff(&old, &merge::value(object)?);
        let change = match diff {
            // Nothing that the server would see.
            Some(diff) if diff.is_empty() && base.is_some() => return Ok(None),
            Some(diff) if !full => {
                let diff = serde_json::value::to_raw_value(&diff).map_err(|error| {
                    StoreError::new(StoreErrorKind::Other, "a difference that cannot be written")
                        .with_source(error)
                })?;
                self.queued_change(entity, modify, sv, Some(diff.into()), None, work)?
            }
            _ => {
                let whole = serde_json::from_str::<RawJson>(object.as_str()).map_err(|_| {
                    StoreError::new(StoreErrorKind::Corrupt, "what is kept is no object")
                })?;
                self.queued_change(entity, modify, sv, None, Some(whole), work)?
            }
        };
        Ok(Some(change))
    }

    fn queued_change(
        &self,
        entity: &Entity,
        operation: Operation,
        sv: Option<u64>,
        v: Option<RawJson>,
        d: Option<RawJson>,
        work: &mut Work<'_, '_>,
    ) -> Result<QueuedChange, StoreError> {
        let ccid = (work.turn.ccids)();
        let change = ClientChange {
            id: entity.key.as_str().to_owned(),
            operation: operation.clone(),
            ccid: ccid.as_str().to_owned(),
            sv,
            v,
            d,
        };
        let payload = serde_json::to_string(&change).map_err(|error| {
            StoreError::new(StoreErrorKind::Other, "a change that cannot be written")
                .with_source(error)
        })?;
        Ok(QueuedChange {
            ccid,
            operation,
            sv,
            payload: Json::stored(payload),
            sent: entity.object().cloned(),
        })
    }
}
