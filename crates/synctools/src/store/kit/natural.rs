//! Rows that are known by their natural keys.

use super::super::{Clean, StoreErrorKind, SyncOptions};
use super::behaviours;
use super::check::{Context, Outcome, names, refused};

behaviours![
    a_natural_key_is_the_row_that_has_it,
    a_natural_key_within_a_natural_key_is_looked_up_too,
    a_row_without_a_key_is_the_one_with_its_natural_key,
    rows_without_keys_name_each_other,
    a_natural_key_is_what_rows_are_called_at_the_end,
    a_natural_key_that_no_row_has_is_named,
    a_natural_key_that_two_rows_have_is_named,
    a_row_that_was_found_by_its_natural_key_is_not_stale,
];

/// Some places: Bern is in Switzerland, and in the United States as well.
const PLACES: &str = r#"country 1 {"code": "CH", "name": "Switzerland"}
                        country 2 {"code": "US", "name": "United States"}
                        city 5 {"name": "Bern", "country": 1}
                        city 6 {"name": "Bern", "country": 2}
                        street 9 {"name": "Main", "city": 6}"#;

async fn a_natural_key_is_the_row_that_has_it(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    // Of rows that are there and of rows that come later; a list is mixed.
    let report = context
        .sync(
            r#"walk 1 {"start": ["Main", 6], "country": ["US"], "cities": [["Bern", "US"], 5]}
               walk 2 {"start": 9, "country": ["FR"], "cities": [["Nice", "FR"]]}
               city 7 {"name": "Nice", "country": ["FR"]}
               country 3 {"code": "FR", "name": "France", "capital": null}"#,
        )
        .await?;
    let expected = &["1 9 \"US\" [5 6]", "2 9 \"FR\" [7]"];
    context
        .has("walk", &["start", "country", "cities"], expected)
        .await?;
    let expected = &["5 1", "6 2", "7 3"];
    context.has("city", &["country"], expected).await?;
    context.counted(&report, "walk", (2, 0, 0, 0))?;
    // What is as it came is left alone, and counted once.
    let lines = r#"walk 1 {"start": ["Main", 6], "country": ["US"], "cities": [["Bern", "US"], 5]}
                   city 7 {"name": "Nice", "country": ["CH"]}"#;
    let report = context.sync(lines).await?;
    context.counted(&report, "walk", (0, 0, 1, 0))?;
    context.paired(&report, "walk", (0, 0))?;
    context.counted(&report, "city", (0, 1, 0, 0))
}

async fn a_natural_key_within_a_natural_key_is_looked_up_too(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    context
        .sync(
            r#"walk 1 {"start": ["Main", ["Bern", "US"]]}
               walk 2 {"start": ["Low", ["Bern", "CH"]]}
               street 10 {"name": "Low", "city": ["Bern", "CH"]}"#,
        )
        .await?;
    context.has("walk", &["start"], &["1 9", "2 10"]).await
}

async fn a_row_without_a_key_is_the_one_with_its_natural_key(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    let report = context
        .sync(
            r#"country null {"code": "US", "name": "USA"}
               country null {"code": "CH", "name": "Switzerland"}
               city null {"name": "Bern", "country": ["US"]}
               country null {"code": "FR", "name": "Gaul"}
               country null {"code": "FR", "name": "France"}
               country 8 {"code": "IT", "name": "Italia"}
               country null {"code": "IT", "name": "Italy"}"#,
        )
        .await?;
    let counts = report.model(&context.label("country")?);
    let new = counts.map_or(0, |report| report.inserted);
    super::check::same("new countries", &new, &2)?;
    let rows = context.shown("country", &["code", "name"]).await?;
    let is_there = |row: &str| rows.iter().any(|shown| shown.ends_with(row));
    let all = rows.len() == 4
        && rows.contains(&"1 \"CH\" \"Switzerland\"".to_owned())
        && rows.contains(&"2 \"US\" \"USA\"".to_owned())
        && rows.contains(&"8 \"IT\" \"Italy\"".to_owned())
        && is_there(" \"FR\" \"France\"");
    super::check::same(&format!("the countries {rows:?}"), &all, &true)?;
    let expected = &["5 \"Bern\" 1", "6 \"Bern\" 2"];
    context.has("city", &["name", "country"], expected).await
}

async fn rows_without_keys_name_each_other(context: &Context) -> Outcome {
    let lines = r#"walk 1 {"start": ["Rue", ["Paris", "FR"]], "cities": [["Paris", "FR"]]}
                   street null {"name": "Rue", "city": ["Paris", "FR"]}
                   city null {"name": "Paris", "country": ["FR"]}
                   country null {"code": "FR", "name": "France", "capital": ["Paris", "FR"]}"#;
    for counts in [(1, 0, 0, 0), (0, 0, 1, 0)] {
        let report = context.sync(lines).await?;
        for model in ["walk", "street", "city", "country"] {
            context.counted(&report, model, counts)?;
        }
        let expected = &["1 1 [1]"];
        context.has("walk", &["start", "cities"], expected).await?;
        context.has("city", &["country"], &["1 1"]).await?;
        context.has("country", &["capital"], &["1 1"]).await?;
    }
    Ok(())
}

async fn a_natural_key_is_what_rows_are_called_at_the_end(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    context
        .sync(
            r#"city 6 {"name": "Bern", "country": ["CH"]}
               city 5 {"name": "Bern", "country": ["US"]}
               country 1 {"code": "US"}
               country 2 {"code": "CH"}"#,
        )
        .await?;
    let expected = &["1 \"US\"", "2 \"CH\""];
    context.has("country", &["code"], expected).await?;
    context.has("city", &["country"], &["5 1", "6 2"]).await
}

async fn a_natural_key_that_no_row_has_is_named(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    for (lines, model, pk, field, value) in [
        (
            r#"city 7 {"name": "Nice", "country": ["FR"]}"#,
            "city",
            Some("7"),
            "country",
            r#"["FR"]"#,
        ),
        (
            r#"city null {"name": "Nice", "country": ["FR"]}"#,
            "city",
            None,
            "country",
            r#"["FR"]"#,
        ),
        (
            r#"walk 3 {"start": 9, "cities": [5, ["Bern", "FR"]]}"#,
            "walk",
            Some("3"),
            "cities",
            r#"["Bern", "FR"]"#,
        ),
    ] {
        let result = context.try_sync(SyncOptions::new(), lines).await?;
        let error = refused(
            "a natural key of nobody",
            result,
            StoreErrorKind::ForeignKey,
        )?;
        names(&error, model, pk, Some(field), Some(value))?;
    }
    context.has("walk", &["start"], &[]).await
}

async fn a_natural_key_that_two_rows_have_is_named(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    context
        .sync(r#"city 8 {"name": "Bern", "country": 2}"#)
        .await?;
    let lines = r#"street 3 {"name": "Low", "city": ["Bern", "US"]}"#;
    let result = context.try_sync(SyncOptions::new(), lines).await?;
    let error = refused("two towns", result, StoreErrorKind::Ambiguous)?;
    let key = r#"["Bern", "US"]"#;
    names(&error, "street", Some("3"), Some("city"), Some(key))?;
    let lines = r#"city null {"name": "Bern", "country": 2}"#;
    let result = context.try_sync(SyncOptions::new(), lines).await?;
    let error = refused("one of two towns", result, StoreErrorKind::Ambiguous)?;
    super::check::same("field", &error.field(), &Some("name, country__code"))
}

async fn a_row_that_was_found_by_its_natural_key_is_not_stale(context: &Context) -> Outcome {
    context.sync(PLACES).await?;
    let options = SyncOptions::new().clean(Clean::Stale);
    let lines = r#"city null {"name": "Bern", "country": ["US"]}"#;
    let report = context.sync_with(options, lines).await?;
    context.counted(&report, "city", (0, 0, 1, 1))?;
    context.has("city", &["country"], &["6 2"]).await
}
