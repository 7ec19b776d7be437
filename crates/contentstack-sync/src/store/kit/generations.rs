//! Full syncs beside what is there.

use super::super::{Batch, Begin, Millis, Seq, StoreErrorKind};
use super::behaviours;
use super::check::{
    Context, Outcome, chain, dead, end, gone, identity, page, put, refused, same, step, type_gone,
    with,
};
use crate::model::{Key, ObjectKind, Position};

behaviours![
    nothing_is_seen_before_the_first_one_is_complete,
    the_old_one_is_seen_until_the_new_one_is_complete,
    the_last_of_several_chains_makes_the_switch,
    a_switch_is_seen_by_readers_of_changes,
    what_is_the_same_in_both_has_not_changed,
    anything_is_newer_than_what_was_swept,
    the_old_tombstones_do_not_rule_the_new_one,
    one_that_is_replaced_leaves_nothing_behind,
    another_identity_is_refused,
    a_switch_takes_the_old_dead_letters_along,
    what_is_kept_of_a_state,
];

async fn nothing_is_seen_before_the_first_one_is_complete(context: &Context) -> Outcome {
    let generation = context.begin(&["main"]).await?;
    let changes = vec![put("a", 10, "1")];
    context
        .page(generation, "main", Position::Start, page("2"), changes)
        .await?;
    context.has(&[]).await?;
    same(
        "a row",
        &context.store.get(&Key::entry("a", "en-us")).await?,
        &None,
    )?;
    same(
        "changes",
        &context.changed(Seq::default()).await?,
        &(vec![], Seq::default()),
    )?;
    same(
        "the visible number",
        &context.store.load().await?.seq,
        &Seq::default(),
    )?;
    let applied = context
        .page(generation, "main", page("2"), end("3"), vec![])
        .await?;
    same("whether it switched", &applied.switched, &true)?;
    same(
        "the visible number",
        &context.store.load().await?.seq,
        &applied.seq,
    )?;
    context.has(&["entry|a|en-us=1"]).await
}

async fn the_old_one_is_seen_until_the_new_one_is_complete(context: &Context) -> Outcome {
    let links = [super::super::Link {
        kind: Some(ObjectKind::Entry),
        uid: "t".into(),
    }];
    let old = vec![
        with(put("a", 10, "1"), Some("/a"), &links),
        put("b", 10, "1"),
    ];
    context.mirror(old).await?;
    let (_, seen) = context.changed(Seq::default()).await?;
    let generation = context.begin(&["main"]).await?;
    let changes = vec![put("b", 20, "2"), put("c", 20, "2"), gone("a", 20)];
    context
        .page(generation, "main", Position::Start, page("2"), changes)
        .await?;
    context.has(&["entry|a|en-us=1", "entry|b|en-us=1"]).await?;
    same("changes", &context.changed(seen).await?.0, &vec![])?;
    let referrers = context
        .store
        .referrers(ObjectKind::Entry, &"t".into(), Seq::default(), 10)
        .await?;
    same("referrers", &referrers.len(), &1)?;
    let applied = context
        .page(generation, "main", page("2"), end("3"), vec![])
        .await?;
    same("swept, as its tombstone came", &applied.swept, &0)?;
    let referrers = context
        .store
        .referrers(ObjectKind::Entry, &"t".into(), Seq::default(), 10)
        .await?;
    same("referrers", &referrers.len(), &0)?;
    context.has(&["entry|b|en-us=2", "entry|c|en-us=2"]).await
}

async fn the_last_of_several_chains_makes_the_switch(context: &Context) -> Outcome {
    let generation = context.begin(&["one", "two", "three"]).await?;
    for (name, switched) in [("two", false), ("three", false), ("one", true)] {
        let changes = vec![put(name, 10, "1")];
        let applied = context
            .page(generation, name, Position::Start, end("1"), changes)
            .await?;
        same(name, &applied.switched, &switched)?;
        same("rows", &context.rows().await?.is_empty(), &!switched)?;
    }
    let applied = context
        .page(generation, "two", end("1"), end("2"), vec![])
        .await?;
    same("a delta", &applied.switched, &false)
}

async fn a_switch_is_seen_by_readers_of_changes(context: &Context) -> Outcome {
    let changes = vec![put("a", 10, "1"), put("b", 10, "1"), put("c", 10, "1")];
    let generation = context.mirror(changes).await?;
    let (_, seen) = context.changed(Seq::default()).await?;
    // This reader hears of the deletion only after the switch.
    context.change(generation, vec![gone("c", 20)]).await?;
    let generation = context.begin(&["main"]).await?;
    let changes = vec![put("a", 30, "2"), put("d", 30, "2")];
    let applied = context
        .page(generation, "main", Position::Start, end("2"), changes)
        .await?;
    same("swept", &applied.swept, &1)?;
    let (mut rows, next) = context.changed(seen).await?;
    rows.sort();
    let should = [
        "entry|a|en-us=2",
        "entry|b|en-us is gone",
        "entry|c|en-us is gone",
        "entry|d|en-us=2",
    ];
    same("changes", &rows, &should.map(str::to_owned).to_vec())?;
    same("the last number", &next, &context.store.load().await?.seq)
}

async fn what_is_the_same_in_both_has_not_changed(context: &Context) -> Outcome {
    let links = [super::super::Link {
        kind: None,
        uid: "t".into(),
    }];
    let row = || with(put("a", 10, "1"), Some("/a"), &links);
    context
        .mirror(vec![row(), put("b", 10, "1"), put("c", 10, "1")])
        .await?;
    let (_, seen) = context.changed(Seq::default()).await?;
    let generation = context.begin(&["main"]).await?;
    let changes = vec![put("b", 20, "1"), put("c", 10, "2"), row()];
    context
        .page(generation, "main", Position::Start, end("2"), changes)
        .await?;
    let (mut rows, _) = context.changed(seen).await?;
    rows.sort();
    let should = ["entry|b|en-us=1", "entry|c|en-us=2"];
    same("changes", &rows, &should.map(str::to_owned).to_vec())?;
    let key = Key::entry("a", "en-us");
    same(
        "its links",
        &context.store.links(&key).await?,
        &links.to_vec(),
    )
}

async fn anything_is_newer_than_what_was_swept(context: &Context) -> Outcome {
    context.mirror(vec![put("a", 10, "1")]).await?;
    let generation = context.begin(&["main"]).await?;
    context
        .page(generation, "main", Position::Start, end("2"), vec![])
        .await?;
    context.has(&[]).await?;
    // No event said when it went.
    context.change(generation, vec![put("a", 5, "0")]).await?;
    context.has(&["entry|a|en-us=0"]).await
}

async fn the_old_tombstones_do_not_rule_the_new_one(context: &Context) -> Outcome {
    context
        .mirror(vec![gone("a", 50), gone("b", 50), type_gone(50)])
        .await?;
    // A stack that was restored may have older content.
    let generation = context.begin(&["main"]).await?;
    let changes = vec![put("a", 20, "1")];
    context
        .page(generation, "main", Position::Start, end("2"), changes)
        .await?;
    context.change(generation, vec![put("b", 20, "1")]).await?;
    context.has(&["entry|a|en-us=1", "entry|b|en-us=1"]).await
}

async fn one_that_is_replaced_leaves_nothing_behind(context: &Context) -> Outcome {
    let first = context.begin(&["main"]).await?;
    let mut batch = Batch::new(first, Millis(1000));
    batch.advance = Some(step("main", Position::Start, page("2")));
    batch.changes = vec![put("a", 10, "1"), type_gone(5)];
    batch.dead = vec![dead("1")];
    context.store.apply(batch).await?;
    let result = context.begin(&["main"]).await;
    refused(
        "without saying what it replaces",
        result,
        StoreErrorKind::Conflict,
    )?;
    let second = context
        .begin_instead(Some(first), &["main", "more"])
        .await?;
    same("whether its number is greater", &(second > first), &true)?;
    let result = context
        .page(first, "main", page("2"), end("3"), vec![])
        .await;
    refused("a page of the first", result, StoreErrorKind::Conflict)?;
    let state = context.store.load().await?;
    same("chains", &state.chains, &vec![chain("main"), chain("more")])?;
    same("dead letters", &state.dead_letters, &0)?;
    let changes = vec![put("b", 3, "1")];
    context
        .page(second, "main", Position::Start, end("1"), changes)
        .await?;
    context
        .page(second, "more", Position::Start, end("1"), vec![])
        .await?;
    context.has(&["entry|b|en-us=1"]).await
}

async fn another_identity_is_refused(context: &Context) -> Outcome {
    context.mirror(vec![put("a", 10, "1")]).await?;
    let begin = Begin {
        identity: identity("two"),
        replaces: None,
        reason: "initial".to_owned(),
        chains: vec![chain("main")],
    };
    let result = context.store.begin(begin).await;
    refused("another stack", result, StoreErrorKind::Mismatch)?;
    same(
        "identity",
        &context.store.load().await?.identity,
        &Some(identity("one")),
    )?;
    context.has(&["entry|a|en-us=1"]).await
}

async fn a_switch_takes_the_old_dead_letters_along(context: &Context) -> Outcome {
    let old = context.mirror(vec![]).await?;
    let mut batch = Batch::new(old, Millis(1000));
    batch.dead = vec![dead(r#""old""#)];
    context.store.apply(batch).await?;
    let new = context.begin(&["main"]).await?;
    let mut batch = Batch::new(new, Millis(1000));
    batch.advance = Some(step("main", Position::Start, end("2")));
    batch.dead = vec![dead(r#""new""#)];
    context.store.apply(batch).await?;
    let letters = context.store.dead_letters(Default::default(), 10).await?;
    let raw: Vec<&str> = letters.iter().map(|letter| letter.raw.as_str()).collect();
    same("dead letters", &raw, &vec![r#""new""#])
}

async fn what_is_kept_of_a_state(context: &Context) -> Outcome {
    same(
        "an empty store",
        &context.store.load().await?,
        &Default::default(),
    )?;
    let generation = context.begin(&["b", "a"]).await?;
    let mut to = chain("b");
    to.position = page("with \"quotes\" and é");
    to.since = Some("s".into());
    (to.pages, to.items, to.total, to.deltas) = (3, 250, Some(1000), 7);
    let mut batch = Batch::new(generation, Millis(1000));
    batch.advance = Some(super::super::Advance {
        from: Position::Start,
        to: to.clone(),
    });
    context.store.apply(batch).await?;
    let state = context.store.load().await?;
    same("chains", &state.chains, &vec![chain("a"), to])?;
    let building = state
        .building
        .map(|building| (building.generation, building.reason));
    same(
        "what is built",
        &building,
        &Some((generation, "initial".to_owned())),
    )?;
    same("what is readable", &state.readable, &None)
}
