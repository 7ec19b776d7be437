//! Entities, and how far buckets are.

use super::super::{BucketState, Generation, Json, Record};
use super::behaviours;
use super::check::{
    Context, Outcome, every_record, full_pending, full_state, identity, key, notes, object, same,
    synced, tags,
};
use crate::model::{BucketName, Key};

behaviours![
    the_owner_is_kept,
    an_unknown_bucket_is_empty,
    how_far_a_bucket_is_is_kept,
    an_index_run_is_kept_and_ends,
    every_form_of_a_record_is_kept,
    a_record_takes_the_place_of_another,
    texts_are_kept_byte_by_byte,
    large_objects_are_kept,
    every_version_is_kept,
    buckets_do_not_mix,
    keys_that_look_alike_do_not_mix,
    records_come_in_pages_in_the_order_of_bytes,
    a_removed_record_is_gone_and_its_queue_stays,
    removing_what_is_not_there_is_no_error,
    records_are_counted,
    marking_as_seen_leaves_the_rest,
    marking_what_is_not_there_makes_no_record,
    the_unseen_are_those_of_earlier_generations,
];

fn the_owner_is_kept(context: &mut Context<'_>) -> Outcome {
    same("at first", &context.run(|tx| tx.identity())?, &None)?;
    for user in [None, Some("joe@example.com")] {
        let owner = identity(user)?;
        context.run(|tx| tx.set_identity(&owner))?;
        same("the owner", &context.run(|tx| tx.identity())?, &Some(owner))?;
    }
    Ok(())
}

fn an_unknown_bucket_is_empty(context: &mut Context<'_>) -> Outcome {
    let (state, record, records, pending) = context.run(|tx| {
        Ok((
            tx.bucket(&notes())?,
            tx.record(&notes(), &key("a"))?,
            tx.count_records(&notes())? + tx.records(&notes(), None, 9)?.len() as u64,
            tx.pending(&notes(), &key("a"))?,
        ))
    })?;
    same("the state", &state, &BucketState::default())?;
    same("a record", &record, &None)?;
    same("records", &records, &0)?;
    same("a pending one", &pending, &None)
}

fn how_far_a_bucket_is_is_kept(context: &mut Context<'_>) -> Outcome {
    let full = full_state();
    let without = BucketState {
        index_run: None,
        ..full.clone()
    };
    let fresh = BucketState {
        cv: None,
        index_run: Some(Default::default()),
        ..full.clone()
    };
    for state in [full, without, fresh, BucketState::default()] {
        context.run(|tx| tx.set_bucket(&notes(), &state))?;
        let kept = context.run(|tx| tx.bucket(&notes()))?;
        same("the state", &kept, &state)?;
    }
    Ok(())
}

fn an_index_run_is_kept_and_ends(context: &mut Context<'_>) -> Outcome {
    let mut state = full_state();
    context.run(|tx| tx.set_bucket(&notes(), &state))?;
    if let Some(run) = &mut state.index_run {
        run.mark = None;
        run.received += 500;
    }
    context.run(|tx| tx.set_bucket(&notes(), &state))?;
    let kept = context.run(|tx| tx.bucket(&notes()))?;
    same("the run", &kept.index_run, &state.index_run)?;
    state.index_run = None;
    context.run(|tx| tx.set_bucket(&notes(), &state))?;
    let kept = context.run(|tx| tx.bucket(&notes()))?;
    same("the state after it", &kept, &state)
}

fn every_form_of_a_record_is_kept(context: &mut Context<'_>) -> Outcome {
    for record in every_record() {
        context.run(|tx| tx.put_record(&notes(), &key("a"), record.clone()))?;
        let kept = context.run(|tx| tx.record(&notes(), &key("a")))?;
        same("the record", &kept, &Some(record.clone()))?;
        let listed = context.run(|tx| tx.records(&notes(), None, 9))?;
        same("in a list", &listed, &vec![(key("a"), record)])?;
    }
    Ok(())
}

fn a_record_takes_the_place_of_another(context: &mut Context<'_>) -> Outcome {
    for old in every_record() {
        for new in every_record() {
            context.run(|tx| {
                tx.put_record(&notes(), &key("a"), old.clone())?;
                tx.put_record(&notes(), &key("a"), new.clone())
            })?;
            let kept = context.run(|tx| tx.record(&notes(), &key("a")))?;
            same("the record", &kept, &Some(new))?;
        }
    }
    same(
        "records",
        &context.run(|tx| tx.count_records(&notes()))?,
        &1,
    )
}

fn texts_are_kept_byte_by_byte(context: &mut Context<'_>) -> Outcome {
    for text in [
        "{}",
        "{ \"n\" : 1.0, \"m\":9007199254740993000 }",
        "{\"emoji\":\"\u{1f600}\",\"nul\":\"\\u0000\",\"half\":\"\\ud83d\"}",
        "{\"a\":1,\"a\":2}",
    ] {
        let record = Record::synced(1, Json::stored(text), Generation(1));
        context.run(|tx| tx.put_record(&notes(), &key("a"), record))?;
        let kept = context.run(|tx| tx.record(&notes(), &key("a")))?;
        let kept = kept.as_ref().and_then(Record::object).map(Json::as_str);
        same("the text", &kept, &Some(text))?;
    }
    Ok(())
}

fn large_objects_are_kept(context: &mut Context<'_>) -> Outcome {
    let record = synced(1, &"long ".repeat(400_000));
    context.run(|tx| tx.put_record(&notes(), &key("a"), record.clone()))?;
    let kept = context.run(|tx| tx.record(&notes(), &key("a")))?;
    same("whether it is kept", &(kept == Some(record)), &true)
}

fn every_version_is_kept(context: &mut Context<'_>) -> Outcome {
    for version in [0, 1, u64::from(u32::MAX) + 1, i64::MAX as u64 + 1, u64::MAX] {
        context.run(|tx| tx.put_record(&notes(), &key("a"), synced(version, "a")))?;
        let kept = context.run(|tx| tx.record(&notes(), &key("a")))?;
        let kept = kept.as_ref().and_then(Record::version);
        same("the version", &kept, &Some(version))?;
    }
    Ok(())
}

fn buckets_do_not_mix(context: &mut Context<'_>) -> Outcome {
    // Names are not the same in another case.
    let buckets = [notes(), tags(), BucketName::fixed("Note")];
    for (n, bucket) in (1..).zip(&buckets) {
        context.run(|tx| {
            tx.put_record(bucket, &key("a"), synced(n, "a"))?;
            tx.set_bucket(
                bucket,
                &BucketState {
                    generation: Generation(n as u32),
                    ..BucketState::default()
                },
            )
        })?;
    }
    context.run(|tx| tx.remove_record(&tags(), &key("a")))?;
    for (bucket, version) in buckets.iter().zip([Some(1), None, Some(3)]) {
        let record = context.run(|tx| tx.record(bucket, &key("a")))?;
        let is = record.as_ref().and_then(Record::version);
        same("the version", &is, &version)?;
    }
    let generations = context.run(|tx| {
        let mut all = Vec::new();
        for bucket in &buckets {
            all.push(tx.bucket(bucket)?.generation.0);
        }
        Ok(all)
    })?;
    same("generations", &generations, &vec![1, 2, 3])
}

fn keys_that_look_alike_do_not_mix(context: &mut Context<'_>) -> Outcome {
    let keys = ["a", "A", "a.", "a.1", "a%", "a_", "1", "01"];
    context.run(|tx| {
        for (n, name) in (1..).zip(keys) {
            tx.put_record(&notes(), &key(name), synced(n, name))?;
        }
        Ok(())
    })?;
    for (n, name) in (1..).zip(keys) {
        let kept = context.run(|tx| tx.record(&notes(), &key(name)))?;
        same(name, &kept, &Some(synced(n, name)))?;
    }
    Ok(())
}

fn records_come_in_pages_in_the_order_of_bytes(context: &mut Context<'_>) -> Outcome {
    let mut names = vec!["b", "a", "B", "a.b", "a-b", "_", "10", "9", "%"];
    context.run(|tx| {
        for name in &names {
            tx.put_record(&notes(), &key(name), synced(1, name))?;
        }
        tx.put_record(&tags(), &key("a0"), synced(1, "a0"))
    })?;
    names.sort_unstable();
    for limit in [1, 2, names.len(), usize::MAX] {
        let mut found: Vec<Key> = Vec::new();
        loop {
            let last = found.last().cloned();
            let page = context.run(|tx| tx.records(&notes(), last.as_ref(), limit))?;
            same("no more than asked for", &(page.len() <= limit), &true)?;
            if page.is_empty() {
                break;
            }
            for (key, record) in page {
                same("the record", &record, &synced(1, key.as_str()))?;
                found.push(key);
            }
            same("no row twice", &(found.len() <= names.len()), &true)?;
        }
        let found: Vec<&str> = found.iter().map(Key::as_str).collect();
        same("the keys", &found, &names)?;
    }
    // It need not be there to go on after it.
    let after = context.run(|tx| tx.records(&notes(), Some(&key("a.a")), 1))?;
    same("what follows", &after[0].0, &key("a.b"))
}

fn a_removed_record_is_gone_and_its_queue_stays(context: &mut Context<'_>) -> Outcome {
    context.run(|tx| {
        tx.put_record(&notes(), &key("a"), synced(1, "a"))?;
        tx.put_pending(&notes(), &key("a"), full_pending("c"))?;
        tx.set_reload(&notes(), &key("a"), Some(2))
    })?;
    context.run(|tx| tx.remove_record(&notes(), &key("a")))?;
    let (record, pending, reload) = context.run(|tx| {
        Ok((
            tx.record(&notes(), &key("a"))?,
            tx.pending(&notes(), &key("a"))?,
            tx.reload(&notes(), &key("a"))?,
        ))
    })?;
    same("the record", &record, &None)?;
    same("what is pending", &pending, &Some(full_pending("c")))?;
    same("the reload", &reload, &Some(2))
}

fn removing_what_is_not_there_is_no_error(context: &mut Context<'_>) -> Outcome {
    for _ in 0..2 {
        context.run(|tx| {
            tx.remove_record(&notes(), &key("a"))?;
            tx.remove_pending(&notes(), &key("a"))?;
            tx.set_reload(&notes(), &key("a"), None)?;
            tx.remove_conflict(&notes(), Default::default())?;
            tx.clear(&tags())?;
            tx.put_record(&notes(), &key("b"), synced(1, "b"))
        })?;
    }
    same(
        "records",
        &context.run(|tx| tx.count_records(&notes()))?,
        &1,
    )
}

fn records_are_counted(context: &mut Context<'_>) -> Outcome {
    let forms = every_record();
    context.run(|tx| {
        for (n, record) in forms.iter().enumerate() {
            tx.put_record(&notes(), &key(&format!("{n}")), record.clone())?;
            tx.put_record(&notes(), &key(&format!("{n}")), record.clone())?;
        }
        tx.put_record(&tags(), &key("a"), synced(1, "a"))?;
        tx.remove_record(&notes(), &key("0"))
    })?;
    let count = context.run(|tx| tx.count_records(&notes()))?;
    same("records", &count, &(forms.len() as u64 - 1))
}

fn marking_as_seen_leaves_the_rest(context: &mut Context<'_>) -> Outcome {
    for record in every_record() {
        context.run(|tx| {
            tx.put_record(&notes(), &key("a"), record.clone())?;
            tx.mark_seen(&notes(), &key("a"), Generation(9))
        })?;
        let kept = context.run(|tx| tx.record(&notes(), &key("a")))?;
        let should = Record {
            seen: Generation(9),
            ..record
        };
        same("the record", &kept, &Some(should))?;
    }
    Ok(())
}

fn marking_what_is_not_there_makes_no_record(context: &mut Context<'_>) -> Outcome {
    context.run(|tx| tx.mark_seen(&notes(), &key("a"), Generation(9)))?;
    same(
        "records",
        &context.run(|tx| tx.count_records(&notes()))?,
        &0,
    )
}

fn the_unseen_are_those_of_earlier_generations(context: &mut Context<'_>) -> Outcome {
    context.run(|tx| {
        for (name, seen) in [("d", 1), ("c", 2), ("b", 3), ("a", 0), ("e", 2)] {
            let record = Record::synced(1, object(name), Generation(seen));
            tx.put_record(&notes(), &key(name), record)?;
            tx.put_record(&tags(), &key(name), synced(1, name))?;
        }
        tx.mark_seen(&notes(), &key("e"), Generation(3))
    })?;
    let mut unseen = |generation, after: Option<&str>, limit| {
        context.run(|tx| {
            let after = after.map(key);
            let keys = tx.unseen(&notes(), Generation(generation), after.as_ref(), limit)?;
            Ok(keys.iter().map(Key::as_str).collect::<Vec<_>>().join(" "))
        })
    };
    same("before 3", &unseen(3, None, 9)?, &"a c d".to_owned())?;
    same("the first two", &unseen(3, None, 2)?, &"a c".to_owned())?;
    same("those after c", &unseen(3, Some("c"), 9)?, &"d".to_owned())?;
    same("before 1", &unseen(1, None, 9)?, &"a".to_owned())?;
    same("before 0", &unseen(0, None, 9)?, &String::new())
}
