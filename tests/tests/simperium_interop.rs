//! The server of `simperium` under clients that nobody here wrote: Simperium3
//! over HTTP, and Simperium's own client for Node.js over the websocket.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use simperium::emulator::Emulator;
use sync_tests::Result;
use sync_tests::simperium::{NpmDevice, Program, script};
use tokio::task::block_in_place;
use xtask::peers::{NODE_SIMPERIUM, PYTHON_SIMPERIUM3};

const APP: &str = "chalk-app-1";
const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";

/// Simperium3, with a token once there is one.
struct Python {
    program: Program,
    token: String,
}

impl Python {
    fn start(python: PathBuf, emulator: &Emulator) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .env("SIMPERIUM_AUTHHOST", emulator.host())
            .env("SIMPERIUM_APIHOST", emulator.host());
        let program = Program::start(command, &script("simperium3.py"))?;
        Ok(Self {
            program,
            token: TOKEN.to_owned(),
        })
    }

    fn ask(&mut self, request: &Value) -> Value {
        block_in_place(|| self.program.ask(request)).unwrap()
    }

    fn auth(&mut self, call: &str, password: &str) -> Value {
        let args = json!(["joe@example.com", password]);
        self.ask(&json!({"on": "auth", "call": call, "args": args}))
    }

    /// A call on the bucket `todo`.
    fn todo(&mut self, call: &str, args: Value, kwargs: Value) -> Value {
        self.bucket("todo", call, args, kwargs)
    }

    fn bucket(&mut self, bucket: &str, call: &str, args: Value, kwargs: Value) -> Value {
        let token = self.token.clone();
        self.ask(&json!({
            "on": "bucket", "bucket": bucket, "token": token,
            "call": call, "args": args, "kwargs": kwargs,
        }))
    }
}

fn raised(status: u16) -> Value {
    json!({"raised": "HTTPError", "status": status})
}

fn ids(index: &Value) -> Vec<&str> {
    let entries = index["index"].as_array().unwrap().iter();
    entries.map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn simperium3_makes_every_call_of_its_documentation() -> Result<()> {
    let Some(python) = PYTHON_SIMPERIUM3.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    emulator.configure(|config| config.hold = std::time::Duration::from_millis(50));
    let mut python = Python::start(python, &emulator)?;

    // Auth.
    assert_eq!(python.auth("create", "secret").as_str().unwrap().len(), 32);
    assert_eq!(python.auth("create", "secret"), raised(409));
    assert_eq!(python.auth("authorize", "wrong"), raised(401));
    python.token = python
        .auth("authorize", "secret")
        .as_str()
        .unwrap()
        .to_owned();

    // new, set, get.
    let email = json!({"title": "Create a startup to kill email", "done": false});
    let id = python.todo("new", json!([email]), json!({}));
    assert_eq!(id.as_str().unwrap().len(), 32);
    assert_eq!(
        python.todo("set", json!([id, {"done": true}]), json!({})),
        id
    );
    let done = json!({"title": "Create a startup to kill email", "done": true});
    assert_eq!(python.todo("get", json!([id]), json!({})), done);
    assert_eq!(
        python.todo("get", json!([id]), json!({"version": 1})),
        email
    );
    let default = json!({"default": "none"});
    assert_eq!(python.todo("get", json!(["nope"]), default), "none");
    let with = json!({"include_response": true});
    let answer = python.todo("set", json!([id, {"n": 1}]), with);
    assert_eq!(answer[1]["n"], 1);
    let with = json!({"include_response": true, "replace": true});
    let answer = python.todo("post", json!([id, {"only": 1}]), with);
    assert_eq!(answer, json!([id, {"only": 1}]));
    let with = json!({"include_response": true, "version": 2});
    let answer = python.todo("set", json!([id, {"extra": 2}]), with);
    assert_eq!(answer[1], json!({"only": 1, "extra": 2}));
    assert_eq!(
        python.todo("set", json!([id, {"only": 1}]), json!({})),
        raised(412)
    );
    let ccid = json!({"ccid": "c1"});
    assert_eq!(python.todo("set", json!([id, {"z": 1}]), ccid.clone()), id);
    assert_eq!(python.todo("set", json!([id, {"z": 2}]), ccid), raised(409));
    assert_eq!(
        python.todo("set", json!(["bad/key", {}]), json!({})),
        raised(400)
    );

    // index and changes.
    for number in 0..5 {
        let args = json!([format!("p{number}"), {"k": number}]);
        python.bucket("page", "set", args, json!({}));
    }
    let first = python.bucket("page", "index", json!([]), json!({"limit": 2}));
    assert_eq!(ids(&first), ["p4", "p3"]);
    let next = json!({"limit": 3, "data": true, "mark": first["mark"]});
    let last = python.bucket("page", "index", json!([]), next);
    assert_eq!(ids(&last), ["p2", "p1", "p0"]);
    assert_eq!(last["index"][0]["d"], json!({"k": 2}));
    assert!(last.get("mark").is_none());
    let since = json!({"since": first["current"]});
    let none = python.bucket("page", "index", json!([]), since);
    assert_eq!(ids(&none), [""; 0]);
    python.bucket("page", "set", json!(["p9", {"late": true}]), json!({}));
    let after = json!({"cv": first["current"], "timeout": 5});
    let changes = python.bucket("page", "changes", json!([]), after);
    assert_eq!(changes[0]["v"], json!({"late": {"o": "+", "v": true}}));
    let after = json!({"cv": changes[0]["cv"], "timeout": 5});
    assert_eq!(
        python.bucket("page", "changes", json!([]), after.clone()),
        raised(504)
    );
    emulator.configure(|config| config.hold = std::time::Duration::from_secs(600));
    let short = json!({"cv": changes[0]["cv"], "timeout": 0.05});
    let timeout = json!({"raised": "ReadTimeout", "status": null});
    assert_eq!(python.bucket("page", "changes", json!([]), short), timeout);
    let unknown = json!({"cv": "zzz"});
    assert_eq!(
        python.bucket("page", "changes", json!([]), unknown),
        raised(404)
    );

    // bulk_post.
    let bulk = json!([{"b1": {"a": 1}, "b2": {"a": 2}}]);
    let made = python.todo("bulk_post", bulk, json!({}));
    assert_eq!((&made[0]["ev"], &made[1]["ev"]), (&json!(1), &json!(1)));
    let bulk = json!([{"b3": {"a": 3}}]);
    assert_eq!(python.todo("bulk_post", bulk, json!({"wait": false})), true);
    // It gives no source version: on what is there, it is refused.
    let again = python.todo("bulk_post", json!([{"b1": {"a": 9}}]), json!({}));
    assert_eq!(again[0]["error"], 405);

    // delete.
    let deleted = python.todo("delete", json!([id]), json!({}));
    assert_eq!(deleted.as_str().unwrap().len(), 32);
    assert_eq!(python.todo("get", json!([id]), json!({})), Value::Null);
    assert_eq!(python.todo("delete", json!([id]), json!({})), raised(404));

    // The user's own object.
    let token = python.token.clone();
    let mut user = |call: &str, args: Value| {
        python.ask(&json!({"on": "user", "token": token, "call": call, "args": args}))
    };
    assert_eq!(user("post", json!([{"x": 1}])), "info");
    assert_eq!(user("get", json!([])), json!({"x": 1}));

    // Administrators.
    let key = "lab-admin-key";
    let userid = "someone";
    let mut admin = |call: &str, args: Value, kwargs: Value| {
        python.ask(&json!({
            "on": "admin", "token": key, "userid": userid, "bucket": "page",
            "call": call, "args": args, "kwargs": kwargs,
        }))
    };
    assert_eq!(
        admin("set", json!(["theirs", {"k": 1}]), json!({})),
        "theirs"
    );
    assert_eq!(ids(&admin("index", json!([]), json!({}))), ["theirs"]);
    python.token = key.to_owned();
    let wanted = json!({"data": true, "username": true, "most_recent": true, "batch": 3});
    let all = python.bucket("page", "all", json!([]), wanted);
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(
        (&all[0]["username"], &all[0]["d"]),
        (&json!("joe@example.com"), &json!({"k": 0}))
    );
    python.token = "nope".to_owned();
    assert_eq!(python.todo("index", json!([]), json!({})), raised(401));
    Ok(())
}

fn device(node: &Path, emulator: &Emulator) -> Result<NpmDevice> {
    NpmDevice::start(node, &emulator.socket_url(APP), APP, TOKEN, "note")
}

/// What is on the server, without versions.
fn on_server(emulator: &Emulator) -> Value {
    let objects = emulator.objects(APP, TOKEN, "note").into_iter();
    objects.map(|(key, (_, value))| (key, value)).collect()
}

/// Both devices and the server come to hold the same.
fn converge(emulator: &Emulator, devices: &mut [NpmDevice], objects: &Value) -> Result<()> {
    for device in devices {
        device.has(objects)?;
    }
    assert_eq!(on_server(emulator), *objects);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_npm_clients_sync_through_the_server() -> Result<()> {
    let Some(node) = NODE_SIMPERIUM.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut devices = [device(&node, &emulator)?, device(&node, &emulator)?];

    // Created on one, there on the other.
    let note = json!({"content": "Hello world", "tags": []});
    devices[0].put("n1", &note)?;
    converge(&emulator, &mut devices, &json!({"n1": note}))?;

    // Edited on both before either hears of the other.
    emulator.configure(|config| {
        let latency = std::time::Duration::from_millis(100);
        config.latency = latency..latency;
    });
    devices[0].put("n1", &json!({"content": "Hello brave world", "tags": []}))?;
    devices[1].put("n1", &json!({"content": "Hello world!", "tags": []}))?;
    let both = json!({"content": "Hello brave world!", "tags": []});
    converge(&emulator, &mut devices, &json!({"n1": both}))?;
    emulator.configure(|config| config.latency = Default::default());
    let sent: Vec<String> = emulator
        .frames()
        .into_iter()
        .filter(|frame| frame.from_client && frame.text.contains("\"sv\":1"))
        .map(|frame| frame.text)
        .collect();
    assert_eq!(sent.len(), 2, "both were made from version 1: {sent:?}");

    // Characters beyond the basic plane, in two halves for JavaScript.
    devices[0].put("n2", &json!({"content": "emoji 👿"}))?;
    converge(
        &emulator,
        &mut devices,
        &json!({"n1": both, "n2": {"content": "emoji 👿"}}),
    )?;
    devices[1].put("n2", &json!({"content": "emoji 👿😇 done"}))?;
    let emoji = json!({"content": "emoji 👿😇 done"});
    converge(&emulator, &mut devices, &json!({"n1": both, "n2": emoji}))?;

    // Deleted on one, gone from the other.
    devices[0].remove("n2")?;
    converge(&emulator, &mut devices, &json!({"n1": both}))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_npm_client_that_was_offline_catches_up() -> Result<()> {
    let Some(node) = NODE_SIMPERIUM.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut devices = [device(&node, &emulator)?, device(&node, &emulator)?];
    devices[0].put("n1", &json!({"content": "one two three"}))?;
    converge(
        &emulator,
        &mut devices,
        &json!({"n1": {"content": "one two three"}}),
    )?;

    // One edits offline, the other meanwhile online. A device has what it put
    // at once; one that goes before it hears of it loses its next edit (409).
    devices[0].act("settled")?;
    devices[0].act("offline")?;
    devices[0].put("n1", &json!({"content": "one two three four"}))?;
    devices[1].put("n1", &json!({"content": "zero one two three"}))?;
    devices[1].act("settled")?;
    assert_eq!(devices[0].act("queued")?, 1);
    devices[0].act("online")?;
    let merged = json!({"n1": {"content": "zero one two three four"}});
    converge(&emulator, &mut devices, &merged)?;

    // The changes that one missed are forgotten: it reads the index again.
    devices[0].act("settled")?;
    devices[0].act("offline")?;
    devices[1].put("n1", &json!({"content": "new"}))?;
    devices[1].put("n3", &json!({"content": "three"}))?;
    devices[1].act("settled")?;
    emulator.forget(0);
    let before = emulator.frames().len();
    devices[0].act("online")?;
    let all = json!({"n1": {"content": "new"}, "n3": {"content": "three"}});
    converge(&emulator, &mut devices, &all)?;
    let told = emulator.frames().split_off(before);
    assert!(told.iter().any(|frame| frame.text == "0:cv:?"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn http_and_websocket_see_each_others_documents() -> Result<()> {
    let Some(node) = NODE_SIMPERIUM.program_or_skip()? else {
        return Ok(());
    };
    let Some(python) = PYTHON_SIMPERIUM3.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let mut python = Python::start(python, &emulator)?;
    python.bucket(
        "note",
        "set",
        json!(["h", {"from": "http", "n": 1}]),
        json!({}),
    );
    // In the index when it begins, and by changes afterwards.
    let mut devices = [device(&node, &emulator)?];
    converge(
        &emulator,
        &mut devices,
        &json!({"h": {"from": "http", "n": 1}}),
    )?;
    python.bucket("note", "set", json!(["h", {"n": 2}]), json!({}));
    converge(
        &emulator,
        &mut devices,
        &json!({"h": {"from": "http", "n": 2}}),
    )?;
    devices[0].put("w", &json!({"from": "websocket"}))?;
    devices[0].put("h", &json!({"from": "both", "n": 2}))?;
    devices[0].act("settled")?;
    let read =
        |python: &mut Python, key: &str| python.bucket("note", "get", json!([key]), json!({}));
    assert_eq!(read(&mut python, "w"), json!({"from": "websocket"}));
    assert_eq!(read(&mut python, "h"), json!({"from": "both", "n": 2}));
    python.bucket("note", "delete", json!(["h"]), json!({}));
    converge(
        &emulator,
        &mut devices,
        &json!({"w": {"from": "websocket"}}),
    )?;
    Ok(())
}
