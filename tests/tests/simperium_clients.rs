//! The HTTP client of `simperium` and Simperium3 on one bucket.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::path::PathBuf;
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
        self.with(call, args, json!({}))
    }

    fn with(&mut self, call: &str, args: Value, kwargs: Value) -> Value {
        let token = self.token.clone();
        self.ask(&json!({
            "on": "bucket", "bucket": "todo", "token": token,
            "call": call, "args": args, "kwargs": kwargs,
        }))
    }

    fn start(python: PathBuf, emulator: &Emulator, token: &str) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .env("SIMPERIUM_AUTHHOST", emulator.host())
            .env("SIMPERIUM_APIHOST", emulator.host());
        Ok(Self {
            program: Program::start(command, &script("simperium3.py"))?,
            token: token.to_owned(),
        })
    }
}

const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";

fn bucket(emulator: &Emulator, token: &str) -> Result<simperium::Bucket> {
    let api = Api::builder(APP, token).host(emulator.origin()).build()?;
    Ok(api.bucket("todo")?)
}

/// Objects as no app has them, and all have to be kept as they are.
fn odd_objects() -> Vec<Value> {
    let nested = (0..60).fold(json!([]), |inner, _| json!([{ "": inner }]));
    let texts = [
        r#"{}"#,
        r#"{"":"","a.b":"","a/b":" ","%41":"%41","日本":"é","😀":"👩‍👩‍👧‍👦"}"#,
        r#"{"__proto__":{"x":1},"constructor":null,"toString":"","length":-1}"#,
        r#"{"n":[0,-0.0,1.0,1e300,-1e-300,9007199254740993,-9223372036854775808]}"#,
        r#"{"n":[18446744073709551615,123456789012345678901234567890,0.1]}"#,
        r#"{"t":"\u0000\u0001\t\r\n\u2028\u2029\ufeff\uffff\"\\/</script>"}"#,
        r#"{"b":[true,false,null,[],{},[[]],[{}]]}"#,
    ];
    let texts = texts.iter().map(|text| serde_json::from_str(text).unwrap());
    texts.chain([json!({ "deep": nested })]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_keys_and_objects_are_the_same_to_both() -> Result<()> {
    let Some(python) = PYTHON_SIMPERIUM3.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut python = Python::start(python, &emulator, TOKEN)?;
    let todo = bucket(&emulator, TOKEN)?;
    let keys = [
        "a",
        "A",
        "-",
        "_",
        "...",
        "a.b.c",
        ".hidden",
        "joe@example.com",
        "v",
        "i",
        "0",
        "%",
        "%zz",
        "index",
        &"k".repeat(256),
    ];
    let objects = odd_objects();
    for (at, key) in keys.into_iter().enumerate() {
        let (ours, theirs) = (
            &objects[at % objects.len()],
            json!({"made": "there", "at": at}),
        );
        todo.put(key, ours).await?;
        assert_eq!(&python.todo("get", json!([key])), ours, "{key}");
        let replace = json!({"replace": true});
        assert_eq!(python.with("set", json!([key, theirs]), replace), key);
        let read = todo.get(key).await?.unwrap();
        assert_eq!((read.version, &read.data), (Some(2), &theirs), "{key}");
    }
    // Each is an entity of its own.
    let index = python.with("index", json!([]), json!({"data": true, "limit": 1000}));
    assert_eq!(index["index"].as_array().unwrap().len(), keys.len());

    // Written there, read here, and the other way round.
    for object in &objects {
        let made = todo.new(object).await?;
        assert_eq!(&python.todo("get", json!([made.key])), object);
        let id = python.todo("new", json!([object]));
        let read = todo.get(id.as_str().unwrap()).await?.unwrap();
        let text = |value: &Value| value.to_string().replace("e+", "e").replace("-0.0", "0");
        assert_eq!(text(&read.data), text(object));
    }

    // What the other would write to another entity is not sent.
    for key in ["a?b", "a#b", "a/b", "a b", "é", "", "..", &"k".repeat(257)] {
        let error = todo.set(key, &json!({"x": 1})).await.unwrap_err();
        assert!(error.name_error().is_some(), "{key}");
    }
    python.todo("set", json!(["a?b", {"x": 1}]));
    assert_eq!(todo.get("a").await?.unwrap().data["x"], 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_pass_and_larger_ones_are_refused_to_both() -> Result<()> {
    let Some(python) = PYTHON_SIMPERIUM3.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut python = Python::start(python, &emulator, TOKEN)?;
    let todo = bucket(&emulator, TOKEN)?;
    let large = |len: usize| json!({"t": "é😀 \n".repeat(len / 8)});
    let fits = large(900_000);
    let made = todo.new(&fits).await?;
    assert_eq!(python.todo("get", json!([made.key])), fits);
    let id = python.todo("new", json!([fits]));
    let read = todo.get(id.as_str().unwrap()).await?.unwrap();
    assert_eq!(read.data, fits);
    let made = emulator.changes_made();

    let too_large = large(4_000_000);
    let error = todo.put("k", &too_large).await.unwrap_err();
    assert_eq!(error.simperium(), Some(&SimperiumError::TooLarge));
    let refused = json!({"raised": "HTTPError", "status": 413});
    assert_eq!(python.todo("set", json!(["k", too_large])), refused);
    assert_eq!(emulator.changes_made(), made);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_http_clients_see_each_others_documents() -> Result<()> {
    let Some(python) = PYTHON_SIMPERIUM3.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut python = Python::start(python, &emulator, "")?;

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
