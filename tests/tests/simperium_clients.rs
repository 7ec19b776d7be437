//! The HTTP client of `simperium` and Simperium3 on one bucket.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::process::Command;

use serde_json::{Value, json};
use simperium::emulator::Emulator;
use simperium::model::BulkChange;
use simperium::{Api, Auth, SimperiumError, SimperiumErrorExt as _};
use sync_tests::Result;
use sync_tests::simperium::{Program, script};
use tokio::task::block_in_place;
use xtask::peers::PYTHON_SIMPERIUM3;

const APP: &str = "chalk-app-1";
const JOE: &str = "joe@example.com";

/// Simperium3 with a user's token.
struct Python {
    program: Program,
    token: String,
}

impl Python {
    fn ask(&mut self, request: &Value) -> Value {
        block_in_place(|| self.program.ask(request)).unwrap()
    }

    fn todo(&mut self, call: &str, args: Value) -> Value {
        let token = self.token.clone();
        self.ask(&json!({
            "on": "bucket", "bucket": "todo", "token": token,
            "call": call, "args": args, "kwargs": {},
        }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_http_clients_see_each_others_documents() -> Result<()> {
    let Some(python) = PYTHON_SIMPERIUM3.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut command = Command::new(python);
    command
        .env("SIMPERIUM_AUTHHOST", emulator.host())
        .env("SIMPERIUM_APIHOST", emulator.host());
    let mut python = Python {
        program: Program::start(command, &script("simperium3.py"))?,
        token: String::new(),
    };

    // A user whom they made, and who logs in here.
    let created = json!({"on": "auth", "call": "create", "args": [JOE, "secret"]});
    python.token = python.ask(&created).as_str().unwrap().to_owned();
    let auth = Auth::builder(APP, "key").host(emulator.origin()).build()?;
    let again = auth.create(JOE, "secret").await.unwrap_err();
    assert_eq!(again.simperium(), Some(&SimperiumError::UserExists));
    let user = auth.authorize(JOE, "secret").await?;
    let api = Api::builder(APP, user.access_token)
        .host(emulator.origin())
        .build()?;
    let todo = api.bucket("todo")?;

    // Theirs, read here; set here, read there.
    let task = json!({"title": "Create a startup to kill email", "done": false, "é": "😀"});
    let id = python.todo("new", json!([task]));
    let id = id.as_str().unwrap();
    let read = todo.get(id).await?.unwrap();
    assert_eq!((read.version, &read.data), (Some(1), &task));
    let current = todo.index().await?.current;
    todo.set(id, &json!({"done": true})).await?;
    assert_eq!(python.todo("get", json!([id]))["done"], true);

    // Ours, read and changed there; the change seen here.
    let made = todo.new(&json!({"n": 9_007_199_254_740_993_u64})).await?;
    let key = made.key.as_str();
    let theirs = python.todo("get", json!([key]));
    assert_eq!(theirs, json!({"n": 9_007_199_254_740_993_u64}));
    python.todo("set", json!([key, {"m": 1}]));
    let changes = todo.changes(current).await?;
    let seen: Vec<_> = changes
        .iter()
        .map(|change| (&*change.id, change.ev))
        .collect();
    assert_eq!(seen, [(id, Some(2)), (key, Some(1)), (key, Some(2))]);
    assert!(changes[1].is_of(&made.ccid));

    // Sent with what was read before: nothing of theirs is lost.
    let mine = json!({"n": 9_007_199_254_740_993_u64, "mine": true});
    todo.set_at(key, 1, &mine).await?;
    let both = json!({"n": 9_007_199_254_740_993_u64, "m": 1, "mine": true});
    assert_eq!(python.todo("get", json!([key])), both);

    // Many at once, listed there; deleted there, gone here.
    let many = (0..3).map(|n| BulkChange::create(format!("b{n}"), &json!({"n": n})));
    let results = todo
        .bulk(many.collect::<std::result::Result<Vec<_>, _>>()?)
        .await?;
    assert!(results.iter().all(|result| result.outcome.is_done()));
    let index = python.todo("index", json!([]));
    assert_eq!(index["index"].as_array().unwrap().len(), 5);
    python.todo("delete", json!([id]));
    assert!(todo.get(id).await?.is_none());
    todo.delete(key).await?;
    let gone = json!({"raised": "HTTPError", "status": 404});
    assert_eq!(python.todo("delete", json!([key])), gone);
    Ok(())
}
