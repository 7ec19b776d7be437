//! Stores that are broken on purpose: the suite finds each one out.

use std::collections::HashMap;
use std::fmt;

use simperium::model::{BucketName, Key};
use simperium::store::{
    BucketState, ConflictCopy, ConflictId, Generation, Identity, Local, MemoryStore, Pending,
    PendingState, Place, Record, Store, StoreError, StoreErrorKind, StoreExt, Transaction, Work,
    kit,
};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    KeepsWhatFailed,
    KeepsWhatPanicked,
    RunsTwice,
    HasErrorsOfItsOwn,
    ForgetsTheOwner,
    ForgetsTheMark,
    LosesGhosts,
    TidiesTexts,
    RestoresDeleted,
    LowersNames,
    ListsFromTheStart,
    ListsTooMuch,
    TakesTheQueueAlong,
    MarksByHalf,
    SeesAll,
    CountsAllBuckets,
    MovesRewritten,
    MixesStates,
    LosesTheChange,
    WritesTheChangeAnew,
    ForgetsReloads,
    ForgetsTexts,
    ClearsAll,
    ClearsLittle,
}

impl Defect {
    const ALL: [(Self, &'static str); 24] = [
        (
            Self::KeepsWhatFailed,
            "a_transaction_that_fails_changes_nothing",
        ),
        (
            Self::KeepsWhatPanicked,
            "a_transaction_that_panics_changes_nothing",
        ),
        (Self::RunsTwice, "a_transaction_is_run_once"),
        (
            Self::HasErrorsOfItsOwn,
            "an_error_inside_is_the_error_outside",
        ),
        (Self::ForgetsTheOwner, "the_owner_is_kept"),
        (Self::ForgetsTheMark, "how_far_a_bucket_is_is_kept"),
        (Self::LosesGhosts, "every_form_of_a_record_is_kept"),
        (Self::TidiesTexts, "texts_are_kept_byte_by_byte"),
        (Self::RestoresDeleted, "every_form_of_a_record_is_kept"),
        (Self::LowersNames, "buckets_do_not_mix"),
        (
            Self::ListsFromTheStart,
            "records_come_in_pages_in_the_order_of_bytes",
        ),
        (Self::ListsTooMuch, "the_queue_comes_in_pages"),
        (
            Self::TakesTheQueueAlong,
            "a_removed_record_is_gone_and_its_queue_stays",
        ),
        (Self::MarksByHalf, "marking_as_seen_leaves_the_rest"),
        (Self::SeesAll, "the_unseen_are_those_of_earlier_generations"),
        (Self::CountsAllBuckets, "records_are_counted"),
        (Self::MovesRewritten, "a_rewritten_one_keeps_its_place"),
        (Self::MixesStates, "the_queue_of_a_state_holds_that_state"),
        (
            Self::LosesTheChange,
            "every_form_of_what_is_pending_is_kept",
        ),
        (Self::WritesTheChangeAnew, "the_bytes_of_a_change_are_kept"),
        (Self::ForgetsReloads, "reloads_are_kept_until_done"),
        (Self::ForgetsTexts, "every_form_of_a_conflict_is_kept"),
        (Self::ClearsAll, "clearing_a_bucket_leaves_the_others"),
        (Self::ClearsLittle, "a_cleared_bucket_is_empty"),
    ];
}

struct Broken {
    inner: MemoryStore,
    defect: Defect,
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.defect.fmt(f)
    }
}

impl Store for Broken {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let defect = self.defect;
        let mut outcome = None;
        self.inner.run(|tx| {
            let mut tx = Spoiled { tx, defect };
            match defect {
                Defect::KeepsWhatFailed => outcome = Some(work(&mut tx)),
                Defect::KeepsWhatPanicked => {
                    let work = std::panic::AssertUnwindSafe(|| work(&mut tx));
                    outcome = Some(match std::panic::catch_unwind(work) {
                        Ok(Ok(())) => Ok(()),
                        Ok(Err(error)) => return Err(error),
                        Err(_) => Ok(()),
                    });
                }
                Defect::RunsTwice => {
                    let _ = work(&mut tx);
                    // A second time, for those that can be.
                    let _ = work(&mut tx);
                }
                Defect::HasErrorsOfItsOwn => {
                    return work(&mut tx)
                        .map_err(|_| StoreError::new(StoreErrorKind::Other, "failed"));
                }
                _ => return work(&mut tx),
            }
            Ok(())
        })?;
        outcome.unwrap_or(Ok(()))
    }
}

struct Spoiled<'a> {
    tx: &'a mut dyn Transaction,
    defect: Defect,
}

impl Spoiled<'_> {
    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn name(&self, bucket: &BucketName) -> BucketName {
        match self.defect {
            Defect::LowersNames => BucketName::new(bucket.as_str().to_lowercase()).unwrap(),
            _ => bucket.clone(),
        }
    }

    fn spoil(&self, mut record: Record) -> Record {
        match self.defect {
            Defect::LosesGhosts if record.local == Local::Deleted => record.ghost = None,
            Defect::RestoresDeleted if record.local == Local::Deleted => {
                record.local = Local::Same;
            }
            Defect::TidiesTexts => {
                if let Some(ghost) = &mut record.ghost {
                    let value: serde_json::Value = match ghost.data.decode() {
                        Ok(value) => value,
                        Err(_) => return record,
                    };
                    ghost.data = simperium::store::Json::of(&value).unwrap();
                }
            }
            _ => {}
        }
        record
    }
}

type Result<T, E = StoreError> = std::result::Result<T, E>;

impl Transaction for Spoiled<'_> {
    fn identity(&mut self) -> Result<Option<Identity>> {
        self.tx.identity()
    }

    fn set_identity(&mut self, identity: &Identity) -> Result<()> {
        let mut identity = identity.clone();
        if self.is(Defect::ForgetsTheOwner) {
            identity.user = None;
        }
        self.tx.set_identity(&identity)
    }

    fn bucket(&mut self, bucket: &BucketName) -> Result<BucketState> {
        self.tx.bucket(&self.name(bucket))
    }

    fn set_bucket(&mut self, bucket: &BucketName, state: &BucketState) -> Result<()> {
        let mut state = state.clone();
        if let (Defect::ForgetsTheMark, Some(run)) = (self.defect, &mut state.index_run) {
            run.mark = None;
        }
        self.tx.set_bucket(&self.name(bucket), &state)
    }

    fn record(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Record>> {
        self.tx.record(&self.name(bucket), key)
    }

    fn put_record(&mut self, bucket: &BucketName, key: &Key, record: Record) -> Result<()> {
        let record = self.spoil(record);
        self.tx.put_record(&self.name(bucket), key, record)
    }

    fn remove_record(&mut self, bucket: &BucketName, key: &Key) -> Result<()> {
        if self.is(Defect::TakesTheQueueAlong) {
            self.tx.remove_pending(bucket, key)?;
        }
        self.tx.remove_record(&self.name(bucket), key)
    }

    fn records(
        &mut self,
        bucket: &BucketName,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, Record)>> {
        let after = after.filter(|_| !self.is(Defect::ListsFromTheStart));
        self.tx.records(&self.name(bucket), after, limit)
    }

    fn count_records(&mut self, bucket: &BucketName) -> Result<u64> {
        let mut count = self.tx.count_records(&self.name(bucket))?;
        if self.is(Defect::CountsAllBuckets) && bucket.as_str() != "tag" {
            count += self.tx.count_records(&BucketName::new("tag").unwrap())?;
        }
        Ok(count)
    }

    fn mark_seen(&mut self, bucket: &BucketName, key: &Key, generation: Generation) -> Result<()> {
        if self.is(Defect::MarksByHalf) {
            if let Some(record) = self.tx.record(bucket, key)? {
                let seen = Record {
                    seen: generation,
                    local: Local::Same,
                    ..record
                };
                return self.tx.put_record(bucket, key, seen);
            }
        }
        self.tx.mark_seen(&self.name(bucket), key, generation)
    }

    fn unseen(
        &mut self,
        bucket: &BucketName,
        generation: Generation,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Key>> {
        if self.is(Defect::SeesAll) {
            return Ok(Vec::new());
        }
        self.tx.unseen(&self.name(bucket), generation, after, limit)
    }

    fn pending(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<Pending>> {
        self.tx.pending(&self.name(bucket), key)
    }

    fn put_pending(
        &mut self,
        bucket: &BucketName,
        key: &Key,
        mut pending: Pending,
    ) -> Result<Place> {
        match self.defect {
            Defect::MovesRewritten => self.tx.remove_pending(bucket, key)?,
            Defect::LosesTheChange if !pending.edited => pending.change = None,
            Defect::WritesTheChangeAnew => {
                if let Some(change) = &mut pending.change {
                    let value: serde_json::Value = change.payload.decode().unwrap();
                    change.payload = simperium::store::Json::of(&value).unwrap();
                }
            }
            _ => {}
        }
        self.tx.put_pending(&self.name(bucket), key, pending)
    }

    fn remove_pending(&mut self, bucket: &BucketName, key: &Key) -> Result<()> {
        self.tx.remove_pending(&self.name(bucket), key)
    }

    fn queue(
        &mut self,
        bucket: &BucketName,
        state: PendingState,
        after: Place,
        limit: usize,
    ) -> Result<Vec<(Place, Key, Pending)>> {
        let state = match (self.defect, state) {
            (Defect::MixesStates, PendingState::Parked) => PendingState::Dirty,
            _ => state,
        };
        let limit = match self.defect {
            Defect::ListsTooMuch => limit.saturating_add(1),
            _ => limit,
        };
        self.tx.queue(&self.name(bucket), state, after, limit)
    }

    fn count_queue(&mut self, bucket: &BucketName, state: PendingState) -> Result<u64> {
        self.tx.count_queue(&self.name(bucket), state)
    }

    fn set_reload(&mut self, bucket: &BucketName, key: &Key, version: Option<u64>) -> Result<()> {
        let version = version.filter(|_| !self.is(Defect::ForgetsReloads));
        self.tx.set_reload(&self.name(bucket), key, version)
    }

    fn reload(&mut self, bucket: &BucketName, key: &Key) -> Result<Option<u64>> {
        self.tx.reload(&self.name(bucket), key)
    }

    fn reloads(
        &mut self,
        bucket: &BucketName,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, u64)>> {
        self.tx.reloads(&self.name(bucket), after, limit)
    }

    fn add_conflict(&mut self, bucket: &BucketName, mut copy: ConflictCopy) -> Result<ConflictId> {
        if self.is(Defect::ForgetsTexts) {
            copy.base = None;
        }
        self.tx.add_conflict(&self.name(bucket), copy)
    }

    fn conflicts(
        &mut self,
        bucket: &BucketName,
        after: ConflictId,
        limit: usize,
    ) -> Result<Vec<(ConflictId, ConflictCopy)>> {
        self.tx.conflicts(&self.name(bucket), after, limit)
    }

    fn remove_conflict(&mut self, bucket: &BucketName, id: ConflictId) -> Result<()> {
        self.tx.remove_conflict(&self.name(bucket), id)
    }

    fn clear(&mut self, bucket: &BucketName) -> Result<()> {
        match self.defect {
            Defect::ClearsAll => {
                for name in ["note", "tag"] {
                    self.tx.clear(&BucketName::new(name).unwrap())?;
                }
                Ok(())
            }
            Defect::ClearsLittle => {
                for (key, _) in self.tx.records(bucket, None, usize::MAX)? {
                    self.tx.remove_record(bucket, &key)?;
                }
                Ok(())
            }
            _ => self.tx.clear(&self.name(bucket)),
        }
    }
}

#[test]
fn each_broken_store_is_found_out() {
    for (defect, found_by) in Defect::ALL {
        let mut stores = HashMap::<_, MemoryStore>::new();
        let report = kit::run(|name| Broken {
            inner: stores.entry(name).or_default().clone(),
            defect,
        });
        let failed = report.failed_names();
        assert!(failed.contains(&found_by), "{defect:?}: {report}");
        // Not for something that is wrong everywhere.
        if defect != Defect::RunsTwice {
            assert!(
                failed.len() < kit::names().len() / 2,
                "{defect:?}: {report}"
            );
        }
    }
}

#[test]
fn a_store_that_loses_all_when_it_is_closed_is_found_out() {
    let report = kit::run(|_| MemoryStore::new());
    // But for the behaviours that leave nothing behind.
    assert!(report.failed().len() > kit::names().len() / 2, "{report}");
    assert!(report.failed_names().contains(&"the_owner_is_kept"));
}
