//! The example tool as a process of its own, against answers recorded from
//! daemon 2.1.3.

#![cfg(all(feature = "tls", feature = "discover"))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use sync_core::testing::{Gate, Received, RefusedPort, Reply, ScriptedServer, build_example};

const KEY: &str = "key-of-the-daemon";

/// The tool, built once.
fn tool() -> &'static PathBuf {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        // With the features of this test, so that nothing is built twice.
        let mut features = vec!["tls", "discover"];
        features.extend(cfg!(feature = "http2").then_some("http2"));
        build_example(env!("CARGO_MANIFEST_DIR"), "st", &features).unwrap()
    })
}

fn recorded(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/2.x")
        .join(name)
        .with_extension("json");
    let recording: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    recording["body"].clone()
}

/// The recorded folder, and a paused one.
fn folders() -> Value {
    let mut folders = recorded("config")["folders"].clone();
    let mut paused = folders[0].clone();
    paused["id"] = json!("a/b %25");
    paused["label"] = json!("Resting");
    paused["paused"] = json!(true);
    folders.as_array_mut().unwrap().push(paused);
    folders
}

fn answer(request: &Received) -> Reply {
    if request.header("x-api-key") != Some(KEY) {
        return Reply::new(403).body("CSRF Error\n");
    }
    let body = match request.path() {
        "/rest/system/version" => recorded("system-version"),
        "/rest/system/status" => recorded("system-status"),
        "/rest/system/connections" => recorded("system-connections-synced"),
        "/rest/system/error" => recorded("system-error"),
        "/rest/config" => {
            let mut config = recorded("config");
            config["folders"] = folders();
            config
        }
        "/rest/config/folders" => folders(),
        "/rest/config/folders/lab" => folders()[0].clone(),
        "/rest/db/status" => recorded("db-status"),
        "/rest/db/completion" => recorded("db-completion"),
        "/rest/folder/errors" => recorded("folder-errors"),
        "/rest/cluster/pending/devices" => recorded("cluster-pending-devices"),
        "/rest/cluster/pending/folders" => recorded("cluster-pending-folders"),
        "/rest/db/scan" => return Reply::ok(),
        _ => return Reply::new(404).body("404 page not found\n"),
    };
    Reply::json(&body)
}

/// A place for the files of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("st-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("key"), format!("{KEY}\n")).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn command(folder: &Folder, url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(tool());
    command
        .args(["--url", url, "--api-key-file"])
        .arg(folder.0.join("key"))
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end: exit code, and what it said.
async fn run(mut command: Command) -> (Option<i32>, String) {
    let output = tokio::task::spawn_blocking(move || command.output());
    said(&output.await.unwrap().unwrap())
}

fn said(output: &Output) -> (Option<i32>, String) {
    let both = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    (output.status.code(), both.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_says_what_it_found_by_its_exit_code_too() {
    let server = ScriptedServer::serve(|request| answer(&request))
        .await
        .unwrap();
    let folder = Folder::new("commands");
    for (args, code, words) in [
        (
            &["--help"][..],
            0,
            &["Usage: st", "--cursor FILE", "Exit codes"][..],
        ),
        (
            &["status"],
            0,
            &["Syncthing v2.1.3", "Lab ", "Resting ", "paused", "lab-b "],
        ),
        (
            &["folders"],
            0,
            &["lab  Lab", "shared with lab-b", "a/b %25  Resting"],
        ),
        (&["errors", "lab"], 1, &["Lab: "]),
        (&["errors", "nobody"], 3, &["no folder has the ID nobody"]),
        (&["errors", "a/b %25"], 3, &["Resting is paused"]),
        (&["pending"], 0, &["device ", "folder ", "offered by"]),
        (&["scan", "lab", "a", "b/c"], 0, &["lab: ", " items"]),
        (
            &["wait", "lab", "--here", "--timeout", "60"],
            0,
            &["Lab: in sync"],
        ),
        (&["wait", "nobody"], 3, &["no folder has the ID nobody"]),
        (&["dance"], 2, &["no command \"dance\"", "st --help"]),
        (&["wait", "--device", "ABC"], 2, &["56 characters"]),
        (&[], 2, &["name a command"]),
    ] {
        let (found, text) = run(command(&folder, &server.url(""), args)).await;
        assert_eq!(found, Some(code), "{args:?}: {text}");
        for word in words {
            assert!(text.contains(word), "{args:?}: no {word:?} in {text}");
        }
        assert!(!text.contains(KEY), "{text}");
    }
    let scans = server.requests();
    let scan = scans
        .iter()
        .find(|request| request.path() == "/rest/db/scan");
    assert_eq!(scan.unwrap().query(), Some("folder=lab&sub=a&sub=b%2Fc"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_said_once() {
    let folder = Folder::new("refused");
    let port = RefusedPort::new().unwrap();
    let (code, text) = run(command(&folder, &port.url(""), &["pending"])).await;
    assert_eq!(code, Some(3), "{text}");
    assert_eq!(text.matches("Connection refused").count(), 1, "{text}");

    fs::write(folder.0.join("key"), "another").unwrap();
    let server = ScriptedServer::serve(|request| answer(&request))
        .await
        .unwrap();
    let (code, text) = run(command(&folder, &server.url(""), &["pending"])).await;
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("does not accept the API key"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_ends_a_watch_without_a_word() {
    let gone = Gate::new();
    let gate = gone.clone();
    let server = ScriptedServer::serve(move |request| match request.path() {
        "/rest/events" => Reply::json(&json!([{"id": 1, "type": "DevicePaused"}])).hold(&gate),
        _ => answer(&request),
    });
    let server = server.await.unwrap();
    let folder = Folder::new("pipe");
    let mut child = command(&folder, &server.url(""), &["watch"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    gone.open();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    let (code, text) = said(&output.await.unwrap().unwrap());
    assert_eq!((code, text.as_str()), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_where_the_last_one_with_its_file_ended() {
    let held = Gate::new();
    let gate = held.clone();
    let newest = AtomicU32::new(7);
    let server = ScriptedServer::serve(move |request| {
        if request.path() != "/rest/events" {
            return answer(&request);
        }
        let event = |id: u32| {
            json!({"id": id, "globalID": id, "time": "2026-11-21T06:16:48Z",
                "type": "DevicePaused", "data": {"device": ""}})
        };
        let query = request.query().unwrap_or_default();
        if query.contains("limit=1") {
            Reply::json(&json!([event(newest.load(Ordering::SeqCst))]))
        } else if query.contains("since=7") {
            newest.store(9, Ordering::SeqCst);
            Reply::json(&json!([event(8), event(9)]))
        } else {
            Reply::json(&json!([])).hold(&gate)
        }
    });
    let server = server.await.unwrap();
    let folder = Folder::new("watch");
    let cursor = folder.0.join("cursor");
    let watch = || {
        let mut command = command(&folder, &server.url(""), &["watch", "--cursor"]);
        command.arg(&cursor).spawn().unwrap()
    };
    let asked = |times: usize| {
        let server = &server;
        async move {
            let held = |request: &&Received| {
                request
                    .query()
                    .is_some_and(|query| query.contains("since=9"))
            };
            let mut number = 1;
            while server.requests().iter().filter(held).count() < times {
                server.request(number).await.unwrap();
                number += 1;
            }
        }
    };
    for times in 1..=2 {
        let mut child = watch();
        // Asked for only when both events were dealt with.
        asked(times).await;
        child.kill().unwrap();
        let (_, text) = said(&child.wait_with_output().unwrap());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("watching"), "{text}");
        assert_eq!(lines.len(), if times == 1 { 3 } else { 1 }, "{text}");
        let stored: Value = serde_json::from_slice(&fs::read(&cursor).unwrap()).unwrap();
        assert_eq!(stored["lastId"], 9);
    }
    held.open();
}
