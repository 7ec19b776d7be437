//! All or nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::super::{
    ConflictId, Generation, Pending, PendingState, Record, StoreError, StoreErrorKind, StoreExt,
    Transaction,
};
use super::behaviours;
use super::check::{
    Context, Outcome, Violation, conflict, full_pending, full_state, identity, key, notes, object,
    picture, same, synced, tags,
};
use crate::model::BucketName;

behaviours![
    what_was_written_is_read_inside_and_after,
    a_transaction_that_fails_changes_nothing,
    a_transaction_that_panics_changes_nothing,
    a_transaction_is_run_once,
    an_error_inside_is_the_error_outside,
    a_new_bucket_of_a_failed_transaction_is_forgotten,
    a_store_goes_on_after_a_failed_transaction,
    a_large_transaction_is_kept,
];

/// Something of every kind.
fn fill(context: &mut Context<'_>) -> Outcome {
    let owner = identity(Some("joe@example.com"))?;
    context.run(|tx| {
        tx.set_identity(&owner)?;
        tx.set_bucket(&notes(), &full_state())?;
        tx.put_record(&notes(), &key("a"), synced(1, "a"))?;
        tx.put_record(&notes(), &key("b"), synced(2, "b"))?;
        tx.put_pending(&notes(), &key("a"), full_pending("c1"))?;
        tx.put_pending(&notes(), &key("b"), Pending::default())?;
        tx.set_reload(&notes(), &key("a"), Some(9))?;
        tx.add_conflict(&notes(), conflict("a"))?;
        Ok(())
    })
}

/// A write of every kind over what `fill` wrote, and beside it.
fn spoil(tx: &mut dyn Transaction) -> Result<(), StoreError> {
    let mut owner = tx.identity()?;
    if let Some(owner) = &mut owner {
        owner.user = None;
        tx.set_identity(owner)?;
    }
    tx.set_bucket(&notes(), &Default::default())?;
    tx.set_bucket(&tags(), &full_state())?;
    tx.mark_seen(&notes(), &key("a"), Generation(8))?;
    tx.put_record(&notes(), &key("a"), Record::default())?;
    tx.put_record(&notes(), &key("c"), synced(3, "c"))?;
    tx.remove_record(&notes(), &key("b"))?;
    tx.remove_pending(&notes(), &key("a"))?;
    tx.put_pending(&notes(), &key("b"), full_pending("c2"))?;
    tx.put_pending(&notes(), &key("c"), full_pending("c3"))?;
    tx.set_reload(&notes(), &key("a"), None)?;
    tx.set_reload(&notes(), &key("c"), Some(4))?;
    tx.add_conflict(&notes(), conflict("c"))?;
    tx.remove_conflict(&notes(), ConflictId(1))?;
    tx.clear(&notes())?;
    tx.put_record(&notes(), &key("d"), synced(4, "d"))?;
    Ok(())
}

fn what_was_written_is_read_inside_and_after(context: &mut Context<'_>) -> Outcome {
    let record = synced(1, "a");
    let (inside, pending) = context.run(|tx| {
        tx.put_record(&notes(), &key("a"), record.clone())?;
        tx.put_pending(&notes(), &key("a"), full_pending("c"))?;
        Ok((
            tx.record(&notes(), &key("a"))?,
            tx.pending(&notes(), &key("a"))?,
        ))
    })?;
    let after = context.run(|tx| tx.record(&notes(), &key("a")))?;
    same("inside", &inside, &Some(record.clone()))?;
    same("pending inside", &pending, &Some(full_pending("c")))?;
    same("after", &after, &Some(record))
}

fn a_transaction_that_fails_changes_nothing(context: &mut Context<'_>) -> Outcome {
    fill(context)?;
    let before = picture(context)?;
    context.fail(spoil)?;
    same("what is there", &picture(context)?, &before)
}

fn a_transaction_that_panics_changes_nothing(context: &mut Context<'_>) -> Outcome {
    fill(context)?;
    let before = picture(context)?;
    let store = &mut *context.store;
    let result = catch_unwind(AssertUnwindSafe(|| {
        store.transaction(&mut |tx| {
            spoil(tx)?;
            // Without the message that a panic prints.
            resume_unwind(Box::new("on purpose"))
        })
    }));
    if let Ok(result) = result {
        return Err(Violation(format!("the panic was swallowed: {result:?}")));
    }
    same("what is there", &picture(context)?, &before)
}

fn a_transaction_is_run_once(context: &mut Context<'_>) -> Outcome {
    let mut runs = 0;
    context.store.transaction(&mut |_| {
        runs += 1;
        Ok(())
    })?;
    same("runs", &runs, &1)
}

fn an_error_inside_is_the_error_outside(context: &mut Context<'_>) -> Outcome {
    for kind in [StoreErrorKind::Mismatch, StoreErrorKind::Corrupt] {
        let error = context
            .store
            .run(|_| Err::<(), _>(StoreError::new(kind, "mine")));
        let kinds = error.map_err(|error| (error.kind(), error.to_string().ends_with(": mine")));
        same("the error", &kinds, &Err((kind, true)))?;
    }
    Ok(())
}

fn a_new_bucket_of_a_failed_transaction_is_forgotten(context: &mut Context<'_>) -> Outcome {
    context.fail(|tx| tx.put_record(&tags(), &key("a"), synced(1, "a")))?;
    // Another one may have its place by now.
    context.run(|tx| tx.put_record(&notes(), &key("b"), synced(1, "b")))?;
    context.run(|tx| tx.put_record(&tags(), &key("c"), synced(1, "c")))?;
    let found = context.run(|tx| {
        let mut keys = Vec::new();
        for bucket in [notes(), tags()] {
            for (key, _) in tx.records(&bucket, None, 10)? {
                keys.push(format!("{bucket}/{key}"));
            }
        }
        Ok(keys)
    })?;
    same("records", &found.join(" "), &"note/b tag/c".to_owned())
}

fn a_store_goes_on_after_a_failed_transaction(context: &mut Context<'_>) -> Outcome {
    for round in 0..3 {
        context.fail(spoil)?;
        let bucket = notes();
        context.run(|tx| {
            tx.put_record(&bucket, &key("a"), synced(round, "a"))?;
            tx.put_pending(&bucket, &key("a"), Pending::default())
        })?;
    }
    let record = context.run(|tx| tx.record(&notes(), &key("a")))?;
    same("the record", &record, &Some(synced(2, "a")))
}

fn a_large_transaction_is_kept(context: &mut Context<'_>) -> Outcome {
    let bucket = BucketName::fixed("note");
    let text = "x".repeat(500);
    context.run(|tx| {
        for n in 0..1500_u32 {
            // In no order, as keys are.
            let key = key(&format!("{:08x}", n.wrapping_mul(0x9e37_79b9)));
            tx.put_record(
                &bucket,
                &key,
                Record::synced(1, object(&text), Generation(1)),
            )?;
            tx.put_pending(&bucket, &key, Pending::default())?;
        }
        Ok(())
    })?;
    let counts = context.run(|tx| {
        Ok((
            tx.count_records(&bucket)?,
            tx.count_queue(&bucket, PendingState::Dirty)?,
        ))
    })?;
    same("counts", &counts, &(1500, 1500))
}
