//! Requests and answers recorded from daemons 1.19.2, 1.29.5 and 2.1.3, once
//! more through the client: each is made by a typed call that sends the recorded
//! request, and each recorded refusal becomes the right [`SyncthingError`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
mod common;
mod replay;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use syncthing_rest::model::Version;
use syncthing_rest::{Client, Error, SyncthingError, SyncthingErrorExt, Unauthorized};

use crate::common::{Answer, Daemon};

const VERSIONS: [&str; 3] = ["1.19", "1.29", "2.x"];

#[derive(Deserialize)]
struct Recording {
    request: Request,
    status: u16,
    headers: std::collections::BTreeMap<String, String>,
    body: Option<Box<RawValue>>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    no_api_key: bool,
    body: Option<Value>,
}

impl Recording {
    /// All of a version, by name. Some files hold events without a request.
    fn all(version: &str) -> Vec<(String, Self)> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures")
            .join(version);
        let mut all = Vec::new();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read(&path).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let raw: Value = serde_json::from_slice(&text).unwrap();
            if raw.get("request").is_some() {
                all.push((name, serde_json::from_slice(&text).unwrap()));
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(all.len() > 180, "{version}: {}", all.len());
        all
    }

    fn answer(&self) -> Answer {
        let body = match (&self.body, &self.text) {
            (Some(json), _) => json.get().to_owned(),
            (None, text) => text.clone().unwrap_or_default(),
        };
        let mut answer = Answer::new(self.status, body);
        for (name, value) in &self.headers {
            // Those of the connection are made anew.
            if !matches!(
                name.as_str(),
                "content-length" | "transfer-encoding" | "connection"
            ) {
                answer = answer.header(name, value);
            }
        }
        answer
    }
}

fn client(daemon: &Daemon, with_key: bool) -> Client {
    if with_key {
        daemon.client()
    } else {
        daemon.builder().build().unwrap()
    }
}

/// The answers that are not what they seem, by name, with what they mean.
fn meaning(name: &str, version: &str) -> Option<SyncthingError> {
    use SyncthingError as E;
    let old = version == "1.19";
    Some(match name {
        "auth-hostcheck" => E::HostCheck,
        "auth-ping-nokey" | "auth-ping-badkey" | "auth-password-basic" => {
            E::Unauthorized(Unauthorized::Csrf)
        }
        "auth-ping-bearer" | "auth-health-nokey" | "auth-svc-lang-nokey" if old => {
            E::Unauthorized(Unauthorized::Csrf)
        }
        "auth-password-nokey"
        | "auth-health-password"
        | "auth-login-bad"
        | "auth-login-good"
        | "auth-logout"
            if old =>
        {
            E::Unauthorized(Unauthorized::NotAuthorized)
        }
        "auth-password-nokey" => E::Unauthorized(Unauthorized::Forbidden),
        "auth-login-bad" => E::WrongPassword,
        "metrics" | "system-paths" if old => unsupported(name, version),
        "system-loglevels" if version != "2.x" => unsupported(name, version),
        "system-debug" if version == "2.x" => unsupported(name, version),
        "err-unknown-path" | "err-wrong-method" | "config-system-put" => unsupported("", version),
        "system-upgrade" | "system-upgrade-post" => E::UpgradeUnsupported,
        "config-folder-missing"
        | "db-browse-missing-folder"
        | "db-completion-badfolder"
        | "db-ignores-missing-folder"
        | "db-ignores-post-missing-folder"
        | "db-need-missing"
        | "db-need-paused"
        | "db-scan-missing"
        | "db-status-missing"
        | "folder-errors-missing"
        | "folder-versions-missing"
        | "system-reset-badfolder" => E::NoSuchFolder,
        "db-file-missing-folder" if version != "2.x" => E::NoSuchFolder,
        "db-file-missing-folder" | "db-file-missing" => E::NoSuchFile,
        "folder-errors-paused" => E::FolderPaused,
        "folder-versions-noversioning" => E::NoVersioner,
        "system-reset-folder" => E::MustBePaused,
        "db-ignores-post-bad" => E::BadPattern,
        "config-device-missing" | "system-pause-unknown" => E::NotFound,
        "config-folder-post-nopath" if version != "2.x" => return None,
        "cluster-pending-devices-delete-badid"
        | "cluster-pending-folders-baddevice"
        | "config-device-badid"
        | "config-folder-patch-badtype"
        | "config-folder-post-nopath"
        | "config-folder-post-noid"
        | "config-put-duplicate-folder"
        | "config-put-garbage"
        | "db-completion-baddevice"
        | "db-remoteneed-baddevice"
        | "system-loglevels-post-bad"
        | "system-pause-badid" => E::BadRequest,
        "db-scan-nomarker" => E::Other,
        _ => return None,
    })
}

/// A call that a daemon lacks, with the versions that have it.
fn unsupported(name: &str, daemon: &str) -> SyncthingError {
    let (endpoint, since, until) = match name {
        "metrics" => ("/metrics", Some(Version::new(1, 24, 0)), None),
        "system-paths" => ("/rest/system/paths", Some(Version::new(1, 21, 0)), None),
        "system-loglevels" => ("/rest/system/loglevels", Some(Version::new(2, 0, 0)), None),
        "system-debug" => ("/rest/system/debug", None, Some(Version::new(2, 0, 0))),
        _ => ("", None, None),
    };
    let daemon = match daemon {
        "1.19" => "v1.19.2-ds1",
        "1.29" => "v1.29.5",
        _ => "v2.1.3",
    };
    SyncthingError::Unsupported {
        endpoint,
        since,
        until,
        daemon: Version::parse(daemon),
    }
}

/// Path and decoded query: how something is encoded is a matter of taste.
fn decoded(target: &str) -> (String, Vec<String>) {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
                (b'%', Some(byte)) => {
                    bytes.push(byte);
                    rest = &after[2..];
                }
                _ => {
                    bytes.push(*first);
                    rest = after;
                }
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut query: Vec<_> = query.split('&').map(decode).collect();
    query.sort();
    (decode(path), query)
}

fn check(name: &str, version: &str, result: Result<(), Error>) {
    match (result, meaning(name, version)) {
        (Ok(()), None) => {}
        (Ok(()), Some(meaning)) => panic!("{version}/{name} was to be {meaning:?}"),
        (Err(error), meaning) => {
            assert_eq!(
                error.syncthing(),
                meaning.as_ref(),
                "{version}/{name}: {error}"
            );
            assert!(!error.is_retryable(), "{version}/{name}: {error}");
        }
    }
}

#[tokio::test]
async fn every_recorded_request_is_made_by_a_call_and_its_answer_understood() {
    let daemon = Daemon::start().await;
    for version in VERSIONS {
        let mut raw = BTreeSet::new();
        for (name, recording) in Recording::all(version) {
            // The tests of the event stream have their own.
            if recording.request.path.starts_with("/rest/events") {
                continue;
            }
            let client = client(&daemon, !recording.request.no_api_key);
            let call = match replay::typed(&client, &recording.request) {
                Some(call) => call,
                None => {
                    raw.insert(name.clone());
                    replay::raw(&client, &recording.request)
                }
            };
            if call.reads_first {
                daemon.answer(Answer::new(200, "{}"));
            }
            daemon.answer(recording.answer());
            let result = call.run.await;
            let sent = daemon.seen().pop().unwrap();
            assert_eq!(sent.method, recording.request.method, "{version}/{name}");
            assert_eq!(
                decoded(&sent.target),
                decoded(&recording.request.path),
                "{version}/{name}"
            );
            check(&name, version, result);
        }
        // What no typed call can be made to send.
        let expected = [
            "auth-index-csrf-cookie",
            "auth-logout",
            "auth-options",
            "cluster-pending-devices-delete-badid",
            "cluster-pending-devices-delete-noid",
            "cluster-pending-folders-baddevice",
            "config-device-badid",
            "config-folder-post-noid",
            "config-folder-post-nopath",
            "config-folder-put-otherid",
            "config-put-garbage",
            "config-system-put",
            "db-completion-baddevice",
            "db-file-missing-folder",
            "db-remoteneed-baddevice",
            "err-unknown-path",
            "err-wrong-method",
            "system-pause-badid",
        ];
        let raw: Vec<_> = raw.iter().map(String::as_str).collect();
        assert_eq!(raw, expected, "{version}");
    }
}

#[tokio::test]
async fn a_call_that_the_daemon_lacks_is_told_with_its_version_and_the_daemons() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    let mut messages = Vec::new();
    for (version, name) in [
        ("1.19", "system-paths"),
        ("2.x", "system-debug"),
        ("1.29", "err-unknown-path"),
    ] {
        let all = Recording::all(version);
        let recording = &all.iter().find(|(found, _)| found == name).unwrap().1;
        daemon.answer(recording.answer());
        let call = replay::typed(&client, &recording.request)
            .unwrap_or_else(|| replay::raw(&client, &recording.request));
        let error = call.run.await.unwrap_err();
        assert!(error.is_unsupported(), "{error}");
        messages.push(error.to_string());
    }
    for (message, parts) in messages.iter().zip([
        [
            "(v1.19.2-ds1)",
            "has no /rest/system/paths, which came with v1.21.0",
        ],
        [
            "(v2.1.3)",
            "has no /rest/system/debug, which ended with v2.0.0",
        ],
        ["(v1.29.5)", "has no such call"],
    ]) {
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[tokio::test]
async fn a_login_where_no_password_is_set_says_so() {
    let daemon = Daemon::start().await;
    let answer = Answer::new(404, "404 page not found\n").header("X-Syncthing-Version", "v2.1.3");
    daemon.answer(answer);
    let login = syncthing_rest::model::noauth::Login::default();
    let error = daemon.client().noauth().login(&login).await.unwrap_err();
    assert_eq!(error.syncthing(), Some(&SyncthingError::NoPassword));
}
