//! The scenarios of the reference, in both orders, and cut into pages anywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use contentstack_sync::mirror::Mirror;
use contentstack_sync::store::{MemoryStore, Store};
use contentstack_sync::{RateLimit, Stack};
use fastrand::Rng;
use http::StatusCode;
use serde_json::{Value, json};
use sync_core::testing::mock::{Answer, ReplyTransport, json as answer};

use crate::support::rows;

struct Scenario {
    name: String,
    /// Runs of answers: what came, or `{status, body}`.
    runs: Vec<Vec<Value>>,
    expect: BTreeMap<String, String>,
}

fn all() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mirror/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 7);
    let read = |path: &std::path::PathBuf| {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Scenario {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            runs: serde_json::from_value(value["runs"].clone()).unwrap(),
            expect: serde_json::from_value(value["expect"].clone()).unwrap(),
        }
    };
    files.iter().map(read).collect()
}

fn is_error(step: &Value) -> bool {
    step.get("status").is_some()
}

/// The answers of a run, with each result cut into pages of this size at the
/// most and its items in this order.
fn cut(
    run: &[Value],
    size: impl FnMut() -> usize,
    order: &mut dyn FnMut(&mut Vec<Value>),
) -> Vec<Value> {
    let mut size = size;
    let mut answers = Vec::new();
    let mut items = Vec::new();
    let mut token = None;
    for step in run {
        if is_error(step) {
            answers.push(step.clone());
            continue;
        }
        items.extend(step["items"].as_array().unwrap().clone());
        token = step.get("sync_token").cloned().or(token);
    }
    order(&mut items);
    loop {
        let rest = items.split_off(size().clamp(1, items.len().max(1)).min(items.len()));
        let page = std::mem::replace(&mut items, rest);
        let is_last = items.is_empty();
        let next = format!("cut{}", answers.len());
        answers.push(match (is_last, &token) {
            (true, Some(token)) => json!({"items": page, "sync_token": token}),
            (true, None) => json!({"items": page, "sync_token": "made up"}),
            (false, _) => json!({"items": page, "pagination_token": next}),
        });
        if is_last {
            return answers;
        }
    }
}

/// One run of the mirror for each run of the scenario. Where a result does not
/// end, the process does.
async fn play(runs: &[Vec<Value>]) -> BTreeMap<String, String> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    for run in runs {
        let is_whole = run
            .last()
            .is_some_and(|step| step.get("sync_token").is_some());
        let mut answers: Vec<Answer> = Vec::new();
        for step in run {
            let status = step.get("status").and_then(Value::as_u64).unwrap_or(200);
            let status = StatusCode::from_u16(u16::try_from(status).unwrap()).unwrap();
            // A token that is refused is asked for four times.
            for _ in 0..if is_error(step) { 4 } else { 1 } {
                let body = step.get("body").unwrap_or(step);
                answers.push(Ok(answer(status, body)));
            }
        }
        if is_whole {
            // The delta after a full sync, or what asks for one more.
            let token = run.last().unwrap()["sync_token"].clone();
            answers.push(Ok(answer(
                StatusCode::OK,
                &json!({"items": [], "sync_token": token}),
            )));
        }
        let stack = Stack::builder("k", "t", "production")
            .rate_limit(RateLimit::unlimited())
            .transport(ReplyTransport::queue(answers))
            .build()
            .unwrap();
        let mirror = Mirror::builder(stack)
            .open_shared(Arc::clone(&store))
            .await
            .unwrap();
        let result = mirror.sync().await;
        assert_eq!(result.is_ok(), is_whole, "{result:?}");
    }
    let titles = rows(&*store).await.into_iter().map(|(key, data)| {
        let data: Value = serde_json::from_str(&data).unwrap();
        (key, data["title"].as_str().unwrap().to_owned())
    });
    titles.collect()
}

#[tokio::test(start_paused = true)]
async fn each_ends_as_it_should() {
    for scenario in all() {
        // The process of this one dies after its first page, and begins again.
        let runs = match scenario.name.starts_with("07") {
            true => vec![scenario.runs[0].clone(), scenario.runs[1][1..].to_vec()],
            false => scenario.runs.clone(),
        };
        assert_eq!(play(&runs).await, scenario.expect, "{}", scenario.name);
    }
}

#[tokio::test(start_paused = true)]
async fn each_ends_as_it_should_in_either_order_and_cut_into_any_pages() {
    let mut rng = Rng::with_seed(3);
    for scenario in all() {
        for round in 0..60 {
            let mut shuffler = rng.fork();
            let mut order = |items: &mut Vec<Value>| match round {
                0 => {}
                1 => items.reverse(),
                _ => shuffler.shuffle(items),
            };
            let most = rng.usize(1..5);
            let mut sizes = rng.fork();
            let runs: Vec<Vec<Value>> = scenario
                .runs
                .iter()
                .map(|run| cut(run, || sizes.usize(1..=most), &mut order))
                .collect();
            assert_eq!(
                play(&runs).await,
                scenario.expect,
                "{} round {round}",
                scenario.name
            );
        }
    }
}
