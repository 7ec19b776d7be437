//! What refers to what.

use super::super::{StoreErrorKind, SyncOptions};
use super::behaviours;
use super::check::{Context, Outcome, names, refused, same};

behaviours![
    children_may_come_before_their_parents,
    circles_and_rows_that_refer_to_themselves_load,
    a_reference_to_what_is_there_already_holds,
    a_reference_by_another_field_than_the_key_holds,
    a_missing_row_is_named,
    a_missing_target_of_a_list_is_named,
    a_reference_that_an_update_breaks_is_named,
];

async fn children_may_come_before_their_parents(context: &Context) -> Outcome {
    context
        .sync(
            r#"comment 1 {"post": 3, "text": ""}
               node 5 {"name": "child", "parent": 10}
               node 10 {"name": "root", "parent": null}
               post 3 {"title": "t", "author": "00000000-0000-0000-0000-0000000000ff"}
               author "00000000-0000-0000-0000-0000000000ff" {"name": "n"}"#,
        )
        .await?;
    context.has("comment", &["post"], &["1 3"]).await?;
    context
        .has("node", &["parent"], &["5 10", "10 null"])
        .await?;
    let expected = &["3 00000000-0000-0000-0000-0000000000ff"];
    context.has("post", &["author"], expected).await
}

async fn circles_and_rows_that_refer_to_themselves_load(context: &Context) -> Outcome {
    context
        .sync(
            r#"left 1 {"other": 2}
               right 2 {"other": 1}
               node 11 {"name": "self", "parent": 11}
               node 1 {"name": "a", "parent": 2}
               node 2 {"name": "b", "parent": 1}"#,
        )
        .await?;
    context.has("left", &["other"], &["1 2"]).await?;
    context.has("right", &["other"], &["2 1"]).await?;
    context
        .has("node", &["parent"], &["1 2", "2 1", "11 11"])
        .await
}

async fn a_reference_to_what_is_there_already_holds(context: &Context) -> Outcome {
    context.sync(r#"post 3 {"title": "t"}"#).await?;
    context.sync(r#"comment 1 {"post": 3, "text": ""}"#).await?;
    context.has("comment", &["post"], &["1 3"]).await
}

async fn a_reference_by_another_field_than_the_key_holds(context: &Context) -> Outcome {
    let lines = r#"post 1 {"title": "t", "topic": "rust"}
                   tag 4 {"name": "rust"}"#;
    context.sync(lines).await?;
    context.has("post", &["topic"], &["1 \"rust\""]).await?;
    let lines = r#"post 1 {"title": "t", "topic": "go"}"#;
    let result = context.try_sync(SyncOptions::new(), lines).await?;
    let error = refused(
        "a topic that is not there",
        result,
        StoreErrorKind::ForeignKey,
    )?;
    names(&error, "post", Some("1"), Some("topic"), Some("\"go\""))
}

async fn a_missing_row_is_named(context: &Context) -> Outcome {
    let lines = r#"node 1 {"name": "a", "parent": 1}
                   node 5 {"name": "b", "parent": 77}
                   node 6 {"name": "c", "parent": 77}"#;
    let result = context.try_sync(SyncOptions::new(), lines).await?;
    let error = refused(
        "a parent that is not there",
        result,
        StoreErrorKind::ForeignKey,
    )?;
    names(&error, "node", Some("5"), Some("parent"), Some("77"))?;
    same("more of them", &error.more(), &1)?;
    let uuid = "00000000-0000-0000-0000-0000000000ff";
    let lines = format!(r#"post 1 {{"title": "t", "author": "{uuid}"}}"#);
    let result = context.try_sync(SyncOptions::new(), &lines).await?;
    let error = refused(
        "an author that is not there",
        result,
        StoreErrorKind::ForeignKey,
    )?;
    names(&error, "post", Some("1"), Some("author"), Some(uuid))
}

async fn a_missing_target_of_a_list_is_named(context: &Context) -> Outcome {
    let lines = r#"tag 1 {"name": "a"}
                   post 3 {"title": "t", "tags": [1, 99]}"#;
    let result = context.try_sync(SyncOptions::new(), lines).await?;
    let error = refused(
        "a tag that is not there",
        result,
        StoreErrorKind::ForeignKey,
    )?;
    names(&error, "post", Some("3"), Some("tags"), Some("99"))
}

async fn a_reference_that_an_update_breaks_is_named(context: &Context) -> Outcome {
    context
        .sync(
            r#"tag 1 {"name": "a"}
               post 1 {"title": "t", "topic": "a"}"#,
        )
        .await?;
    let result = context
        .try_sync(SyncOptions::new(), r#"tag 1 {"name": "b"}"#)
        .await?;
    let error = refused("a topic that goes", result, StoreErrorKind::ForeignKey)?;
    names(&error, "post", Some("1"), Some("topic"), Some("\"a\""))?;
    context.has("tag", &["name"], &["1 \"a\""]).await
}
