//! Reading the versions of an entity.

use std::collections::{BTreeSet, VecDeque};

use super::Channel;
use crate::model::Key;
use crate::protocol::{ClientCommand, EntityVersion};
use crate::store::{Json, StoreError};
use crate::syncer::machine::{Effect, Work};

/// Versions that are asked for at once.
const AT_ONCE: usize = 16;

/// Versions of an entity that are being read.
#[derive(Debug)]
pub(super) struct History {
    key: Key,
    /// Those that were not asked for, newest first.
    waiting: VecDeque<u64>,
    /// Those that were.
    asked: BTreeSet<u64>,
}

impl History {
    /// What was asked for is to be asked for again.
    pub(super) fn disconnected(&mut self) {
        for version in std::mem::take(&mut self.asked) {
            let at = self.waiting.partition_point(|waiting| *waiting > version);
            self.waiting.insert(at, version);
        }
    }
}

/// The versions that a server may keep when this one is the newest, newest
/// first.
fn kept(newest: u64, contiguous: u64, tenths: u64) -> VecDeque<u64> {
    let oldest = newest
        .saturating_sub(contiguous.max(1))
        .saturating_add(1)
        .max(1);
    let count = usize::try_from(tenths).unwrap_or(usize::MAX);
    let older = (1..oldest).rev().filter(|version| version % 10 == 1);
    (oldest..=newest).rev().chain(older.take(count)).collect()
}

impl Channel {
    /// Reads all versions of an entity.
    pub(in crate::syncer::machine) fn revisions(
        &mut self,
        key: &Key,
        work: &mut Work<'_, '_>,
    ) -> Result<(), StoreError> {
        let record = work.turn.store.record(&self.bucket, key)?;
        let newest = record
            .and_then(|record| record.version())
            .unwrap_or_default();
        let settings = &work.shared.settings;
        self.histories.push_back(History {
            key: key.clone(),
            waiting: kept(newest, settings.versions, settings.tenths),
            asked: BTreeSet::new(),
        });
        self.end_histories(work);
        Ok(())
    }

    /// Asks for versions, so many at once.
    pub(super) fn pump_histories(&mut self, work: &mut Work<'_, '_>) {
        let mut open: usize = self
            .histories
            .iter()
            .map(|history| history.asked.len())
            .sum();
        let mut wanted = Vec::new();
        for history in &mut self.histories {
            while open < AT_ONCE {
                let Some(version) = history.waiting.pop_front() else {
                    break;
                };
                history.asked.insert(version);
                wanted.push(EntityVersion::new(history.key.as_str(), version));
                open += 1;
            }
        }
        for wanted in wanted {
            self.send(ClientCommand::Entity(wanted), work);
        }
    }

    /// A version has come, or is not kept.
    pub(super) fn history_entry(
        &mut self,
        key: &Key,
        version: u64,
        object: Option<&Json>,
        work: &mut Work<'_, '_>,
    ) {
        let bucket = self.number;
        for history in &mut self.histories {
            if history.key == *key && history.asked.remove(&version) {
                work.effects.push(Effect::Revision {
                    bucket,
                    key: key.clone(),
                    version,
                    object: object.cloned(),
                });
            }
        }
        self.end_histories(work);
    }

    fn end_histories(&mut self, work: &mut Work<'_, '_>) {
        let bucket = self.number;
        self.histories.retain(|history| {
            let ended = history.waiting.is_empty() && history.asked.is_empty();
            if ended {
                let key = history.key.clone();
                work.effects.push(Effect::RevisionsEnd { bucket, key });
            }
            !ended
        });
    }
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn only_versions_that_a_server_keeps_are_asked_for() {
        assert!(kept(0, 60, 100).is_empty());
        assert_eq!(kept(3, 60, 100), [3, 2, 1]);
        let many: Vec<u64> = kept(75, 60, 100).into();
        assert_eq!(many[..60], (16..=75).rev().collect::<Vec<_>>());
        assert_eq!(many[60..], [11, 1]);
        let most = kept(5000, 60, 100);
        assert_eq!(most.len(), 160);
        assert_eq!(most.back(), Some(&3941));
    }
}
