//! Asking for what has happened, and knowing when all of it is here.
//!
//! What a channel is told while it waits for the answer to `cv:` looks just
//! like the answer. So the stored change version stays where it is until the
//! answer is known to be here: an empty list is one, and so is everything
//! before the answer to a question that was asked behind it.

use std::time::Duration;

use super::{Channel, Phase};
use crate::model::Cv;
use crate::protocol::{ClientCommand, EntityVersion};
use crate::store::{Millis, StoreError};
use crate::syncer::machine::{BucketEvent, Work};

/// An entity that nobody has, asked for to see when its answer comes.
const FENCE: &str = "rs%fence%";

/// The waiting for an answer to `cv:`.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    /// The last change that came, while the stored place is further back.
    pub(super) last: Option<Cv>,
    /// The version that was asked for behind `cv:`, and when.
    fence: Option<(u64, Millis)>,
    /// How many were asked for.
    fences: u64,
}

impl CatchUp {
    pub(super) fn disconnected(&mut self) {
        self.last = None;
        self.fence = None;
    }

    /// When the answer is no longer waited for.
    pub(super) fn overdue(&self, patience: Duration) -> Option<Millis> {
        self.fence.map(|(_, sent)| sent.after(patience))
    }
}

impl Channel {
    /// Asks for what has happened since the stored change version.
    pub(super) fn ask_changes(&mut self, work: &mut Work<'_, '_>) {
        self.ask_changes_after(self.state.cv.clone(), work);
    }

    /// Asks for what has happened since then, if that is known.
    pub(super) fn ask_changes_after(&mut self, cv: Option<Cv>, work: &mut Work<'_, '_>) {
        let Some(cv) = cv else {
            return;
        };
        self.phase = Phase::CatchingUp;
        self.send(ClientCommand::Changes(cv.as_str().to_owned()), work);
        self.send_fence(work);
    }

    pub(super) fn send_fence(&mut self, work: &mut Work<'_, '_>) {
        self.catch_up.fences += 1;
        let number = self.catch_up.fences;
        self.catch_up.fence = Some((number, work.now()));
        let fence = EntityVersion::new(FENCE, number);
        self.send(ClientCommand::Entity(fence), work);
    }

    /// Whether this is the answer to the question behind `cv:`. Then everything
    /// before it is here.
    pub(super) fn is_fence(
        &mut self,
        version: &EntityVersion,
        work: &mut Work<'_, '_>,
    ) -> Result<bool, StoreError> {
        if version.key != FENCE {
            return Ok(false);
        }
        let number = self.catch_up.fence.map(|(number, _)| number);
        if number == Some(version.version) {
            self.caught_up(work)?;
        }
        Ok(true)
    }

    /// A server that does not answer the question behind `cv:` has answered
    /// `cv:` long ago.
    pub(super) fn fence_overdue(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        let overdue = self.catch_up.overdue(work.shared.settings.acknowledge);
        if self.phase == Phase::CatchingUp && overdue.is_some_and(|at| at <= work.now()) {
            self.caught_up(work)?;
        }
        Ok(())
    }

    /// Everything that the server had is here.
    pub(super) fn caught_up(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if self.phase != Phase::CatchingUp {
            return Ok(());
        }
        self.catch_up.fence = None;
        self.phase = Phase::Live;
        self.advance_cv(work)?;
        if self.state.index_run.is_some() && !self.end_index(work)? {
            return Ok(());
        }
        self.ask_newest(work);
        self.event(BucketEvent::Ready, work);
        Ok(())
    }

    /// Moves the stored place to the last change, if all before it is here.
    pub(super) fn advance_cv(&mut self, work: &mut Work<'_, '_>) -> Result<(), StoreError> {
        if self.phase == Phase::Live {
            if let Some(cv) = self.catch_up.last.take() {
                self.state.cv = Some(cv);
                self.write_state(work)?;
            }
        }
        Ok(())
    }
}
