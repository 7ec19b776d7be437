//! What is to be sent.

use super::super::{Pending, PendingState, Place, QueuedChange, Record};
use super::behaviours;
use super::check::{
    Context, Outcome, change, full_pending, in_state, key, notes, same, synced, tags,
};
use crate::model::{ChangeErrorCode, Operation};

behaviours![
    every_form_of_what_is_pending_is_kept,
    the_bytes_of_a_change_are_kept,
    what_is_pending_takes_the_place_of_what_was,
    the_queue_is_in_the_order_of_arrival,
    a_rewritten_one_keeps_its_place,
    a_place_is_never_given_twice,
    the_queue_of_a_state_holds_that_state,
    the_queue_comes_in_pages,
    the_queue_is_counted,
    the_queues_of_buckets_do_not_mix,
    what_is_pending_needs_no_record,
];

fn forms() -> Vec<Pending> {
    let full = full_pending("c");
    let mut all = vec![Pending::default(), full.clone()];
    all.extend(PendingState::ALL.map(in_state));
    let deletion = QueuedChange {
        operation: Operation::Delete,
        sv: None,
        sent: None,
        ..change("d")
    };
    let other = QueuedChange {
        operation: Operation::Other("X".to_owned()),
        sv: Some(u64::MAX),
        ..change("e")
    };
    for change in [deletion, other] {
        all.push(Pending {
            change: Some(change),
            last_error: None,
            edited: false,
            ..full.clone()
        });
    }
    for code in [0, 400, 503, u16::MAX] {
        all.push(Pending {
            last_error: Some(ChangeErrorCode::from(code)),
            attempts: u32::MAX,
            full: false,
            ..full.clone()
        });
    }
    all
}

fn every_form_of_what_is_pending_is_kept(context: &mut Context<'_>) -> Outcome {
    for pending in forms() {
        context.run(|tx| tx.put_pending(&notes(), &key("a"), pending.clone()))?;
        let kept = context.run(|tx| tx.pending(&notes(), &key("a")))?;
        same("what is pending", &kept, &Some(pending.clone()))?;
        let queue = context.run(|tx| tx.queue(&notes(), pending.state, Place(0), 9))?;
        let queue: Vec<_> = queue.into_iter().map(|(_, key, row)| (key, row)).collect();
        same("in the queue", &queue, &vec![(key("a"), pending)])?;
    }
    Ok(())
}

fn the_bytes_of_a_change_are_kept(context: &mut Context<'_>) -> Outcome {
    let pending = full_pending("c");
    context.run(|tx| tx.put_pending(&notes(), &key("a"), pending.clone()))?;
    let kept = context.run(|tx| tx.pending(&notes(), &key("a")))?;
    let text = |pending: Option<Pending>| {
        let change = pending.and_then(|pending| pending.change);
        change.map(|change| (change.ccid, change.payload.as_str().to_owned()))
    };
    same("the change", &text(kept), &text(Some(pending)))
}

fn what_is_pending_takes_the_place_of_what_was(context: &mut Context<'_>) -> Outcome {
    for old in forms() {
        for new in forms() {
            context.run(|tx| {
                tx.put_pending(&notes(), &key("a"), old.clone())?;
                tx.put_pending(&notes(), &key("a"), new.clone())
            })?;
            let kept = context.run(|tx| tx.pending(&notes(), &key("a")))?;
            same("what is pending", &kept, &Some(new))?;
        }
    }
    Ok(())
}

/// The keys of the dirty ones.
fn dirty(context: &mut Context<'_>) -> Outcome<String> {
    let queue = context.run(|tx| tx.queue(&notes(), PendingState::Dirty, Place(0), 99))?;
    let keys: Vec<&str> = queue.iter().map(|(_, key, _)| key.as_str()).collect();
    Ok(keys.join(" "))
}

fn queue_up(context: &mut Context<'_>, names: &[&str]) -> Outcome<Vec<Place>> {
    context.run(|tx| {
        names
            .iter()
            .map(|name| tx.put_pending(&notes(), &key(name), Pending::default()))
            .collect()
    })
}

fn the_queue_is_in_the_order_of_arrival(context: &mut Context<'_>) -> Outcome {
    let mut places = queue_up(context, &["c", "a"])?;
    places.extend(queue_up(context, &["b", "0"])?);
    same("places grow", &places.is_sorted_by(|a, b| a < b), &true)?;
    same("places begin at 1", &(places[0] >= Place(1)), &true)?;
    same("the queue", &dirty(context)?, &"c a b 0".to_owned())
}

fn a_rewritten_one_keeps_its_place(context: &mut Context<'_>) -> Outcome {
    let places = queue_up(context, &["c", "a", "b"])?;
    let again = context.run(|tx| {
        let in_flight = in_state(PendingState::InFlight);
        tx.put_pending(&notes(), &key("a"), in_flight)?;
        tx.put_pending(&notes(), &key("a"), Pending::default())
    })?;
    same("the place", &again, &places[1])?;
    same("the queue", &dirty(context)?, &"c a b".to_owned())
}

fn a_place_is_never_given_twice(context: &mut Context<'_>) -> Outcome {
    let first = queue_up(context, &["a", "b"])?;
    context.run(|tx| {
        tx.remove_pending(&notes(), &key("a"))?;
        tx.remove_pending(&notes(), &key("b"))
    })?;
    let second = queue_up(context, &["a"])?;
    same("it is a later one", &(second[0] > first[1]), &true)?;
    queue_up(context, &["c"])?;
    context.run(|tx| tx.remove_pending(&notes(), &key("a")))?;
    queue_up(context, &["a"])?;
    same("the queue", &dirty(context)?, &"c a".to_owned())
}

fn the_queue_of_a_state_holds_that_state(context: &mut Context<'_>) -> Outcome {
    context.run(|tx| {
        for (name, state) in ["a", "b", "c", "d"].into_iter().zip(PendingState::ALL) {
            tx.put_pending(&notes(), &key(name), in_state(state))?;
        }
        // From one to the next.
        for state in PendingState::ALL {
            tx.put_pending(&notes(), &key("e"), in_state(state))?;
        }
        Ok(())
    })?;
    for (n, state) in PendingState::ALL.into_iter().enumerate() {
        let queue = context.run(|tx| tx.queue(&notes(), state, Place(0), 99))?;
        let mut should = vec![key(["a", "b", "c", "d"][n])];
        if n + 1 == PendingState::ALL.len() {
            should.push(key("e"));
        }
        let keys: Vec<_> = queue.into_iter().map(|(_, key, _)| key).collect();
        same(&format!("{state:?}"), &keys, &should)?;
    }
    Ok(())
}

fn the_queue_comes_in_pages(context: &mut Context<'_>) -> Outcome {
    let names = ["c", "a", "d", "b", "e"];
    let places = queue_up(context, &names)?;
    for limit in [1, 2, 5, usize::MAX] {
        let (mut found, mut after) = (Vec::new(), Place(0));
        while found.len() < names.len() {
            let page = context.run(|tx| tx.queue(&notes(), PendingState::Dirty, after, limit))?;
            same("no more than asked for", &(page.len() <= limit), &true)?;
            let Some((last, _, _)) = page.last() else {
                break;
            };
            after = *last;
            found.extend(page.into_iter().map(|(place, key, _)| (place, key)));
        }
        let should: Vec<_> = places.iter().copied().zip(names.map(key)).collect();
        same("the queue", &found, &should)?;
        let rest = context.run(|tx| tx.queue(&notes(), PendingState::Dirty, after, limit))?;
        same("after the last", &rest.len(), &0)?;
    }
    Ok(())
}

fn the_queue_is_counted(context: &mut Context<'_>) -> Outcome {
    queue_up(context, &["a", "b", "c"])?;
    let counts = context.run(|tx| {
        tx.put_pending(&notes(), &key("b"), full_pending("c"))?;
        tx.remove_pending(&notes(), &key("c"))?;
        tx.put_pending(&tags(), &key("a"), Pending::default())?;
        PendingState::ALL
            .into_iter()
            .map(|state| tx.count_queue(&notes(), state))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let of = |state| {
        let at = PendingState::ALL.iter().position(|known| *known == state);
        at.map(|at| counts[at])
    };
    same("dirty ones", &of(PendingState::Dirty), &Some(1))?;
    same("those in flight", &of(PendingState::InFlight), &Some(1))?;
    same("all", &counts.iter().sum::<u64>(), &2)
}

fn the_queues_of_buckets_do_not_mix(context: &mut Context<'_>) -> Outcome {
    queue_up(context, &["a"])?;
    context.run(|tx| tx.put_pending(&tags(), &key("a"), full_pending("c")))?;
    context.run(|tx| tx.remove_pending(&notes(), &key("a")))?;
    let kept = context.run(|tx| tx.pending(&tags(), &key("a")))?;
    same("the other one", &kept, &Some(full_pending("c")))?;
    same("the queue", &dirty(context)?, &String::new())
}

fn what_is_pending_needs_no_record(context: &mut Context<'_>) -> Outcome {
    queue_up(context, &["a"])?;
    let record = context.run(|tx| tx.record(&notes(), &key("a")))?;
    same("the record", &record, &None::<Record>)?;
    context.run(|tx| tx.put_record(&notes(), &key("a"), synced(1, "a")))?;
    same("the queue", &dirty(context)?, &"a".to_owned())
}
