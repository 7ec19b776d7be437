//! What the Python client did with Django 5.2, case by case: the same, or
//! better where [`differences`](crate::differences) says so.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use sync_core::testing::Reply;
use synctools::store::{Clean, MissingFields};

use crate::differences::{DIFFERENCES, Ours};
use crate::support::{Contents, Database, client, json_reply, serve_with};

const CASES: &str = include_str!("../vectors/client-behaviour/py311-dj5.2.1.json");

#[derive(Deserialize)]
struct Recording {
    cases: BTreeMap<String, Case>,
}

/// What was served to the Python client, and what it made of it.
#[derive(Clone, Deserialize)]
struct Case {
    #[serde(default)]
    kwargs: Map<String, Value>,
    /// Statements that filled the database before.
    pre: Vec<String>,
    served: Option<Value>,
    served_raw: Option<String>,
    #[serde(default = "ok")]
    status: u16,
    /// `ok`, or the exception.
    result: String,
    /// The tables afterwards, without nulls and empty tables.
    rows_after: Contents,
    /// The paths that were asked for, where that was of interest.
    requests: Option<Vec<String>>,
}

fn ok() -> u16 {
    200
}

fn cases() -> BTreeMap<String, Case> {
    // The recording was written by Python, which has this number.
    let text = CASES.replace("\"fp\": Infinity", "\"fp\": \"Infinity\"");
    serde_json::from_str::<Recording>(&text).unwrap().cases
}

impl Case {
    fn body(&self) -> String {
        match (&self.served_raw, &self.served) {
            (Some(raw), _) => raw.clone(),
            (None, Some(served)) => served.to_string(),
            (None, None) => panic!("nothing was served"),
        }
    }
}

/// The tables that the recording looked at.
fn recorded_tables(mut contents: Contents) -> Contents {
    contents.retain(|name, _| name.starts_with("lab_") || name.to_lowercase().starts_with("old_"));
    contents
}

/// Syncs as the case says; the tables afterwards, and whether it went well.
async fn run(name: &str, case: &Case) -> (Result<(), synctools::Error>, Contents, Contents) {
    let mut pre: Vec<&str> = case.pre.iter().map(String::as_str).collect();
    // `migrate` had made it in the database of the recording.
    pre.push("INSERT INTO django_content_type (id, app_label, model) VALUES (5, 'lab', 'blog')");
    let database = Database::with(&pre);
    let before = database.contents();
    let (own, insert) = (case.clone(), cases()["insert"].body());
    let path = format!("/sync/{name}/");
    let server = serve_with(move |request| match request.path() {
        target if target == path && own.status == 302 => {
            Reply::new(302).header("location", "/sync/insert/")
        }
        target if target == path => {
            let reply = Reply::new(own.status).header("content-type", "application/json");
            match own.status {
                204 => reply,
                _ => reply.body(own.body()),
            }
        }
        "/sync/insert/" => json_reply(insert.clone()),
        other => panic!("who wants {other}?"),
    })
    .await;
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let clean = match case.kwargs.get("clean") {
        Some(Value::Bool(true)) => Clean::Before,
        _ => Clean::No,
    };
    // As like the original as it can be asked to be.
    let result = client
        .sync(name)
        .clean(clean)
        .missing_fields(MissingFields::DjangoDefaults)
        .not_a_number(true)
        .await;
    if let Some(paths) = &case.requests {
        let asked: Vec<String> = server.requests().into_iter().map(|r| r.target).collect();
        assert_eq!(&asked, paths, "{name}");
    }
    (result.map(drop), before, database.contents())
}

#[tokio::test]
async fn every_case_ends_as_recorded_or_better() {
    let cases = cases();
    assert_eq!(cases.len(), 88);
    let mut wrong = Vec::new();
    for (name, case) in &cases {
        let (result, before, after) = run(name, case).await;
        let tables = recorded_tables(after.clone());
        let difference = DIFFERENCES
            .iter()
            .find(|difference| difference.case == name);
        let ours = difference.map(|difference| &difference.ours);
        let is_right = match (ours, &result) {
            (None, Ok(())) => case.result == "ok" && tables == case.rows_after,
            (None, Err(_)) => case.result != "ok" && after == before && tables == case.rows_after,
            (Some(Ours::Refuses), Err(_)) => {
                // Otherwise there would be no difference.
                after == before && (case.result == "ok" || tables != case.rows_after)
            }
            (Some(Ours::Loads(rows)), Ok(())) => {
                let rows: Contents = serde_json::from_str(rows).unwrap();
                tables == rows && (case.result != "ok" || tables != case.rows_after)
            }
            (Some(_), _) => false,
        };
        if !is_right {
            let result = result.map_err(|error| error.to_string());
            wrong.push(format!(
                "{name}: {result:?}\n   ours {tables:?}\n   python {}: {:?}",
                case.result, case.rows_after
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_difference_is_one_of_a_case_and_is_written_down() {
    let cases = cases();
    let written = include_str!("differences.md");
    for difference in DIFFERENCES {
        assert!(cases.contains_key(difference.case), "{}", difference.case);
        let row = format!("| `{}` | {} |", difference.case, difference.why);
        assert!(written.contains(&row), "missing in differences.md: {row}");
    }
    let rows = written
        .lines()
        .filter(|line| line.starts_with("| `"))
        .count();
    assert_eq!(rows, DIFFERENCES.len());
}

#[tokio::test]
async fn without_being_asked_for_it_fields_that_did_not_come_keep_their_values() {
    let cases = cases();
    let case = &cases["missing-field-gets-default"];
    let pre: Vec<&str> = case.pre.iter().map(String::as_str).collect();
    let database = Database::with(&pre);
    let server = crate::support::serve(json_reply(case.body())).await;
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    client.sync("x").await.unwrap();
    let row = &database.rows("lab_everything")[0];
    assert_eq!(row["csi"], "LOCAL");
    assert_eq!(row["integer"], 5);
    assert_eq!(row["char"], "x");
}
