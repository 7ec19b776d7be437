//! What becomes of rows.

use super::super::{Batch, DeadLetterId, Millis, Seq, StoreErrorKind};
use super::behaviours;
use super::check::{
    Context, Outcome, chain, dead, end, gone, page, put, put_as, refused, same, step, type_gone,
};
use crate::model::{Key, Position};

behaviours![
    the_later_event_wins_in_either_order,
    on_a_tie_the_first_stays,
    what_is_gone_stays_gone_for_older_news,
    what_is_gone_comes_back_with_newer_news,
    a_deleted_type_takes_what_is_not_newer,
    a_deleted_type_takes_what_comes_too_late,
    a_deleted_type_leaves_each_row_its_own_time,
    what_does_not_say_its_type_keeps_it,
    what_does_not_say_its_type_goes_with_it,
    locales_and_kinds_are_rows_of_their_own,
    data_is_kept_byte_by_byte,
    the_counts_of_a_batch_are_right,
    a_chain_that_stands_elsewhere_is_refused_as_a_whole,
    another_generation_is_refused_as_a_whole,
    new_chains_are_added_once,
    dead_letters_are_kept_counted_and_revived,
];

async fn the_later_event_wins_in_either_order(context: &Context) -> Outcome {
    let changes = vec![
        put("a", 10, "1"),
        put("a", 20, "2"),
        put("b", 20, "2"),
        put("b", 10, "1"),
    ];
    context.mirror(changes).await?;
    context.has(&["entry|a|en-us=2", "entry|b|en-us=2"]).await
}

async fn on_a_tie_the_first_stays(context: &Context) -> Outcome {
    context
        .mirror(vec![put("a", 10, "1"), put("a", 10, "2")])
        .await?;
    context.has(&["entry|a|en-us=1"]).await
}

async fn what_is_gone_stays_gone_for_older_news(context: &Context) -> Outcome {
    let generation = context.mirror(vec![put("a", 10, "1")]).await?;
    context
        .change(generation, vec![gone("a", 30), gone("new", 30)])
        .await?;
    context
        .change(generation, vec![put("a", 20, "2"), put("new", 20, "2")])
        .await?;
    context.has(&[]).await
}

async fn what_is_gone_comes_back_with_newer_news(context: &Context) -> Outcome {
    let generation = context
        .mirror(vec![put("a", 10, "1"), gone("a", 20)])
        .await?;
    context.change(generation, vec![put("a", 30, "3")]).await?;
    context.has(&["entry|a|en-us=3"]).await
}

async fn a_deleted_type_takes_what_is_not_newer(context: &Context) -> Outcome {
    let other = Key::asset("x", "en-us");
    let changes = vec![
        put("a", 10, "1"),
        put("b", 20, "2"),
        put("c", 30, "3"),
        put_as(other, 10, "4"),
    ];
    let generation = context.mirror(changes).await?;
    context.change(generation, vec![type_gone(20)]).await?;
    context.has(&["asset|x|en-us=4", "entry|c|en-us=3"]).await
}

async fn a_deleted_type_takes_what_comes_too_late(context: &Context) -> Outcome {
    let generation = context.mirror(vec![type_gone(20)]).await?;
    // An earlier deletion does not move the time back.
    context.change(generation, vec![type_gone(15)]).await?;
    let late = vec![put("a", 10, "1"), put("b", 20, "2"), put("c", 30, "3")];
    context.change(generation, late).await?;
    context.has(&["entry|c|en-us=3"]).await
}

async fn a_deleted_type_leaves_each_row_its_own_time(context: &Context) -> Outcome {
    let generation = context
        .mirror(vec![put("a", 10, "1"), type_gone(40)])
        .await?;
    // Newer than the row and older than the deletion: both orders agree.
    context.change(generation, vec![put("a", 30, "2")]).await?;
    context.has(&[]).await?;
    context.change(generation, vec![put("a", 50, "3")]).await?;
    context.has(&["entry|a|en-us=3"]).await
}

async fn what_does_not_say_its_type_keeps_it(context: &Context) -> Outcome {
    let generation = context.mirror(vec![put("a", 10, "1")]).await?;
    let mut change = gone("a", 20);
    if let super::super::Change::Remove { content_type, .. } = &mut change {
        *content_type = None;
    }
    let seq = context.change(generation, vec![change]).await?.seq;
    let changes = context.store.changes(Seq(seq.0 - 1), 10).await?;
    let types: Vec<_> = changes
        .rows
        .iter()
        .map(|row| row.content_type.clone())
        .collect();
    same(
        "the type of what is gone",
        &types,
        &vec![Some("article".into())],
    )?;
    let mut change = put("a", 30, "2");
    if let super::super::Change::Put(put) = &mut change {
        put.content_type = None;
    }
    context.change(generation, vec![change]).await?;
    let row = context.store.get(&Key::entry("a", "en-us")).await?;
    same(
        "the type of what came back",
        &row.and_then(|row| row.content_type),
        &Some("article".into()),
    )
}

async fn what_does_not_say_its_type_goes_with_it(context: &Context) -> Outcome {
    let generation = context
        .mirror(vec![put("a", 10, "1"), put("b", 10, "1"), type_gone(40)])
        .await?;
    // Older than the deletion, and newer than what is there.
    let without_type = |uid, second| {
        let mut change = put(uid, second, "2");
        if let super::super::Change::Put(put) = &mut change {
            put.content_type = None;
        }
        change
    };
    let changes = vec![without_type("a", 30), without_type("b", 50)];
    context.change(generation, changes).await?;
    context.has(&["entry|b|en-us=2"]).await
}

async fn locales_and_kinds_are_rows_of_their_own(context: &Context) -> Outcome {
    let changes = vec![
        put_as(Key::entry("a", "en-us"), 10, "1"),
        put_as(Key::entry("a", "fr-fr"), 10, "2"),
        put_as(Key::asset("a", "en-us"), 10, "3"),
        put_as(Key::asset("a", ""), 10, "4"),
        gone("a", 20),
    ];
    context.mirror(changes).await?;
    let rows = ["asset|a|=4", "asset|a|en-us=3", "entry|a|fr-fr=2"];
    context.has(&rows).await
}

async fn data_is_kept_byte_by_byte(context: &Context) -> Outcome {
    let data = r#"{ "b":1.10,"a":12345678901234567890123, "c":"\u00e9é","a":1e400 }"#;
    context.mirror(vec![put("a", 10, data)]).await?;
    context.has(&[&format!("entry|a|en-us={data}")]).await
}

async fn the_counts_of_a_batch_are_right(context: &Context) -> Outcome {
    let generation = context
        .mirror(vec![put("a", 10, "1"), put("b", 10, "1")])
        .await?;
    let changes = vec![
        put("a", 20, "2"),
        put("a", 20, "2"),
        put("c", 20, "2"),
        gone("b", 20),
        gone("nothing", 20),
        gone("c", 10),
    ];
    let applied = context.change(generation, changes).await?;
    let counts = (
        applied.upserts,
        applied.deletes,
        applied.ignored,
        applied.switched,
    );
    same("counts", &counts, &(2, 1, 2, false))?;
    let applied = context.change(generation, vec![type_gone(30)]).await?;
    same("rows of the type", &applied.deletes, &2)?;
    let counts = context.store.counts().await?;
    same(
        "rows",
        &(counts.entries, counts.assets, counts.tombstones),
        &(0, 0, 4),
    )
}

async fn a_chain_that_stands_elsewhere_is_refused_as_a_whole(context: &Context) -> Outcome {
    let generation = context.mirror(vec![put("a", 10, "1")]).await?;
    let before = context.store.load().await?;
    for (name, from) in [
        ("main", Position::Start),
        ("main", end("2")),
        ("main", page("1")),
        ("other", end("1")),
    ] {
        let changes = vec![put("b", 20, "2")];
        let result = context
            .page(generation, name, from, end("9"), changes)
            .await;
        refused("a page of somebody else", result, StoreErrorKind::Conflict)?;
    }
    same("the state", &context.store.load().await?, &before)?;
    context.has(&["entry|a|en-us=1"]).await
}

async fn another_generation_is_refused_as_a_whole(context: &Context) -> Outcome {
    let batch = |generation| {
        let mut batch = Batch::new(generation, Millis(1000));
        batch.changes.push(put("b", 20, "2"));
        batch.dead.push(dead("{}"));
        batch
    };
    let nothing = super::super::Generation(1);
    let result = context.store.apply(batch(nothing)).await;
    refused(
        "before anything was begun",
        result,
        StoreErrorKind::Conflict,
    )?;
    let old = context.mirror(vec![put("a", 10, "1")]).await?;
    let new = context.begin(&["main"]).await?;
    let result = context.store.apply(batch(old)).await;
    refused(
        "the old one, while a new one is built",
        result,
        StoreErrorKind::Conflict,
    )?;
    context
        .page(
            new,
            "main",
            Position::Start,
            end("2"),
            vec![put("a", 10, "1")],
        )
        .await?;
    let result = context.store.apply(batch(old)).await;
    refused(
        "the old one, after the new one",
        result,
        StoreErrorKind::Conflict,
    )?;
    same(
        "dead letters",
        &context.store.load().await?.dead_letters,
        &0,
    )?;
    context.has(&["entry|a|en-us=1"]).await
}

async fn new_chains_are_added_once(context: &Context) -> Outcome {
    let generation = context.mirror(vec![put("a", 10, "1")]).await?;
    let mut batch = Batch::new(generation, Millis(1000));
    batch.new_chains.push(chain("second"));
    context.store.apply(batch.clone()).await?;
    let names: Vec<String> = context
        .store
        .load()
        .await?
        .chains
        .iter()
        .map(|chain| chain.name.to_string())
        .collect();
    same(
        "chains",
        &names,
        &vec!["main".to_owned(), "second".to_owned()],
    )?;
    batch.changes.push(put("b", 20, "2"));
    let result = context.store.apply(batch).await;
    refused("the same chain again", result, StoreErrorKind::Conflict)?;
    context
        .page(generation, "second", Position::Start, end("s"), vec![])
        .await?;
    context.has(&["entry|a|en-us=1"]).await
}

async fn dead_letters_are_kept_counted_and_revived(context: &Context) -> Outcome {
    let generation = context.begin(&["main"]).await?;
    let mut batch = Batch::new(generation, Millis(1000));
    batch.advance = Some(step("main", Position::Start, end("1")));
    batch.dead = vec![dead(r#"{"x":1.0}"#), dead("2"), dead("3")];
    context.store.apply(batch).await?;
    let letters = context
        .store
        .dead_letters(DeadLetterId::default(), 2)
        .await?;
    let raw: Vec<&str> = letters.iter().map(|letter| letter.raw.as_str()).collect();
    same("the first two", &raw, &vec![r#"{"x":1.0}"#, "2"])?;
    let mut batch = Batch::new(generation, Millis(2000));
    batch.revived = vec![letters[0].id];
    batch.still_dead = vec![(letters[1].id, "again".to_owned())];
    batch.changes = vec![put("a", 10, "1")];
    context.store.apply(batch).await?;
    same("how many", &context.store.load().await?.dead_letters, &2)?;
    let letters = context
        .store
        .dead_letters(DeadLetterId::default(), 10)
        .await?;
    let all: Vec<_> = letters
        .iter()
        .map(|letter| {
            (
                letter.raw.as_str(),
                letter.error.as_str(),
                letter.attempts,
                letter.since.0,
            )
        })
        .collect();
    let should = vec![("2", "again", 2, 1000), ("3", "made up", 1, 1000)];
    same("what is left", &all, &should)?;
    let after = context.store.dead_letters(letters[0].id, 10).await?;
    same("after the first", &after.len(), &1)?;
    context.has(&["entry|a|en-us=1"]).await
}
