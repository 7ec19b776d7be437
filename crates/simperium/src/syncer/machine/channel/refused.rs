//! What to do when the server refuses a change.

use std::time::Duration;

use super::entity::Entity;
use super::reload::NEWEST;
use super::{Channel, Phase};
use crate::model::ChangeErrorCode;
use crate::protocol::Refusal;
use crate::store::{Ghost, Millis, Pending, PendingState, QueuedChange, StoreError};
use crate::syncer::machine::{BucketEvent, Effect, Work, check, merge};

/// Refusals of one object in a row, each answered by another change, after
/// which it is given up.
const GIVE_UP: u32 = 4;
/// The first wait when the server could not take a change.
const BUSY: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_BUSY: Duration = Duration::from_secs(60);
/// The first wait for what an object refers to.
const FOREIGN: Duration = Duration::from_secs(30);
/// The longest.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl Channel {
    /// The server refuses a change. Those that are not in flight (any more) are
    /// of no interest.
    pub(super) fn refused(
        &mut self,
        refusal: &Refusal,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        for ccid in &refusal.ccids {
            let Some(key) = self.ccids.get(ccid).cloned() else {
                continue;
            };
            let entity = self.read(&key, work)?;
            if entity.state() != Some(PendingState::InFlight) {
                continue;
            }
            if let Some(change) = entity.change().cloned() {
                self.refused_with(entity, &change, refusal.code, work)?;
            }
        }
        Ok(())
    }

    fn refused_with(
        &mut self,
        mut entity: Entity,
        change: &QueuedChange,
        code: ChangeErrorCode,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let attempts = note(&mut entity, code);
        let deletes = Self::is_deletion(&entity);
        let is_doubtful = self.doubtful.contains(&entity.key);
        match code {
            ChangeErrorCode::Duplicate => self.duplicate(entity, work),
            ChangeErrorCode::Server(_) => self.busy(entity, code, attempts, work),
            ChangeErrorCode::Unauthorized if attempts < 2 => self.unauthorized(entity, work),
            _ if deletes && is_superseded(&entity, change) => {
                self.bad_version(entity, change, work)
            }
            _ if deletes && attempts < GIVE_UP && is_no_such_thing(code) => {
                self.already_deleted(entity, change, work)
            }
            // As is known here, too: it was deleted meanwhile.
            ChangeErrorCode::NotFound if !deletes && is_gone(&entity, change) => {
                self.not_found(entity, work)
            }
            _ if is_doubtful => self.doubtful(entity, code, attempts, work),
            ChangeErrorCode::Unchanged if !deletes => self.unchanged(entity, change, work),
            ChangeErrorCode::ExpectationFailed => {
                redo(
                    &mut entity,
                    true,
                    wait(work, FOREIGN, LONGEST_WAIT, attempts),
                );
                self.write(entity, work)
            }
            ChangeErrorCode::NotFound
            | ChangeErrorCode::BadVersion
            | ChangeErrorCode::InvalidDiff
                if attempts >= GIVE_UP =>
            {
                self.park(&mut entity, change, code, work)?;
                self.write(entity, work)
            }
            ChangeErrorCode::NotFound => self.not_found(entity, work),
            ChangeErrorCode::BadVersion => self.bad_version(entity, change, work),
            ChangeErrorCode::InvalidDiff => {
                // Once as a whole; then as a difference from what is there.
                let is_full = attempts % 2 == 1;
                redo(&mut entity, is_full, Millis::default());
                if !is_full {
                    self.want(&entity.key, NEWEST, work)?;
                }
                self.write(entity, work)
            }
            _ => {
                self.park(&mut entity, change, code, work)?;
                self.write(entity, work)
            }
        }
    }

    /// 404 or 412 to a deletion: there is nothing to be deleted.
    fn already_deleted(
        &mut self,
        mut entity: Entity,
        change: &QueuedChange,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if entity.record.ghost.is_some() {
            // As far as is known here, there is.
            return self.duplicate(entity, work);
        }
        self.acknowledge(&entity, &change.ccid, None, work);
        self.deletion_done(&mut entity, work)?;
        self.write(entity, work)
    }

    /// 404: there is no such entity, or no such version.
    fn not_found(&mut self, mut entity: Entity, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if entity.record.ghost.is_some() {
            // As far as is known here, there is: which of the two, its newest
            // version tells.
            redo(&mut entity, true, Millis::default());
            self.want(&entity.key, NEWEST, work)?;
            return self.write(entity, work);
        }
        let before = entity.object().cloned();
        self.deleted_remotely(&mut entity, work)?;
        self.tell_change(&entity, before, true, None, work)?;
        self.write(entity, work)
    }

    /// 409: the server has the change, but has not said what it made of it.
    fn duplicate(&mut self, mut entity: Entity, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if let Some(pending) = &mut entity.pending {
            pending.state = PendingState::Acknowledged;
        }
        self.want(&entity.key, NEWEST, work)?;
        self.write_pending(entity, work)?;
        // What it made of it may be on its way still.
        if self.phase == Phase::Live {
            self.ask_changes(work);
        }
        Ok(())
    }

    /// Refused, but sent before without an answer: the server may have made it
    /// then, and only its versions tell.
    fn doubtful(
        &mut self,
        mut entity: Entity,
        code: ChangeErrorCode,
        attempts: u32,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        if let Some(pending) = &mut entity.pending {
            // So it is made again, if it was not.
            pending.full = matches!(
                code,
                ChangeErrorCode::NotFound
                    | ChangeErrorCode::ExpectationFailed
                    | ChangeErrorCode::InvalidDiff
            );
            if code == ChangeErrorCode::ExpectationFailed {
                pending.not_before = wait(work, FOREIGN, LONGEST_WAIT, attempts);
            }
        }
        self.duplicate(entity, work)
    }

    /// 5xx: the same change again, later.
    fn busy(
        &mut self,
        mut entity: Entity,
        code: ChangeErrorCode,
        attempts: u32,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let at = wait(work, BUSY, LONGEST_BUSY, attempts);
        if code == ChangeErrorCode::Server(503) {
            work.shared.pace.busy(work.turn.now);
            self.put_off.insert(entity.key.clone());
        }
        if let Some(pending) = &mut entity.pending {
            pending.not_before = at;
        }
        self.flight.set(&entity.key, at);
        self.write_pending(entity, work)
    }

    /// 401: the same change again, once, with another token.
    fn unauthorized(&mut self, entity: Entity, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        self.put_off.insert(entity.key.clone());
        self.write_pending(entity, work)?;
        if self.phase != Phase::Closed {
            self.disconnected();
            let renew_token = true;
            work.effects.push(Effect::Reconnect { renew_token });
        }
        Ok(())
    }

    /// 412: the server has it all already.
    fn unchanged(
        &mut self,
        mut entity: Entity,
        change: &QueuedChange,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let Some(ghost) = entity.record.ghost.clone() else {
            // Whatever it has, it is not here.
            return self.duplicate(entity, work);
        };
        self.acknowledge(&entity, &change.ccid, None, work);
        let before = entity.object().cloned();
        let now = merge::value(&ghost.data)?;
        let sent = change.sent.as_ref().map(merge::value).transpose()?;
        let lost = sent.map(|sent| check::not_made(&sent, &now));
        let lost = lost.unwrap_or_default();
        if !lost.is_empty() {
            // It says so, and it is not as this device wants it: better told
            // than sent for ever.
            self.lost_by_server(&mut entity, None, change, now, lost, work)?;
        }
        if let Some(pending) = &mut entity.pending {
            pending.state = PendingState::Acknowledged;
        }
        self.stands_on(&mut entity, ghost, work)?;
        self.tell_change(&entity, before, true, None, work)?;
        self.write(entity, work)
    }

    /// What was sent is what the server has.
    fn stands_on(
        &mut self,
        entity: &mut Entity,
        ghost: Ghost,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        match entity.object() {
            None => entity.queue(Pending::default()),
            Some(_) => {
                entity.record.seen = self.generation();
                self.advance(entity, ghost, None, work)?;
            }
        }
        Ok(())
    }

    /// 405: the change is for a version that is not the newest, or is not kept.
    fn bad_version(
        &mut self,
        mut entity: Entity,
        change: &QueuedChange,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let before = entity.object().cloned();
        let is_known = entity.record.version() != change.sv;
        if is_known && before.is_none() && Self::is_deletion(&entity) {
            self.edited_remotely(&mut entity, work)?;
            self.tell_change(&entity, before, true, None, work)?;
        }
        redo(&mut entity, false, Millis::default());
        // What came meanwhile is in the object already, unless nothing came.
        if !is_known {
            self.want(&entity.key, NEWEST, work)?;
        }
        self.write(entity, work)
    }

    /// The server will not have it: it waits until it is another.
    pub(super) fn park(
        &mut self,
        entity: &mut Entity,
        change: &QueuedChange,
        code: ChangeErrorCode,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let pending = entity.pending.get_or_insert_default();
        if pending.edited {
            // It is another already.
            redo(entity, false, Millis::default());
            return Ok(());
        }
        pending.state = PendingState::Parked;
        pending.change = None;
        if entity.is_same() {
            // What it was to do, others have done.
            entity.pending = None;
            return Ok(());
        }
        let rejected = BucketEvent::Rejected {
            key: entity.key.clone(),
            ccid: change.ccid.clone(),
            code,
            object: change.sent.clone(),
        };
        self.event(rejected, work);
        Ok(())
    }
}

/// Whether the server will not have a change for what is in it, whenever it is
/// sent.
pub(super) fn is_final(code: ChangeErrorCode) -> bool {
    !matches!(
        code,
        ChangeErrorCode::NotFound
            | ChangeErrorCode::BadVersion
            | ChangeErrorCode::Duplicate
            | ChangeErrorCode::Unchanged
            | ChangeErrorCode::ExpectationFailed
            | ChangeErrorCode::InvalidDiff
            | ChangeErrorCode::Server(_)
    )
}

fn is_no_such_thing(code: ChangeErrorCode) -> bool {
    matches!(code, ChangeErrorCode::NotFound | ChangeErrorCode::Unchanged)
}

/// Whether the version that a change deletes is not the newest any more, so that
/// it would take with it what nobody here has seen.
fn is_superseded(entity: &Entity, change: &QueuedChange) -> bool {
    entity.object().is_none() && entity.record.version() > change.sv
}

/// Whether there is nothing any more of what a change was made of.
fn is_gone(entity: &Entity, change: &QueuedChange) -> bool {
    entity.record.ghost.is_none() && change.sv.is_some()
}

/// Notes a refusal, and returns which one in a row it is.
fn note(entity: &mut Entity, code: ChangeErrorCode) -> u32 {
    let Some(pending) = &mut entity.pending else {
        return 1;
    };
    pending.attempts = match pending.last_error {
        Some(last) if kind(last) == kind(code) => pending.attempts.saturating_add(1),
        _ => 1,
    };
    pending.last_error = Some(code);
    pending.attempts
}

/// Codes that count as the same when they come one after the other: those that
/// are each answered by another change would take turns for ever.
fn kind(code: ChangeErrorCode) -> u16 {
    match code {
        ChangeErrorCode::NotFound | ChangeErrorCode::BadVersion => 440,
        ChangeErrorCode::Server(_) => 500,
        code => code.code(),
    }
}

/// Makes another change of the object as it is.
fn redo(entity: &mut Entity, full: bool, not_before: Millis) {
    let pending = entity.pending.take().unwrap_or_default();
    entity.queue(Pending {
        full,
        not_before,
        ..pending
    });
}

fn wait(work: &Work<'_, '_>, first: Duration, longest: Duration, attempts: u32) -> Millis {
    let doubled = 1_u32 << attempts.saturating_sub(1).min(10);
    work.now().after(first.saturating_mul(doubled).min(longest))
}
