//! What is to be read anew, conflicts, and buckets that are forgotten.

use super::super::{
    BucketState, ConflictCopy, ConflictId, ConflictKind, Pending, PendingState, Place,
};
use super::behaviours;
use super::check::{
    Context, Outcome, conflict, full_pending, full_state, identity, key, notes, same, synced, tags,
};

behaviours![
    reloads_are_kept_until_done,
    reloads_come_in_pages,
    every_form_of_a_conflict_is_kept,
    conflicts_come_in_the_order_of_their_numbers,
    a_number_of_a_conflict_is_never_given_twice,
    a_cleared_bucket_is_empty,
    clearing_a_bucket_leaves_the_others,
];

fn reloads_are_kept_until_done(context: &mut Context<'_>) -> Outcome {
    context.run(|tx| {
        tx.set_reload(&notes(), &key("a"), Some(3))?;
        tx.set_reload(&notes(), &key("a"), Some(u64::MAX))?;
        tx.set_reload(&tags(), &key("b"), Some(1))
    })?;
    let kept = context.run(|tx| tx.reload(&notes(), &key("a")))?;
    same("the version", &kept, &Some(u64::MAX))?;
    let other = context.run(|tx| tx.reload(&notes(), &key("b")))?;
    same("of another bucket", &other, &None)?;
    context.run(|tx| tx.set_reload(&notes(), &key("a"), None))?;
    let kept = context.run(|tx| tx.reload(&notes(), &key("a")))?;
    same("after it is done", &kept, &None)
}

fn reloads_come_in_pages(context: &mut Context<'_>) -> Outcome {
    context.run(|tx| {
        for (version, name) in (1..).zip(["b", "a", "B", "c"]) {
            tx.set_reload(&notes(), &key(name), Some(version))?;
        }
        tx.set_reload(&tags(), &key("b0"), Some(1))
    })?;
    let first = context.run(|tx| tx.reloads(&notes(), None, 2))?;
    same("first", &first, &vec![(key("B"), 3), (key("a"), 2)])?;
    let then = context.run(|tx| tx.reloads(&notes(), Some(&key("a")), 9))?;
    same("then", &then, &vec![(key("b"), 1), (key("c"), 4)])
}

fn every_form_of_a_conflict_is_kept(context: &mut Context<'_>) -> Outcome {
    let full = conflict("a");
    let mut forms: Vec<ConflictCopy> = ConflictKind::ALL
        .into_iter()
        .map(|kind| ConflictCopy {
            kind,
            ..full.clone()
        })
        .collect();
    forms.push(ConflictCopy {
        base: None,
        local: None,
        ..full.clone()
    });
    forms.push(ConflictCopy {
        remote: None,
        result: None,
        ..full
    });
    for copy in &forms {
        context.run(|tx| tx.add_conflict(&notes(), copy.clone()))?;
    }
    let kept = context.run(|tx| tx.conflicts(&notes(), ConflictId(0), 99))?;
    let kept: Vec<_> = kept.into_iter().map(|(_, copy)| copy).collect();
    same("the conflicts", &kept, &forms)
}

fn conflicts_come_in_the_order_of_their_numbers(context: &mut Context<'_>) -> Outcome {
    let names = ["c", "a", "b"];
    let mut should = Vec::new();
    for name in names {
        let id = context.run(|tx| tx.add_conflict(&notes(), conflict(name)))?;
        context.run(|tx| tx.add_conflict(&tags(), conflict("z")))?;
        should.push((id, conflict(name)));
    }
    let all = context.run(|tx| tx.conflicts(&notes(), ConflictId(0), 99))?;
    same("all", &all, &should)?;
    let page = context.run(|tx| tx.conflicts(&notes(), should[0].0, 1))?;
    same("the second", &page, &should[1..2].to_vec())?;
    context.run(|tx| tx.remove_conflict(&notes(), should[1].0))?;
    should.remove(1);
    let rest = context.run(|tx| tx.conflicts(&notes(), ConflictId(0), 99))?;
    same("the rest", &rest, &should)
}

fn a_number_of_a_conflict_is_never_given_twice(context: &mut Context<'_>) -> Outcome {
    let first = context.run(|tx| tx.add_conflict(&notes(), conflict("a")))?;
    context.run(|tx| tx.remove_conflict(&notes(), first))?;
    let second = context.run(|tx| tx.add_conflict(&tags(), conflict("a")))?;
    same("it is a higher one", &(second > first), &true)?;
    same("they begin at 1", &(first >= ConflictId(1)), &true)
}

fn two_buckets(context: &mut Context<'_>) -> Outcome {
    for bucket in [notes(), tags()] {
        context.run(|tx| {
            tx.set_bucket(&bucket, &full_state())?;
            tx.put_record(&bucket, &key("a"), synced(1, "a"))?;
            tx.put_pending(&bucket, &key("a"), full_pending("c"))?;
            tx.set_reload(&bucket, &key("a"), Some(1))?;
            tx.add_conflict(&bucket, conflict("a"))
        })?;
    }
    Ok(())
}

/// How many rows of each kind there are.
fn counts(context: &mut Context<'_>, bucket: &crate::model::BucketName) -> Outcome<[usize; 4]> {
    context.run(|tx| {
        Ok([
            tx.records(bucket, None, 9)?.len(),
            tx.queue(bucket, PendingState::InFlight, Place(0), 9)?.len(),
            tx.reloads(bucket, None, 9)?.len(),
            tx.conflicts(bucket, ConflictId(0), 9)?.len(),
        ])
    })
}

fn a_cleared_bucket_is_empty(context: &mut Context<'_>) -> Outcome {
    two_buckets(context)?;
    let inside = context.run(|tx| {
        tx.clear(&notes())?;
        tx.record(&notes(), &key("a"))
    })?;
    same("inside", &inside, &None)?;
    same("rows", &counts(context, &notes())?, &[0; 4])?;
    let state = context.run(|tx| tx.bucket(&notes()))?;
    same("the state", &state, &BucketState::default())?;
    // It can begin again.
    let place = context.run(|tx| {
        tx.put_record(&notes(), &key("b"), synced(1, "b"))?;
        tx.put_pending(&notes(), &key("b"), Pending::default())
    })?;
    same("a later place", &(place > Place(1)), &true)?;
    same("rows of the new one", &counts(context, &notes())?[0], &1)
}

fn clearing_a_bucket_leaves_the_others(context: &mut Context<'_>) -> Outcome {
    two_buckets(context)?;
    let owner = identity(None)?;
    context.run(|tx| {
        tx.set_identity(&owner)?;
        tx.clear(&notes())
    })?;
    same("rows", &counts(context, &tags())?, &[1; 4])?;
    let state = context.run(|tx| tx.bucket(&tags()))?;
    same("the state", &state, &full_state())?;
    same("the owner", &context.run(|tx| tx.identity())?, &Some(owner))
}
