//! Conflicts: decided, kept, told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::Channel;
use super::entity::Entity;
use crate::jsondiff::{Lost, LostKind};
use crate::model::Key;
use crate::store::{ConflictCopy, ConflictKind, QueuedChange, StoreError};
use crate::syncer::machine::{BucketEvent, Conflict, DeletePolicy, Work, check, merge};
use crate::syncer::{Dispute, Resolution, Resolver};

/// Two sides that cannot both be kept, and what would become of them.
#[derive(Debug)]
pub(super) struct Clash {
    pub(super) kind: ConflictKind,
    pub(super) base: Option<Value>,
    pub(super) local: Option<Value>,
    pub(super) remote: Option<Value>,
    pub(super) merged: Option<Value>,
    pub(super) lost: Vec<Lost>,
    /// Whether a copy is kept of it, whatever becomes of the object.
    pub(super) is_dear: bool,
}

impl Clash {
    /// Two objects that were merged.
    pub(super) fn merge(
        base: Option<Value>,
        local: Value,
        remote: Value,
        merged: Value,
        lost: Vec<Lost>,
    ) -> Self {
        let is_text = |lost: &Lost| match &lost.kind {
            LostKind::Text { inserted, .. } => !inserted.is_empty(),
            _ => false,
        };
        let kind = match lost.iter().any(is_text) {
            true => ConflictKind::LostText,
            false => ConflictKind::Overwritten,
        };
        Self {
            kind,
            base,
            local: Some(local),
            remote: Some(remote),
            merged: Some(merged),
            is_dear: merge::is_dear(&lost),
            lost,
        }
    }

    /// One side has deleted what the other has edited.
    pub(super) fn deletion(
        base: Option<Value>,
        local: Option<Value>,
        remote: Option<Value>,
        policy: DeletePolicy,
    ) -> Self {
        let (kind, edited) = match &local {
            Some(local) => (ConflictKind::DeletedRemotely, Some(local)),
            None => (ConflictKind::DeletedLocally, remote.as_ref()),
        };
        Self {
            kind,
            merged: edited.filter(|_| policy == DeletePolicy::EditWins).cloned(),
            base,
            local,
            remote,
            lost: Vec::new(),
            is_dear: false,
        }
    }
}

impl Channel {
    /// Decides a conflict, keeps what would be gone otherwise, tells of it, and
    /// returns what becomes of the object.
    pub(super) fn decide(
        &mut self,
        key: &Key,
        clash: Clash,
        work: &mut Work<'_, '_>,
    ) -> Result<Option<Value>, StoreError> {
        let resolution = match &work.shared.resolver {
            None => Resolution::Merged,
            Some(resolver) => ask(
                &**resolver,
                &Dispute {
                    bucket: &self.bucket,
                    key,
                    base: clash.base.as_ref(),
                    local: clash.local.as_ref(),
                    remote: clash.remote.as_ref(),
                    merged: clash.merged.as_ref(),
                    lost: &clash.lost,
                },
            ),
        };
        let result = match resolution {
            Resolution::Local => clash.local.clone(),
            Resolution::Remote => clash.remote.clone(),
            Resolution::Object(object) if object.is_object() => Some(object),
            _ => clash.merged.clone(),
        };
        let is_at_stake = match &result {
            // The other side was deleted: there was nothing in it.
            Some(result) if clash.lost.is_empty() => {
                let sides = [&clash.local, &clash.remote];
                sides.into_iter().flatten().count() == 2 && clash.merged.as_ref() != Some(result)
            }
            Some(result) => clash.merged.as_ref() != Some(result) || clash.is_dear,
            None => true,
        };
        let json = |value: Option<Value>| value.as_ref().map(merge::json).transpose();
        let mut conflict = Conflict {
            key: key.clone(),
            kind: clash.kind,
            base: json(clash.base)?,
            local: json(clash.local)?,
            remote: json(clash.remote)?,
            result: result.as_ref().map(merge::json).transpose()?,
            lost: clash.lost,
            copy: None,
        };
        if is_at_stake {
            let copy = ConflictCopy {
                key: key.clone(),
                kind: conflict.kind,
                at: work.now(),
                base: conflict.base.clone(),
                local: conflict.local.clone(),
                remote: conflict.remote.clone(),
                result: conflict.result.clone(),
            };
            conflict.copy = Some(work.turn.store.add_conflict(&self.bucket, copy)?);
        }
        self.event(BucketEvent::Conflict(Box::new(conflict)), work);
        Ok(result)
    }

    /// The server has made a change, and left out some of what it wrote. The
    /// object becomes what is decided; what the user has edited since is not
    /// touched.
    pub(super) fn lost_by_server(
        &mut self,
        entity: &mut Entity,
        base: Option<Value>,
        change: &QueuedChange,
        remote: Value,
        lost: Vec<Lost>,
        work: &mut Work<'_, '_>,
    ) -> Result<Option<Value>, StoreError> {
        let sent = change.sent.as_ref().map(merge::value).transpose()?;
        let local = sent.unwrap_or_else(merge::empty);
        let clash = Clash {
            kind: ConflictKind::LostText,
            base,
            local: Some(local),
            merged: Some(remote.clone()),
            remote: Some(remote),
            // Whatever it is, two have agreed upon it.
            is_dear: lost.iter().any(check::is_written),
            lost,
        };
        self.decide(&entity.key, clash, work)
    }
}

/// What a resolver says. One that panics would do so at the same object for
/// ever, and nothing else would be synced any more: it has said nothing.
fn ask(resolver: &dyn Resolver, dispute: &Dispute<'_>) -> Resolution {
    catch_unwind(AssertUnwindSafe(|| resolver.resolve(dispute))).unwrap_or_else(|_| {
        tracing::error!(bucket = %dispute.bucket, key = %dispute.key, "the resolver has panicked");
        Resolution::Merged
    })
}
