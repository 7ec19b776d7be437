//! Many-to-many lists.

use super::behaviours;
use super::check::{Context, Outcome};

behaviours![
    a_list_replaces_the_one_before,
    an_absent_list_leaves_what_is_there,
    what_is_twice_in_a_list_is_one_pair,
    of_lists_that_come_twice_the_last_holds,
    a_symmetrical_list_holds_in_both_directions,
    of_the_two_halves_of_a_pair_the_later_decides,
    a_list_that_is_not_symmetrical_holds_in_one_direction,
];

const TAGS: &str = r#"tag 1 {"name": "a"}
                      tag 2 {"name": "b"}
                      tag 3 {"name": "c"}"#;

async fn a_list_replaces_the_one_before(context: &Context) -> Outcome {
    context.sync(TAGS).await?;
    let report = context
        .sync(
            r#"post 1 {"title": "t", "tags": [1, 2]}
               post 2 {"title": "u", "tags": [3]}"#,
        )
        .await?;
    context.paired(&report, "post", (3, 0))?;
    // The pair that is in both keeps its row: it is neither added nor removed.
    let report = context
        .sync(r#"post 1 {"title": "t", "tags": [3, 2]}"#)
        .await?;
    context.paired(&report, "post", (1, 1))?;
    context.counted(&report, "post", (0, 0, 1, 0))?;
    context
        .has("post", &["tags"], &["1 [2 3]", "2 [3]"])
        .await?;
    let report = context.sync(r#"post 1 {"title": "t", "tags": []}"#).await?;
    context.paired(&report, "post", (0, 2))?;
    context.has("post", &["tags"], &["1 []", "2 [3]"]).await
}

async fn an_absent_list_leaves_what_is_there(context: &Context) -> Outcome {
    context.sync(TAGS).await?;
    context
        .sync(r#"post 1 {"title": "t", "tags": [1, 2]}"#)
        .await?;
    let report = context.sync(r#"post 1 {"title": "u"}"#).await?;
    context.paired(&report, "post", (0, 0))?;
    context.has("post", &["tags"], &["1 [1 2]"]).await
}

async fn what_is_twice_in_a_list_is_one_pair(context: &Context) -> Outcome {
    context.sync(TAGS).await?;
    let line = r#"post 1 {"title": "t", "tags": [1, 2, 1, 1]}"#;
    let report = context.sync(line).await?;
    context.paired(&report, "post", (2, 0))?;
    let report = context.sync(line).await?;
    context.paired(&report, "post", (0, 0))?;
    context.has("post", &["tags"], &["1 [1 2]"]).await
}

async fn of_lists_that_come_twice_the_last_holds(context: &Context) -> Outcome {
    context.sync(TAGS).await?;
    context
        .sync(
            r#"post 1 {"title": "t", "tags": [1, 2]}
               post 1 {"title": "t", "tags": [3]}
               post 1 {"title": "t"}"#,
        )
        .await?;
    context.has("post", &["tags"], &["1 [3]"]).await
}

async fn a_symmetrical_list_holds_in_both_directions(context: &Context) -> Outcome {
    let report = context
        .sync(
            r#"post 1 {"title": "t", "related": [2, 3]}
               post 2 {"title": "u", "related": [1]}
               post 3 {"title": "v", "related": [1]}"#,
        )
        .await?;
    context.paired(&report, "post", (4, 0))?;
    let expected = &["1 [2 3]", "2 [1]", "3 [1]"];
    context.has("post", &["related"], expected).await?;
    // One half is enough, and takes the other with it.
    let report = context
        .sync(r#"post 1 {"title": "t", "related": [3]}"#)
        .await?;
    context.paired(&report, "post", (0, 2))?;
    let expected = &["1 [3]", "2 []", "3 [1]"];
    context.has("post", &["related"], expected).await?;
    context
        .sync(r#"post 2 {"title": "u", "related": [3, 2]}"#)
        .await?;
    let expected = &["1 [3]", "2 [2 3]", "3 [1 2]"];
    context.has("post", &["related"], expected).await
}

async fn of_the_two_halves_of_a_pair_the_later_decides(context: &Context) -> Outcome {
    context
        .sync(
            r#"post 2 {"title": "u", "related": []}
               post 1 {"title": "t", "related": [2]}"#,
        )
        .await?;
    context
        .has("post", &["related"], &["1 [2]", "2 [1]"])
        .await?;
    context
        .sync(
            r#"post 1 {"title": "t", "related": [2]}
               post 2 {"title": "u", "related": []}"#,
        )
        .await?;
    context.has("post", &["related"], &["1 []", "2 []"]).await
}

async fn a_list_that_is_not_symmetrical_holds_in_one_direction(context: &Context) -> Outcome {
    context
        .sync(
            r#"post 1 {"title": "t", "follows": [2, 1]}
               post 2 {"title": "u", "follows": []}"#,
        )
        .await?;
    context
        .has("post", &["follows"], &["1 [1 2]", "2 []"])
        .await
}
