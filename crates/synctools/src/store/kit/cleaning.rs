//! Rows that did not come.

use super::super::{
    Clean, OnReferenced, ReferenceAction, StoreErrorKind, StoreReport, SyncOptions,
};
use super::behaviours;
use super::check::{Context, Outcome, names, refused, same};

behaviours![
    rows_that_did_not_come_stay_if_nothing_is_said,
    stale_rows_of_models_that_came_go,
    tables_that_are_named_are_cleaned_also_if_nothing_came,
    before_leaves_what_came_and_nothing_else,
    a_new_row_is_not_stale,
    a_value_of_a_row_that_goes_is_free,
    what_refers_to_a_value_that_moves_on_stays,
    pairs_go_with_their_rows,
    rows_that_others_need_are_not_removed,
    rows_that_others_need_are_given_up_by_them,
    rows_that_others_need_take_them_along,
    a_reference_that_must_hold_is_never_given_up,
    a_row_that_came_is_never_removed,
    what_refers_to_itself_can_go,
    too_many_rows_are_not_removed,
    an_unknown_model_is_not_cleaned,
];

async fn fill(context: &Context) -> Outcome {
    context
        .sync(
            r#"tag 1 {"name": "a"}
               tag 2 {"name": "b"}
               tag 3 {"name": "c"}
               node 1 {"name": "n", "parent": null}"#,
        )
        .await?;
    Ok(())
}

async fn rows_that_did_not_come_stay_if_nothing_is_said(context: &Context) -> Outcome {
    fill(context).await?;
    let report = context.sync(r#"tag 2 {"name": "b"}"#).await?;
    context.counted(&report, "tag", (0, 0, 1, 0))?;
    let expected = &["1 \"a\"", "2 \"b\"", "3 \"c\""];
    context.has("tag", &["name"], expected).await
}

async fn stale_rows_of_models_that_came_go(context: &Context) -> Outcome {
    fill(context).await?;
    let report = context
        .clean(
            r#"tag 2 {"name": "b"}
               tag 4 {"name": "d"}"#,
        )
        .await?;
    context.counted(&report, "tag", (1, 0, 1, 2))?;
    context
        .has("tag", &["name"], &["2 \"b\"", "4 \"d\""])
        .await?;
    context.has("node", &["name"], &["1 \"n\""]).await?;
    // Nothing came at all: nothing is removed.
    let report = context.clean("").await?;
    same("changes", &report.changed(), &false)
}

async fn tables_that_are_named_are_cleaned_also_if_nothing_came(context: &Context) -> Outcome {
    fill(context).await?;
    let clean = Clean::Tables(vec![context.label("tag")?]);
    let options = SyncOptions::new().clean(clean);
    let report = context
        .sync_with(options.clone(), r#"node 2 {"name": "m", "parent": null}"#)
        .await?;
    context.counted(&report, "tag", (0, 0, 0, 3))?;
    context.has("tag", &["name"], &[]).await?;
    // A model that came and is not named keeps its rows.
    context
        .has("node", &["name"], &["1 \"n\"", "2 \"m\""])
        .await?;
    fill(context).await?;
    context.sync_with(options, r#"tag 3 {"name": "c"}"#).await?;
    context.has("tag", &["name"], &["3 \"c\""]).await
}

async fn before_leaves_what_came_and_nothing_else(context: &Context) -> Outcome {
    fill(context).await?;
    context
        .sync(
            r#"post 1 {"title": "t", "note": "n", "topic": "a", "tags": [1, 2]}
               post 2 {"title": "u", "tags": [1]}"#,
        )
        .await?;
    let options = SyncOptions::new().clean(Clean::Before);
    let report = context
        .sync_with(options, r#"post 1 {"title": "t"}"#)
        .await?;
    context.counted(&report, "post", (0, 1, 0, 1))?;
    let fields = &["title", "note", "topic", "tags"];
    let expected = &["1 \"t\" \"none\" null []"];
    context.has("post", fields, expected).await
}

async fn a_new_row_is_not_stale(context: &Context) -> Outcome {
    fill(context).await?;
    let report = context
        .clean(
            r#"tag 2 {"name": "b"}
               tag null {"name": "x"}"#,
        )
        .await?;
    context.counted(&report, "tag", (1, 0, 1, 2))?;
    let mut snapshot = context.snapshot().await?;
    let query = context.query("tag")?.order_by("name").offset(1);
    let rows = super::check::read(&mut *snapshot, query).await?;
    same("rows beside the one that came with a key", &rows.len(), &1)
}

async fn a_value_of_a_row_that_goes_is_free(context: &Context) -> Outcome {
    fill(context).await?;
    let report = context
        .clean(
            r#"tag 2 {"name": "a"}
               tag 9 {"name": "c"}"#,
        )
        .await?;
    context.counted(&report, "tag", (1, 1, 0, 2))?;
    context.has("tag", &["name"], &["2 \"a\"", "9 \"c\""]).await
}

async fn what_refers_to_a_value_that_moves_on_stays(context: &Context) -> Outcome {
    fill(context).await?;
    context
        .sync(r#"post 1 {"title": "t", "topic": "a"}"#)
        .await?;
    let options = SyncOptions::new().clean(Clean::Stale);
    let options = options.on_referenced(OnReferenced::Cascade);
    let report = context.sync_with(options, r#"tag 2 {"name": "a"}"#).await?;
    context.counted(&report, "tag", (0, 1, 0, 2))?;
    same("references", &report.references.len(), &0)?;
    context.has("post", &["topic"], &["1 \"a\""]).await
}

async fn pairs_go_with_their_rows(context: &Context) -> Outcome {
    fill(context).await?;
    context
        .sync(
            r#"post 1 {"title": "t", "tags": [1, 2], "related": [1, 2]}
               post 2 {"title": "u", "tags": [3]}"#,
        )
        .await?;
    // Those of a target,
    let report = context
        .clean(
            r#"tag 2 {"name": "b"}
               tag 3 {"name": "c"}"#,
        )
        .await?;
    context.paired(&report, "post", (0, 1))?;
    context.has("post", &["tags"], &["1 [2]", "2 [3]"]).await?;
    // and those of the owner.
    let report = context.clean(r#"post 1 {"title": "t"}"#).await?;
    context.paired(&report, "post", (0, 3))?;
    context
        .has("post", &["tags", "related"], &["1 [2] [1]"])
        .await
}

/// A post with a comment and a topic, all of which stay if they can.
async fn thread(context: &Context) -> Outcome {
    fill(context).await?;
    context
        .sync(
            r#"post 1 {"title": "t", "topic": "a"}
               post 2 {"title": "u"}
               comment 1 {"post": 1, "text": ""}
               comment 2 {"post": 2, "text": ""}"#,
        )
        .await?;
    Ok(())
}

async fn stale(
    context: &Context,
    on_referenced: OnReferenced,
    lines: &str,
) -> Outcome<Result<StoreReport, super::super::StoreError>> {
    let options = SyncOptions::new().clean(Clean::Stale);
    let options = options.on_referenced(on_referenced);
    context.try_sync(options, lines).await
}

const WITHOUT_A: &str = r#"tag 2 {"name": "b"}
                           tag 3 {"name": "c"}"#;

async fn rows_that_others_need_are_not_removed(context: &Context) -> Outcome {
    thread(context).await?;
    let result = stale(context, OnReferenced::Restrict, WITHOUT_A).await?;
    let error = refused(
        "a tag that a post needs",
        result,
        StoreErrorKind::Referenced,
    )?;
    names(&error, "post", Some("1"), Some("topic"), Some("\"a\""))?;
    let expected = &["1 \"a\"", "2 \"b\"", "3 \"c\""];
    context.has("tag", &["name"], expected).await?;
    // One that nobody needs goes.
    let lines = r#"tag 1 {"name": "a"}"#;
    stale(context, OnReferenced::Restrict, lines).await??;
    context.has("tag", &["name"], &["1 \"a\""]).await
}

async fn rows_that_others_need_are_given_up_by_them(context: &Context) -> Outcome {
    thread(context).await?;
    let report = stale(context, OnReferenced::SetNull, WITHOUT_A).await??;
    let references: Vec<_> = report
        .references
        .iter()
        .map(|reference| (reference.action, reference.rows))
        .collect();
    same(
        "references",
        &references,
        &vec![(ReferenceAction::SetNull, 1)],
    )?;
    context
        .has("tag", &["name"], &["2 \"b\"", "3 \"c\""])
        .await?;
    context.has("post", &["topic"], &["1 null", "2 null"]).await
}

async fn rows_that_others_need_take_them_along(context: &Context) -> Outcome {
    thread(context).await?;
    let report = stale(context, OnReferenced::Cascade, WITHOUT_A).await??;
    let removed: u64 = report
        .references
        .iter()
        .map(|reference| reference.rows)
        .sum();
    // The post, and its comment.
    same("rows that went along", &removed, &2)?;
    context.counted(&report, "tag", (0, 0, 2, 1))?;
    context.has("post", &["topic"], &["2 null"]).await?;
    context.has("comment", &["post"], &["2 2"]).await
}

async fn a_reference_that_must_hold_is_never_given_up(context: &Context) -> Outcome {
    thread(context).await?;
    let lines = r#"post 2 {"title": "u"}"#;
    let result = stale(context, OnReferenced::SetNull, lines).await?;
    let error = refused("a post with a comment", result, StoreErrorKind::Referenced)?;
    names(&error, "comment", Some("1"), Some("post"), Some("1"))?;
    context.has("comment", &["post"], &["1 1", "2 2"]).await
}

async fn a_row_that_came_is_never_removed(context: &Context) -> Outcome {
    thread(context).await?;
    for on_referenced in [
        OnReferenced::Restrict,
        OnReferenced::SetNull,
        OnReferenced::Cascade,
    ] {
        // The post came, and what it refers to did not.
        let lines = r#"post 1 {"title": "t", "topic": "a"}
                       post 2 {"title": "u"}
                       tag 2 {"name": "b"}"#;
        let result = stale(context, on_referenced, lines).await?;
        let error = refused(
            "a tag that a post came with",
            result,
            StoreErrorKind::ForeignKey,
        )?;
        names(&error, "post", Some("1"), Some("topic"), Some("\"a\""))?;
    }
    // It points elsewhere now, and so the tag can go.
    let lines = r#"tag 2 {"name": "b"}
                   post 1 {"title": "t", "topic": "b"}
                   post 2 {"title": "u"}"#;
    stale(context, OnReferenced::Restrict, lines).await??;
    context.has("tag", &["name"], &["2 \"b\""]).await
}

async fn what_refers_to_itself_can_go(context: &Context) -> Outcome {
    context
        .sync(
            r#"node 1 {"name": "a", "parent": 1}
               node 2 {"name": "b", "parent": 3}
               node 3 {"name": "c", "parent": 2}
               node 4 {"name": "d", "parent": null}"#,
        )
        .await?;
    let lines = r#"node 4 {"name": "d", "parent": null}"#;
    let report = context.clean(lines).await?;
    context.counted(&report, "node", (0, 0, 1, 3))?;
    context.has("node", &["name"], &["4 \"d\""]).await
}

async fn too_many_rows_are_not_removed(context: &Context) -> Outcome {
    fill(context).await?;
    let options = SyncOptions::new().clean(Clean::Stale);
    let half = options.clone().max_delete_ratio(0.5);
    let lines = r#"tag 1 {"name": "a"}
                   tag 8 {"name": "x"}
                   tag 9 {"name": "y"}"#;
    // Two of the three that were there; those that are new do not count.
    let result = context.try_sync(half, lines).await?;
    let error = refused("two of three", result, StoreErrorKind::TooManyDeleted)?;
    names(&error, "tag", None, None, None)?;
    let expected = &["1 \"a\"", "2 \"b\"", "3 \"c\""];
    context.has("tag", &["name"], expected).await?;
    let most = options.max_delete_ratio(0.7);
    context.sync_with(most, lines).await?;
    let expected = &["1 \"a\"", "8 \"x\"", "9 \"y\""];
    context.has("tag", &["name"], expected).await
}

async fn an_unknown_model_is_not_cleaned(context: &Context) -> Outcome {
    fill(context).await?;
    let label = "kit.nothing".parse();
    let label = label.map_err(|_| super::check::Violation("no label".into()))?;
    let options = SyncOptions::new().clean(Clean::Tables(vec![label]));
    // When it begins, or at the end.
    let result = match context.begin(options).await {
        Ok(sync) => sync.finish().await.map(drop),
        Err(error) => Err(error),
    };
    refused("a model that is not there", result, StoreErrorKind::Schema)?;
    Ok(())
}
