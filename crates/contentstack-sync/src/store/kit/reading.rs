//! What is read.

use super::super::{Link, Millis, Row, Scan, Seq, StoredSchema};
use super::behaviours;
use super::check::{Context, Outcome, end, gone, json, put, put_as, same, with};
use crate::model::{Key, ObjectKind};

behaviours![
    scans_find_what_they_name,
    scans_go_on_where_they_were,
    changes_come_in_order_and_once,
    changes_go_on_where_they_were,
    pruned_tombstones_are_gone_and_readers_are_told,
    a_pruned_deletion_of_a_type_is_forgotten,
    links_are_found_both_ways,
    links_go_with_their_row,
    schemas_are_replaced_as_a_whole,
];

async fn scans_find_what_they_name(context: &Context) -> Outcome {
    let changes = vec![
        with(put("a", 10, "1"), Some("/a"), &[]),
        put_as(Key::entry("a", "fr-fr"), 10, "2"),
        put("b", 10, "3"),
        with(put_as(Key::asset("a", "en-us"), 10, "4"), Some("/a"), &[]),
        gone("c", 10),
    ];
    context.mirror(changes).await?;
    for (scan, found) in [
        (Scan::all(), "1234"),
        (Scan::entries(), "123"),
        (Scan::assets(), "4"),
        (Scan::all().content_type("article"), "123"),
        (Scan::all().content_type("author"), ""),
        (Scan::assets().content_type("article"), ""),
        (Scan::all().uid("a"), "124"),
        (Scan::entries().uid("a").locale("fr-fr"), "2"),
        (Scan::all().locale("en-us"), "134"),
        (Scan::all().url("/a"), "14"),
        (Scan::entries().url("/a"), "1"),
        (Scan::all().url("/"), ""),
        (Scan::all().uid("c"), ""),
    ] {
        let rows = context.store.scan(&scan, Seq::default(), 100).await?;
        let data: String = rows.iter().map(|row| row.data.as_str()).collect();
        same(&format!("{scan:?}"), &data.as_str(), &found)?;
        let count = context.store.count(&scan).await?;
        same(&format!("count of {scan:?}"), &count, &(found.len() as u64))?;
    }
    let row = context.store.get(&Key::entry("a", "en-us")).await?;
    let seq = row.as_ref().map_or(Seq::default(), |row| row.seq);
    let should = Row {
        seq,
        key: Key::entry("a", "en-us"),
        content_type: Some("article".into()),
        event_at: "2026-01-01T00:00:10Z".into(),
        url: Some("/a".into()),
        data: json("1"),
    };
    same("the whole row", &row, &Some(should))?;
    same(
        "one that is gone",
        &context.store.get(&Key::entry("c", "en-us")).await?,
        &None,
    )
}

async fn scans_go_on_where_they_were(context: &Context) -> Outcome {
    let changes = (0..10)
        .map(|n| put(&format!("e{n}"), 10, &n.to_string()))
        .collect();
    context.mirror(changes).await?;
    let (mut after, mut all) = (Seq::default(), String::new());
    // One that does not go on is not waited for.
    for _ in 0..10 {
        let rows = context.store.scan(&Scan::entries(), after, 3).await?;
        let Some(last) = rows.last() else { break };
        same("at most three", &(rows.len() <= 3), &true)?;
        after = last.seq;
        all.extend(rows.iter().map(|row| row.data.as_str()));
    }
    same("all, in order", &all.as_str(), &"0123456789")
}

async fn changes_come_in_order_and_once(context: &Context) -> Outcome {
    let generation = context
        .mirror(vec![put("a", 10, "1"), put("b", 10, "1")])
        .await?;
    let (rows, seen) = context.changed(Seq::default()).await?;
    same("at first", &rows.len(), &2)?;
    let changes = vec![
        put("a", 20, "2"),
        gone("b", 20),
        put("a", 30, "3"),
        put("a", 5, "0"),
    ];
    let applied = context.change(generation, changes).await?;
    let (rows, next) = context.changed(seen).await?;
    let should = ["entry|b|en-us is gone", "entry|a|en-us=3"];
    same("then", &rows, &should.map(str::to_owned).to_vec())?;
    same("the last number", &next, &applied.seq)?;
    same(
        "and no more",
        &context.changed(next).await?,
        &(vec![], next),
    )
}

async fn changes_go_on_where_they_were(context: &Context) -> Outcome {
    let changes = (0..10).map(|n| put(&format!("e{n}"), 10, "1")).collect();
    context.mirror(changes).await?;
    let (mut since, mut count) = (Seq::default(), 0);
    for _ in 0..10 {
        let changes = context.store.changes(since, 3).await?;
        if changes.rows.is_empty() {
            break;
        }
        let numbers: Vec<Seq> = changes.rows.iter().map(|row| row.seq).collect();
        same(
            "whether they grow",
            &numbers.windows(2).all(|two| two[0] < two[1]),
            &true,
        )?;
        same("from where to go on", &Some(&changes.next), &numbers.last())?;
        count += changes.rows.len();
        since = changes.next;
    }
    same("how many", &count, &10)
}

async fn pruned_tombstones_are_gone_and_readers_are_told(context: &Context) -> Outcome {
    let generation = context
        .mirror(vec![put("a", 10, "1"), put("b", 10, "1")])
        .await?;
    let (_, early) = context.changed(Seq::default()).await?;
    context.change(generation, vec![gone("a", 20)]).await?;
    let (_, late) = context.changed(early).await?;
    same(
        "nothing is old enough",
        &context.store.prune(Millis(1000)).await?,
        &0,
    )?;
    same("one is", &context.store.prune(Millis(1001)).await?, &1)?;
    same("once", &context.store.prune(Millis(1001)).await?, &0)?;
    let changes = context.store.changes(early, 10).await?;
    same(
        "who has not heard of it",
        &(changes.expired, changes.rows.len()),
        &(true, 0),
    )?;
    same(
        "who has",
        &context.store.changes(late, 10).await?.expired,
        &false,
    )?;
    let all = context.store.changes(Seq::default(), 10).await?;
    same("who begins", &(all.expired, all.rows.len()), &(false, 1))?;
    same(
        "and goes on",
        &context.store.changes(all.next, 10).await?.expired,
        &false,
    )?;
    // It is forgotten, so anything is newer.
    context.change(generation, vec![put("a", 5, "0")]).await?;
    context.has(&["entry|a|en-us=0", "entry|b|en-us=1"]).await
}

async fn a_pruned_deletion_of_a_type_is_forgotten(context: &Context) -> Outcome {
    let generation = context.mirror(vec![super::check::type_gone(20)]).await?;
    same("old enough", &context.store.prune(Millis(1001)).await?, &1)?;
    context.change(generation, vec![put("a", 10, "1")]).await?;
    context.has(&["entry|a|en-us=1"]).await
}

fn link(kind: Option<ObjectKind>, uid: &str) -> Link {
    Link {
        kind,
        uid: uid.into(),
    }
}

async fn referrers(context: &Context, kind: ObjectKind, uid: &str) -> Outcome<String> {
    let rows = context
        .store
        .referrers(kind, &uid.into(), Seq::default(), 10)
        .await?;
    Ok(rows.iter().map(|row| row.data.as_str()).collect())
}

async fn links_are_found_both_ways(context: &Context) -> Outcome {
    let (entry, asset) = (ObjectKind::Entry, ObjectKind::Asset);
    let links = vec![
        link(None, "y"),
        link(Some(asset), "x"),
        link(Some(entry), "x"),
    ];
    let changes = vec![
        with(put("a", 10, "1"), None, &links),
        with(put("b", 10, "2"), None, &[link(Some(entry), "x")]),
        put("c", 10, "3"),
    ];
    context.mirror(changes).await?;
    let there = context.store.links(&Key::entry("a", "en-us")).await?;
    same("links, in order", &there, &links)?;
    same(
        "no links",
        &context.store.links(&Key::entry("c", "en-us")).await?,
        &vec![],
    )?;
    same(
        "of the entry x",
        &referrers(context, entry, "x").await?.as_str(),
        &"12",
    )?;
    same(
        "of the asset x",
        &referrers(context, asset, "x").await?.as_str(),
        &"1",
    )?;
    same(
        "of whatever y is",
        &referrers(context, asset, "y").await?.as_str(),
        &"1",
    )?;
    same(
        "of nothing",
        &referrers(context, entry, "z").await?.as_str(),
        &"",
    )?;
    let first = context
        .store
        .referrers(entry, &"x".into(), Seq::default(), 1)
        .await?;
    let after = first.last().map_or(Seq::default(), |row| row.seq);
    let second = context
        .store
        .referrers(entry, &"x".into(), after, 10)
        .await?;
    same("one after the other", &(first.len(), second.len()), &(1, 1))
}

async fn links_go_with_their_row(context: &Context) -> Outcome {
    let to = |uid: &str| [link(Some(ObjectKind::Entry), uid)];
    let changes = vec![
        with(put("a", 10, "1"), None, &to("x")),
        with(put("b", 10, "2"), None, &to("x")),
        with(put("c", 10, "3"), None, &to("x")),
    ];
    let generation = context.mirror(changes).await?;
    let changes = vec![with(put("a", 20, "1"), None, &to("y")), gone("b", 20)];
    context.change(generation, changes).await?;
    let entry = ObjectKind::Entry;
    same(
        "of x",
        &referrers(context, entry, "x").await?.as_str(),
        &"3",
    )?;
    same(
        "of y",
        &referrers(context, entry, "y").await?.as_str(),
        &"1",
    )?;
    context
        .change(generation, vec![super::check::type_gone(30)])
        .await?;
    same("of x", &referrers(context, entry, "x").await?.as_str(), &"")?;
    same(
        "links",
        &context.store.links(&Key::entry("b", "en-us")).await?,
        &vec![],
    )?;
    context
        .page(generation, "main", end("1"), end("2"), vec![])
        .await?;
    Ok(())
}

async fn schemas_are_replaced_as_a_whole(context: &Context) -> Outcome {
    let schema = |uid: &str, text: &str| StoredSchema {
        uid: uid.into(),
        schema: json(text),
    };
    let store = &context.store;
    store
        .put_schemas(vec![schema("b", "1"), schema("a", "2")])
        .await?;
    same(
        "all",
        &store.schemas().await?,
        &vec![schema("a", "2"), schema("b", "1")],
    )?;
    store
        .put_schemas(vec![schema("b", "3"), schema("c", "4")])
        .await?;
    same(
        "all",
        &store.schemas().await?,
        &vec![schema("b", "3"), schema("c", "4")],
    )?;
    same(
        "one",
        &store.schema(&"b".into()).await?,
        &Some(schema("b", "3")),
    )?;
    same("none", &store.schema(&"a".into()).await?, &None)
}
