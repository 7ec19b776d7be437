//! What a snapshot gives.

use super::super::{Condition, Operator, StoreErrorKind};
use super::behaviours;
use super::check::{Context, Outcome, Violation, read, refused, same};
use crate::value::Value;

behaviours![
    rows_come_by_key,
    rows_are_chosen_by_conditions,
    rows_come_in_an_order,
    a_part_of_the_rows_comes_with_its_lists,
    text_stands_for_what_it_says,
    many_rows_come_in_batches,
    a_query_can_be_given_up,
    what_is_not_known_is_refused,
    a_snapshot_stays_as_it_is,
    a_change_changes_the_version,
];

async fn fill(context: &Context) -> Outcome {
    context
        .sync(
            r#"tag 10 {"name": "d"}
               tag 9 {"name": "c"}
               tag 2 {"name": "b"}
               tag 1 {"name": "a"}
               node 1 {"name": "root", "parent": null}
               node 2 {"name": "x", "parent": 1}
               node 3 {"name": "x", "parent": 2}
               node 4 {"name": "y", "parent": 1}"#,
        )
        .await?;
    Ok(())
}

async fn rows_come_by_key(context: &Context) -> Outcome {
    fill(context).await?;
    let expected = &["1 \"a\"", "2 \"b\"", "9 \"c\"", "10 \"d\""];
    context.has("tag", &["name"], expected).await?;
    context.has("comment", &["text"], &[]).await
}

async fn rows_are_chosen_by_conditions(context: &Context) -> Outcome {
    fill(context).await?;
    let mut snapshot = context.snapshot().await?;
    let cases: [(Condition, &[&str]); 12] = [
        (Condition::equals("name", "x"), &["2", "3"]),
        (Condition::equals("pk", Value::Int(4)), &["4"]),
        (
            Condition::compare("id", Operator::Greater, Value::Int(2)),
            &["3", "4"],
        ),
        (
            Condition::compare("id", Operator::LessOrEqual, Value::Int(2)),
            &["1", "2"],
        ),
        // `NULL` is not unequal to anything.
        (
            Condition::compare("parent", Operator::NotEqual, Value::Int(1)),
            &["3"],
        ),
        (Condition::is_null("parent"), &["1"]),
        (Condition::is_null("parent").negated(), &["2", "3", "4"]),
        (Condition::equals("parent", Value::Int(1)).negated(), &["3"]),
        (Condition::one_of("name", ["y", "root"]), &["1", "4"]),
        (Condition::one_of("id", Vec::<i64>::new()), &[]),
        (
            Condition::Any(vec![
                Condition::is_null("parent"),
                Condition::All(vec![
                    Condition::equals("name", "x"),
                    Condition::equals("parent", Value::Int(2)),
                ]),
            ]),
            &["1", "3"],
        ),
        (Condition::Any(Vec::new()), &[]),
    ];
    for (condition, expected) in cases {
        let query = context.query("node")?.filter(condition);
        context.gives(&mut *snapshot, query, &[], expected).await?;
    }
    let query = context.query("node")?;
    let query = query.filter(Condition::equals("name", "x"));
    let query = query.filter(Condition::equals("parent", Value::Int(1)));
    context.gives(&mut *snapshot, query, &[], &["2"]).await?;
    // Quotes and the like are only characters.
    let query = context.query("node")?;
    let query = query.filter(Condition::equals("name", "' OR \"1\" = '1' -- \\"));
    context.gives(&mut *snapshot, query, &[], &[]).await
}

async fn rows_come_in_an_order(context: &Context) -> Outcome {
    fill(context).await?;
    let mut snapshot = context.snapshot().await?;
    let query = context.query("tag")?.order_by("-name");
    let expected = &["10", "9", "2", "1"];
    context.gives(&mut *snapshot, query, &[], expected).await?;
    // Where the order does not decide, the key does.
    let query = context.query("node")?.order_by("-name");
    let expected = &["4", "2", "3", "1"];
    context.gives(&mut *snapshot, query, &[], expected).await?;
    let query = context.query("node")?.order_by("name").order_by("-pk");
    let expected = &["1", "3", "2", "4"];
    context.gives(&mut *snapshot, query, &[], expected).await
}

async fn a_part_of_the_rows_comes_with_its_lists(context: &Context) -> Outcome {
    fill(context).await?;
    context
        .sync(
            r#"post 1 {"title": "c", "tags": [1, 2], "related": [3]}
               post 2 {"title": "b", "tags": [9]}
               post 3 {"title": "a", "tags": []}
               post 4 {"title": "a", "tags": [10, 2, 1]}"#,
        )
        .await?;
    let mut snapshot = context.snapshot().await?;
    let fields = &["tags", "related"];
    let expected = &["1 [1 2] [3]", "2 [9] []", "3 [] [1]", "4 [1 10 2] []"];
    let query = context.query("post")?;
    context
        .gives(&mut *snapshot, query, fields, expected)
        .await?;
    let query = context.query("post")?.order_by("title");
    let expected = &["3 [] [1]", "4 [1 10 2] []", "2 [9] []", "1 [1 2] [3]"];
    context
        .gives(&mut *snapshot, query, fields, expected)
        .await?;
    let query = context.query("post")?.order_by("title").offset(1).limit(2);
    let expected = &["4 [1 10 2] []", "2 [9] []"];
    context
        .gives(&mut *snapshot, query, fields, expected)
        .await?;
    let query = context.query("post")?.offset(3);
    let expected = &["4 [1 10 2] []"];
    context
        .gives(&mut *snapshot, query, fields, expected)
        .await?;
    let query = context.query("post")?;
    let query = query.filter(Condition::equals("title", "c")).limit(5);
    let expected = &["1 [1 2] [3]"];
    context
        .gives(&mut *snapshot, query, fields, expected)
        .await?;
    let query = context.query("post")?.limit(0);
    context.gives(&mut *snapshot, query, fields, &[]).await
}

async fn text_stands_for_what_it_says(context: &Context) -> Outcome {
    context
        .sync(
            r#"kinds 1 {"boolean": true, "uuid": "12345678-9abc-def0-1234-56789abcdef0", "moment": "2020-01-02T03:04:05Z", "decimal": "1.5000", "date": "1999-12-31"}
               kinds 2 {"boolean": false}"#,
        )
        .await?;
    let mut snapshot = context.snapshot().await?;
    for (field, text) in [
        ("pk", "1"),
        ("boolean", "true"),
        ("uuid", "123456789ABCDEF0123456789ABCDEF0"),
        ("moment", "2020-01-02T04:04:05+01:00"),
        ("date", "1999-12-31"),
    ] {
        let query = context.query("kinds")?;
        let query = query.filter(Condition::equals(field, text));
        context.gives(&mut *snapshot, query, &[], &["1"]).await?;
    }
    let query = context.query("kinds")?;
    let query = query.filter(Condition::equals("pk", "one"));
    refused(
        "a word for a number",
        snapshot.select(query).await,
        StoreErrorKind::Value,
    )?;
    Ok(())
}

async fn many_rows_come_in_batches(context: &Context) -> Outcome {
    let lines: Vec<String> = (1..=5000)
        .map(|id| format!(r#"node {id} {{"name": "node", "parent": 1}}"#))
        .collect();
    let report = context.sync(&lines.join("\n")).await?;
    context.counted(&report, "node", (5000, 0, 0, 0))?;
    let mut snapshot = context.snapshot().await?;
    snapshot.select(context.query("node")?).await?;
    let (mut next, mut batches) = (1, 0);
    while let Some(rows) = snapshot.next().await? {
        batches += 1;
        for row in rows {
            same(
                "the next key",
                &row.pk().and_then(Value::as_int),
                &Some(next),
            )?;
            next += 1;
        }
    }
    same("rows", &next, &5001)?;
    if batches < 2 {
        return Err(Violation("all rows came at once".into()));
    }
    same(
        "what comes after the end",
        &snapshot.next().await?.is_none(),
        &true,
    )
}

async fn a_query_can_be_given_up(context: &Context) -> Outcome {
    let lines: Vec<String> = (1..=5000)
        .map(|id| format!(r#"node {id} {{"name": "node", "parent": 1}}"#))
        .collect();
    context.sync(&lines.join("\n")).await?;
    context.sync(r#"tag 1 {"name": "a"}"#).await?;
    let mut snapshot = context.snapshot().await?;
    snapshot.select(context.query("node")?).await?;
    snapshot.next().await?;
    let query = context.query("tag")?;
    context.gives(&mut *snapshot, query, &[], &["1"]).await?;
    let rows = read(&mut *snapshot, context.query("node")?).await?;
    same("rows", &rows.len(), &5000)
}

async fn what_is_not_known_is_refused(context: &Context) -> Outcome {
    fill(context).await?;
    let mut snapshot = context.snapshot().await?;
    for query in [
        context.query("tag")?.order_by("nothing"),
        context.query("tag")?.filter(Condition::is_null("nothing")),
        context.query("post")?.order_by("tags"),
    ] {
        refused(
            "a field",
            snapshot.select(query).await,
            StoreErrorKind::Schema,
        )?;
    }
    // The snapshot is none the worse.
    let query = context.query("tag")?.limit(1);
    context.gives(&mut *snapshot, query, &[], &["1"]).await
}

async fn a_snapshot_stays_as_it_is(context: &Context) -> Outcome {
    fill(context).await?;
    let mut snapshot = context.snapshot().await?;
    context
        .sync(
            r#"tag 1 {"name": "z"}
               node 9 {"name": "new", "parent": null}"#,
        )
        .await?;
    let query = context.query("tag")?.limit(1);
    context
        .gives(&mut *snapshot, query, &["name"], &["1 \"a\""])
        .await?;
    let query = context.query("node")?.order_by("-pk").limit(1);
    context.gives(&mut *snapshot, query, &[], &["4"]).await?;
    drop(snapshot);
    let mut snapshot = context.snapshot().await?;
    let query = context.query("tag")?.limit(1);
    context
        .gives(&mut *snapshot, query, &["name"], &["1 \"z\""])
        .await
}

async fn a_change_changes_the_version(context: &Context) -> Outcome {
    fill(context).await?;
    let version = async || -> Outcome<Option<String>> {
        Ok(context.snapshot().await?.version().map(str::to_owned))
    };
    let before = version().await?;
    context.sync(r#"tag 1 {"name": "z"}"#).await?;
    let after = version().await?;
    // A store need not know.
    match before.is_some() && before == after {
        true => Err(Violation(format!("still the version {after:?}"))),
        false => Ok(()),
    }
}
