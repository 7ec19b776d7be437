//! What becomes of single rows.

use super::super::{MissingFields, StoreErrorKind, SyncOptions};
use super::behaviours;
use super::check::{Context, Outcome, names, read, refused, same};

behaviours![
    every_kind_of_value_comes_back,
    nothing_is_a_value_of_every_kind,
    only_fields_that_came_are_updated,
    a_row_that_is_there_needs_no_more_than_it_has,
    missing_fields_get_their_defaults_if_that_is_asked_for,
    a_new_row_gets_the_defaults_of_missing_fields,
    what_is_as_it_came_is_not_updated,
    a_key_that_comes_twice_has_the_last_value_of_each_field,
    a_row_without_a_key_gets_one_that_nobody_has,
    a_row_without_a_key_makes_way_for_one_with_it,
    a_proxy_is_its_table,
    parents_are_rows_of_their_own,
    a_field_that_needs_a_value_is_named,
    swapped_values_load,
    a_row_of_values_that_move_on_loads,
    a_value_that_moves_to_a_new_row_loads,
    a_value_that_two_rows_want_is_refused_and_named,
];

async fn every_kind_of_value_comes_back(context: &Context) -> Outcome {
    let lines = r#"
        kinds 1 {"big": 9223372036854775807, "small": 7, "boolean": true, "float": 1e-07, "decimal": "12345678.1234", "char": "h\u00e9\"\\\n\t\u2028", "text": "'; \\N \\. --", "address": "2001:db8::1", "image": "a b/\u00fc.png", "moment": "2020-01-02T03:04:05.678901Z", "clock": "2020-01-02T03:04:05", "date": "0001-01-01", "time": "23:59:58.123456", "duration": "-1 02:00:03.000004", "uuid": "12345678-9abc-def0-1234-56789abcdef0", "binary": "AP8gYmlu", "json": {"a": [1, 2.5, null, true, "\u00e9\ud83d\ude00"]}}
        kinds 2 {"big": -9223372036854775808, "small": 0, "boolean": false, "float": 1e+22, "decimal": "-0.0001", "char": "", "text": "", "address": "127.0.0.1", "image": "", "moment": "9999-12-31T23:59:59.999999Z", "clock": "1999-12-31T23:59:59.000001", "date": "9999-12-31", "time": "00:00:00", "duration": "400 00:00:59", "uuid": "00000000-0000-0000-0000-000000000000", "binary": "", "json": "text"}
        kinds 3 {"float": 0.1, "decimal": "1000.0000", "duration": "00:00:00", "json": [], "small": 32767, "char": "\u0001\u007f\\x"}"#;
    let sent = context.rows(lines)?;
    let report = context.sync(lines).await?;
    context.counted(&report, "kinds", (3, 0, 0, 0))?;
    let mut snapshot = context.snapshot().await?;
    let found = read(&mut *snapshot, context.query("kinds")?).await?;
    drop(snapshot);
    let model = context.model("kinds")?;
    for (found, sent) in found.iter().zip(&sent) {
        for field in model.fields() {
            if let Some(value) = sent.get(field.index()) {
                let found = found.get(field.index());
                same(field.name(), &found, &Some(value))?;
            }
        }
    }
    let report = context.sync(lines).await?;
    context.counted(&report, "kinds", (0, 0, 3, 0))
}

async fn nothing_is_a_value_of_every_kind(context: &Context) -> Outcome {
    let fields = [
        "big", "small", "boolean", "float", "decimal", "char", "text", "address", "moment",
        "clock", "date", "time", "duration", "uuid", "binary", "json",
    ];
    let nulls = fields.map(|field| format!(r#""{field}": null"#)).join(", ");
    let line = format!("kinds 1 {{{nulls}}}");
    context.sync(&line).await?;
    let expected = format!("1{}", " null".repeat(fields.len()));
    context.has("kinds", &fields, &[&expected]).await?;
    let report = context.sync(&line).await?;
    context.counted(&report, "kinds", (0, 0, 1, 0))
}

async fn only_fields_that_came_are_updated(context: &Context) -> Outcome {
    let first = r#"post 1 {"title": "t", "author": null, "topic": null, "note": "n"}"#;
    context.sync(first).await?;
    let report = context.sync(r#"post 1 {"title": "u"}"#).await?;
    context.counted(&report, "post", (0, 1, 0, 0))?;
    context
        .has("post", &["title", "note"], &["1 \"u\" \"n\""])
        .await
}

async fn a_row_that_is_there_needs_no_more_than_it_has(context: &Context) -> Outcome {
    context
        .sync(
            r#"post 1 {"title": "t"}
               comment 1 {"post": 1, "text": "a"}"#,
        )
        .await?;
    // The post is missing, which a new comment could not be without.
    let report = context.sync(r#"comment 1 {"text": "b"}"#).await?;
    context.counted(&report, "comment", (0, 1, 0, 0))?;
    let report = context.sync(r#"comment 1 {"text": "b"}"#).await?;
    context.counted(&report, "comment", (0, 0, 1, 0))?;
    context
        .has("comment", &["post", "text"], &["1 1 \"b\""])
        .await?;
    let result = context
        .try_sync(SyncOptions::new(), r#"comment 2 {"text": "b"}"#)
        .await?;
    let error = refused("a new comment", result, StoreErrorKind::NotNull)?;
    names(&error, "comment", Some("2"), Some("post"), None)
}

async fn missing_fields_get_their_defaults_if_that_is_asked_for(context: &Context) -> Outcome {
    context
        .sync(
            r#"tag 1 {"name": "a"}
               post 1 {"title": "t", "topic": "a", "note": "n"}"#,
        )
        .await?;
    let options = SyncOptions::new().missing_fields(MissingFields::DjangoDefaults);
    let report = context
        .sync_with(options.clone(), r#"post 1 {"title": "t"}"#)
        .await?;
    context.counted(&report, "post", (0, 1, 0, 0))?;
    let expected = &["1 \"t\" null \"none\""];
    context
        .has("post", &["title", "topic", "note"], expected)
        .await?;
    let report = context
        .sync_with(options, r#"post 1 {"title": "t"}"#)
        .await?;
    context.counted(&report, "post", (0, 0, 1, 0))
}

async fn a_new_row_gets_the_defaults_of_missing_fields(context: &Context) -> Outcome {
    context.sync(r#"post 1 {}"#).await?;
    let expected = &["1 \"\" null \"none\""];
    context
        .has("post", &["title", "topic", "note"], expected)
        .await
}

async fn what_is_as_it_came_is_not_updated(context: &Context) -> Outcome {
    let lines = r#"tag 1 {"name": "a"}
                   tag 2 {"name": "b"}
                   place 1 {"name": "p"}
                   restaurant 1 {"pizza": true}"#;
    let report = context.sync(lines).await?;
    context.counted(&report, "tag", (2, 0, 0, 0))?;
    same("changes", &report.changed(), &true)?;
    let report = context.sync(lines).await?;
    context.counted(&report, "tag", (0, 0, 2, 0))?;
    context.counted(&report, "restaurant", (0, 0, 1, 0))?;
    same("changes", &report.changed(), &false)?;
    let report = context
        .sync(
            r#"tag 1 {"name": "a"}
               tag 2 {"name": "c"}
               tag 3 {"name": "d"}"#,
        )
        .await?;
    context.counted(&report, "tag", (1, 1, 1, 0))
}

async fn a_key_that_comes_twice_has_the_last_value_of_each_field(context: &Context) -> Outcome {
    context
        .sync(
            r#"tag 1 {"name": "a"}
               tag 2 {"name": "b"}
               tag 1 {"name": "c"}
               post 1 {"title": "t", "note": "n"}
               post 2 {"title": "x"}
               post 1 {"title": "u"}
               post 1 {"note": "m"}"#,
        )
        .await?;
    context
        .has("tag", &["name"], &["1 \"c\"", "2 \"b\""])
        .await?;
    let expected = &["1 \"u\" \"m\"", "2 \"x\" \"none\""];
    context.has("post", &["title", "note"], expected).await
}

async fn a_row_without_a_key_gets_one_that_nobody_has(context: &Context) -> Outcome {
    context.sync(r#"tag 4 {"name": "a"}"#).await?;
    let report = context
        .sync(
            r#"tag null {"name": "b"}
               tag null {"name": "c"}"#,
        )
        .await?;
    context.counted(&report, "tag", (2, 0, 0, 0))?;
    let expected = &["4 \"a\"", "5 \"b\"", "6 \"c\""];
    context.has("tag", &["name"], expected).await?;
    // Its lists are its own.
    context
        .sync(r#"post null {"title": "t", "tags": [4, 6]}"#)
        .await?;
    context
        .has("post", &["title", "tags"], &["1 \"t\" [4 6]"])
        .await?;
    context.sync(r#"author null {"name": "n"}"#).await?;
    let mut snapshot = context.snapshot().await?;
    let authors = read(&mut *snapshot, context.query("author")?).await?;
    same("authors", &authors.len(), &1)
}

async fn a_row_without_a_key_makes_way_for_one_with_it(context: &Context) -> Outcome {
    let report = context
        .sync(
            r#"post null {"title": "new", "tags": [1]}
               post 1 {"title": "one", "tags": []}
               post 2 {"title": "two", "tags": []}
               tag 1 {"name": "a"}"#,
        )
        .await?;
    context.counted(&report, "post", (3, 0, 0, 0))?;
    let expected = &["1 \"one\" []", "2 \"two\" []", "3 \"new\" [1]"];
    context.has("post", &["title", "tags"], expected).await
}

async fn a_proxy_is_its_table(context: &Context) -> Outcome {
    let report = context.sync(r#"venue 2 {"name": "p"}"#).await?;
    context.counted(&report, "place", (1, 0, 0, 0))?;
    context.has("place", &["name"], &["2 \"p\""]).await?;
    context.has("venue", &["name"], &["2 \"p\""]).await?;
    let mut snapshot = context.snapshot().await?;
    let rows = read(&mut *snapshot, context.query("venue")?).await?;
    let models: Vec<_> = rows.iter().map(|row| row.model()).collect();
    same(
        "the model of the rows",
        &models,
        &vec![context.model("venue")?.id()],
    )
}

async fn parents_are_rows_of_their_own(context: &Context) -> Outcome {
    let result = context
        .try_sync(SyncOptions::new(), r#"restaurant 2 {"pizza": true}"#)
        .await?;
    let error = refused("a child alone", result, StoreErrorKind::ForeignKey)?;
    names(
        &error,
        "restaurant",
        Some("2"),
        Some("place_ptr"),
        Some("2"),
    )?;
    context
        .sync(
            r#"restaurant 2 {"pizza": true}
               place 2 {"name": "p"}"#,
        )
        .await?;
    context.has("restaurant", &["pizza"], &["2 true"]).await
}

async fn a_field_that_needs_a_value_is_named(context: &Context) -> Outcome {
    let lines = r#"tag 1 {"name": "a"}
                   tag 2 {"name": null}"#;
    let result = context.try_sync(SyncOptions::new(), lines).await?;
    let error = refused("nothing", result, StoreErrorKind::NotNull)?;
    names(&error, "tag", Some("2"), Some("name"), None)
}

async fn swapped_values_load(context: &Context) -> Outcome {
    context
        .sync(
            r#"tag 1 {"name": "a"}
               tag 2 {"name": "b"}
               post 1 {"topic": "a", "tags": [1]}"#,
        )
        .await?;
    let report = context
        .sync(
            r#"tag 1 {"name": "b"}
               tag 2 {"name": "a"}"#,
        )
        .await?;
    context.counted(&report, "tag", (0, 2, 0, 0))?;
    context
        .has("tag", &["name"], &["1 \"b\"", "2 \"a\""])
        .await?;
    // What refers to them is still there.
    context
        .has("post", &["topic", "tags"], &["1 \"a\" [1]"])
        .await
}

async fn a_row_of_values_that_move_on_loads(context: &Context) -> Outcome {
    let line = |id: u32, rank: u32| {
        format!("author \"00000000-0000-0000-0000-{id:012}\" {{\"name\": \"n\", \"rank\": {rank}}}")
    };
    let lines = |rank: fn(u32) -> u32| {
        let lines: Vec<String> = (1..=9).map(|id| line(id, rank(id))).collect();
        lines.join("\n")
    };
    context.sync(&lines(|id| id)).await?;
    // Each one gets the value that the next one has, and then the one before.
    let report = context.sync(&lines(|id| id + 1)).await?;
    context.counted(&report, "author", (0, 9, 0, 0))?;
    let report = context.sync(&lines(|id| id - 1)).await?;
    context.counted(&report, "author", (0, 9, 0, 0))?;
    let mut snapshot = context.snapshot().await?;
    let query = context.query("author")?.order_by("rank").limit(1);
    let first = "00000000-0000-0000-0000-000000000001 0";
    context
        .gives(&mut *snapshot, query, &["rank"], &[first])
        .await
}

async fn a_value_that_moves_to_a_new_row_loads(context: &Context) -> Outcome {
    context.sync(r#"tag 1 {"name": "a"}"#).await?;
    let report = context
        .sync(
            r#"tag 2 {"name": "a"}
               tag 1 {"name": "b"}"#,
        )
        .await?;
    context.counted(&report, "tag", (1, 1, 0, 0))?;
    context.has("tag", &["name"], &["1 \"b\"", "2 \"a\""]).await
}

async fn a_value_that_two_rows_want_is_refused_and_named(context: &Context) -> Outcome {
    context.sync(r#"tag 7 {"name": "a"}"#).await?;
    for lines in [
        r#"tag 8 {"name": "a"}"#,
        r#"tag 8 {"name": "b"}
           tag 9 {"name": "b"}"#,
    ] {
        let result = context.try_sync(SyncOptions::new(), lines).await?;
        let error = refused("a value for two", result, StoreErrorKind::Unique)?;
        same("the field", &error.field(), &Some("name"))?;
        same("a key is named", &error.pk().is_some(), &true)?;
        context.has("tag", &["name"], &["7 \"a\""]).await?;
    }
    Ok(())
}
