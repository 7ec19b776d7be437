//! Every answer recorded from daemons 1.19.2, 1.29.5 and 2.1.3 fits its model.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sync_core::Secret;
use sync_core::json::decode;
use syncthing_rest::model::config::{
    ConfigInSync, DefaultIgnores, Device, Folder, FolderType, Gui, Ldap, Options, PullOrder,
    RestartRequired,
};
use syncthing_rest::model::db::{BrowseNode, Completion, FileLookup, FilePage, FolderState};
use syncthing_rest::model::db::{FolderStatus, Ignores, LocalFlags, Need, RemoteState};
use syncthing_rest::model::events::EventKind;
use syncthing_rest::model::noauth::Health;
use syncthing_rest::model::stats::{DeviceStatistics, FolderStatistics};
use syncthing_rest::model::svc::{DeviceIdCheck, RandomString, UsageReport};
use syncthing_rest::model::system::{
    Acknowledged, Connections, DebugFacilities, Discovered, LogLevel, LogLevels, LogMessages, Ping,
    SystemErrors, SystemPaths, SystemStatus, SystemVersion,
};
use syncthing_rest::model::{
    Config, DeviceId, Event, EventType, FileVersions, FolderErrors, RestoreFailures, Version,
    cluster, debug,
};

const VERSIONS: [&str; 3] = ["1.19", "1.29", "2.x"];

#[derive(Deserialize)]
struct Recording {
    request: Option<Request>,
    status: Option<u16>,
    body: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
}

fn folder_of(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(version)
}

/// The recordings of a version, by name.
fn files(version: &str) -> BTreeMap<String, Vec<u8>> {
    let files: BTreeMap<_, _> = fs::read_dir(folder_of(version))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    assert!(files.len() > 200, "{version}: {} recordings", files.len());
    files
}

/// The body of one recording.
fn body(version: &str, name: &str) -> String {
    let file = fs::read(folder_of(version).join(name).with_extension("json")).unwrap();
    let recording: Recording = decode(&file).unwrap();
    recording.body.unwrap().get().to_owned()
}

fn read<T: DeserializeOwned>(version: &str, name: &str) -> T {
    decode(body(version, name).as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn parse<T: DeserializeOwned>(json: &str, what: &str) -> T {
    decode(json.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error} {}", error.snippet()))
}

/// Every field has a name in the model: nothing was left to `extra`.
fn assert_all_named(value: &impl Debug, what: &str) {
    let text = format!("{value:?}");
    if let Some((_, after)) = text.split_once("extra: {\"") {
        panic!(
            "{what}: no name for {}",
            after.chars().take(60).collect::<String>()
        );
    }
}

/// What is read is written, key for key.
fn exact<T: DeserializeOwned + Serialize + Debug>(json: &str, what: &str) {
    let typed: T = parse(json, what);
    assert_all_named(&typed, what);
    let sent: Value = parse(json, what);
    assert_eq!(serde_json::to_value(&typed).unwrap(), sent, "{what}");
    assert_nothing_required::<T>(&sent, what);
}

/// What is read is written, but for what says nothing.
fn complete<T: DeserializeOwned + Serialize + Debug>(json: &str, what: &str) {
    let sent: Value = parse(json, what);
    told::<T>(json, &sent, what);
    assert_nothing_required::<T>(&sent, what);
}

/// The same for answers that are a list or a map of simple values.
fn plain<T: DeserializeOwned + Serialize + Debug>(json: &str, what: &str) {
    told::<T>(json, &parse(json, what), what);
}

fn told<T: DeserializeOwned + Serialize + Debug>(json: &str, sent: &Value, what: &str) {
    let typed: T = parse(json, what);
    assert_all_named(&typed, what);
    let written = serde_json::to_value(&typed).unwrap();
    assert_eq!(telling(&written), telling(sent), "{what}");
}

/// Without what is the same as absent, and with the one form of what daemons
/// say in several.
fn telling(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match (key.as_str(), value) {
                ("level", level) => (key.clone(), json!(level_name(level))),
                ("availability", Value::Array(devices)) => {
                    let devices = devices.iter().map(|device| match device {
                        Value::String(id) => json!({ "id": id }),
                        object => telling(object),
                    });
                    (key.clone(), devices.collect())
                }
                _ => (key.clone(), telling(value)),
            })
            .filter(|(_, value)| {
                ![
                    json!(null),
                    json!(0),
                    json!(false),
                    json!(""),
                    json!([]),
                    json!({}),
                ]
                .contains(value)
                    && *value != json!("0001-01-01T00:00:00Z")
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(array) => array.iter().map(telling).collect(),
        other => other.clone(),
    }
}

fn level_name(level: &Value) -> String {
    serde_json::from_value::<LogLevel>(level.clone())
        .unwrap()
        .to_string()
}

/// Neither `null` everywhere nor nothing at all is an error.
fn assert_nothing_required<T: DeserializeOwned>(sent: &Value, what: &str) {
    fn with_nulls(value: &Value) -> Value {
        match value {
            Value::Object(object) => object
                .iter()
                .map(|(key, value)| (key.clone(), with_nulls(value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(array) => array.iter().map(with_nulls).collect(),
            _ => Value::Null,
        }
    }
    parse::<T>(&with_nulls(sent).to_string(), &format!("{what} with nulls"));
    let empty = if sent.is_array() { "[]" } else { "{}" };
    parse::<T>(empty, &format!("{what} without anything"));
}

/// Checks an answer with the model of its endpoint.
fn check(method: &str, path: &str, json: &str, what: &str) {
    let path = path.split('?').next().unwrap();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let ["rest", segments @ ..] = segments.as_slice() else {
        panic!("{what}: {path} answered JSON")
    };
    let model = match (method, segments) {
        (_, ["config"] | ["system", "config"]) => exact::<Config>,
        (_, ["config", "folders"]) => exact::<Vec<Folder>>,
        (_, ["config", "devices"]) => exact::<Vec<Device>>,
        (_, ["config", "folders", _] | ["config", "defaults", "folder"]) => exact::<Folder>,
        (_, ["config", "devices", _] | ["config", "defaults", "device"]) => exact::<Device>,
        (_, ["config", "defaults", "ignores"]) => exact::<DefaultIgnores>,
        (_, ["config", "options"]) => exact::<Options>,
        (_, ["config", "gui"]) => exact::<Gui>,
        (_, ["config", "ldap"]) => exact::<Ldap>,
        (_, ["config", "restart-required"]) => exact::<RestartRequired>,
        (_, [.., "config", "insync"]) => exact::<ConfigInSync>,
        (_, ["system", "ping"]) => exact::<Ping>,
        (_, ["system", "version"]) => complete::<SystemVersion>,
        (_, ["system", "status"]) => complete::<SystemStatus>,
        (_, ["system", "connections"]) => complete::<Connections>,
        (_, ["system", "discovery"]) => complete::<Discovered>,
        (_, ["system", "error"]) => complete::<SystemErrors>,
        (_, ["system", "log"]) => complete::<LogMessages>,
        (_, ["system", "debug"]) => plain::<DebugFacilities>,
        (_, ["system", "loglevels"]) => plain::<LogLevels>,
        (_, ["system", "paths"]) => exact::<SystemPaths>,
        (_, ["system", "browse"] | ["svc", "lang"]) => plain::<Vec<String>>,
        (_, ["system", "restart" | "shutdown" | "reset"]) => exact::<Acknowledged>,
        (_, ["db", "status"]) => complete::<FolderStatus>,
        (_, ["db", "completion"]) => complete::<Completion>,
        (_, ["db", "browse"]) => complete::<Vec<BrowseNode>>,
        (_, ["db" | "debug", "file"]) => complete::<FileLookup>,
        (_, ["db", "need" | "prio"]) => complete::<Need>,
        (_, ["db", "remoteneed" | "localchanged"]) => complete::<FilePage>,
        (_, ["db", "ignores"]) => complete::<Ignores>,
        (_, ["folder", "errors" | "pullerrors"]) => complete::<FolderErrors>,
        ("GET", ["folder", "versions"]) => complete::<FileVersions>,
        ("POST", ["folder", "versions"]) => plain::<RestoreFailures>,
        (_, ["stats", "device"]) => complete::<DeviceStatistics>,
        (_, ["stats", "folder"]) => complete::<FolderStatistics>,
        (_, ["cluster", "pending", "devices"]) => complete::<cluster::PendingDevices>,
        (_, ["cluster", "pending", "folders"]) => complete::<cluster::PendingFolders>,
        (_, ["svc", "deviceid"]) => complete::<DeviceIdCheck>,
        (_, ["svc", "random", "string"]) => exact::<RandomString>,
        (_, ["svc", "report"]) => plain::<UsageReport>,
        (_, ["noauth", "health"]) => exact::<Health>,
        (_, ["debug", "httpmetrics"]) => complete::<debug::HttpMetrics>,
        (_, ["debug", "peerCompletion"]) => plain::<debug::PeerCompletion>,
        (_, ["events"] | ["events", "disk"]) => return check_events(json, what),
        _ => panic!("{what}: no model for {method} {path}"),
    };
    model(json, what);
}

fn check_events(json: &str, what: &str) {
    let events: Vec<Event> = parse(json, what);
    let sent: Vec<Value> = parse(json, what);
    assert_eq!(events.len(), sent.len(), "{what}");
    assert_all_named(&events, what);
    for (event, sent) in events.iter().zip(&sent) {
        let kind = &event.kind;
        assert!(!matches!(kind, EventKind::Unknown { .. }), "{what}: {sent}");
        assert_eq!(kind.event_type().as_str(), sent["type"], "{what}");
        assert_eq!(
            (json!(event.id), json!(event.global_id)),
            (sent["id"].clone(), sent["globalID"].clone())
        );
        assert_eq!(event.time.unwrap().to_string(), sent["time"], "{what}");
        for (found, key) in [
            (kind.folder().map(ToString::to_string), "folder"),
            (kind.device().map(ToString::to_string), "device"),
        ] {
            if let (Some(found), Some(text)) = (found, sent["data"][key].as_str()) {
                assert_eq!(found, text, "{what}");
            }
        }
    }
}

#[test]
fn every_recorded_answer_fits_its_model() {
    for version in VERSIONS {
        let mut checked = 0;
        for (name, file) in files(version) {
            let what = format!("{version}/{name}");
            // Excerpts of event logs are lists, with a test of their own.
            let Ok(recording) = decode::<Recording>(&file) else {
                continue;
            };
            let (Some(request), Some(200), Some(body)) =
                (recording.request, recording.status, recording.body)
            else {
                continue;
            };
            check(&request.method, &request.path, body.get(), &what);
            checked += 1;
        }
        assert!(checked > 90, "{version}: {checked} answers");
    }
}

#[test]
fn every_recorded_event_is_known() {
    for version in VERSIONS {
        let config: Value = parse(&body(version, "config"), version);
        let mut seen = std::collections::BTreeSet::new();
        for (name, file) in files(version) {
            let Ok(mut events) = decode::<Vec<Value>>(&file) else {
                continue;
            };
            for event in &mut events {
                seen.insert(event["type"].as_str().unwrap().to_owned());
                // Left out of the excerpts, because it is long.
                if event["type"] == "ConfigSaved" && event["data"].is_string() {
                    event["data"] = config.clone();
                }
            }
            check_events(
                &Value::from(events).to_string(),
                &format!("{version}/{name}"),
            );
        }
        assert!(seen.len() > 25, "{version}: {seen:?}");
        for name in seen {
            assert!(!matches!(EventType::from(name), EventType::Other(_)));
        }
    }
}

#[test]
fn a_configuration_keeps_what_has_no_name() {
    fn add_to_all(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for (key, value) in object.iter_mut() {
                    // Any key is a name there, with a text.
                    if key != "params" {
                        add_to_all(value);
                    }
                }
                object.insert(
                    String::from("fromTheFuture"),
                    json!({"a": [1, 2.5, null], "b": ""}),
                );
            }
            Value::Array(array) => array.iter_mut().for_each(add_to_all),
            _ => {}
        }
    }
    for version in VERSIONS {
        let mut sent: Value = parse(&body(version, "config"), version);
        add_to_all(&mut sent);
        let config: Config = parse(&sent.to_string(), version);
        assert_eq!(config.extra.len(), 1);
        assert_eq!(config.folders[0].devices[0].extra.len(), 1);
        assert_eq!(config.options.min_home_disk_free.extra.len(), 1);
        assert_eq!(serde_json::to_value(&config).unwrap(), sent, "{version}");
    }
}

#[test]
fn a_configuration_keeps_texts_that_have_no_name() {
    fn replace(value: &mut Value, replaced: &mut usize) {
        const ENUMS: [&str; 11] = [
            "type",
            "order",
            "filesystemType",
            "fsType",
            "blockPullOrder",
            "copyRangeMethod",
            "compression",
            "authMode",
            "transport",
            "databaseTuning",
            "unit",
        ];
        match value {
            Value::Object(object) => {
                for (key, value) in object.iter_mut() {
                    if ENUMS.contains(&key.as_str()) && value.is_string() {
                        *value = json!("from the future");
                        *replaced += 1;
                    } else {
                        replace(value, replaced);
                    }
                }
            }
            Value::Array(array) => array.iter_mut().for_each(|value| replace(value, replaced)),
            _ => {}
        }
    }
    for version in VERSIONS {
        let mut sent: Value = parse(&body(version, "config"), version);
        let mut replaced = 0;
        replace(&mut sent, &mut replaced);
        assert!(replaced > 10, "{version}: {replaced}");
        let config: Config = parse(&sent.to_string(), version);
        let folder = &config.folders[0];
        let text = String::from("from the future");
        assert_eq!(folder.folder_type, FolderType::Other(text.clone()));
        assert_eq!(folder.order, PullOrder::Other(text));
        assert_eq!(serde_json::to_value(&config).unwrap(), sent, "{version}");
    }
}

#[test]
fn only_what_was_changed_differs() {
    for version in VERSIONS {
        let mut sent: Value = parse(&body(version, "config"), version);
        let mut config: Config = parse(&sent.to_string(), version);
        let id = config.folders[0].id.clone();
        config.folder_mut(&id).unwrap().fs_watcher_delay_s = 20.0;
        sent["folders"][0]["fsWatcherDelayS"] = json!(20);
        // Daemons before 1.23.3 take whole numbers only.
        let written = serde_json::to_string(&config).unwrap();
        assert!(written.contains(r#""fsWatcherDelayS":20,"#));
        assert_eq!(serde_json::to_value(&config).unwrap(), sent);
        config.folder_mut(&id).unwrap().fs_watcher_delay_s = 0.1;
        let written = serde_json::to_string(&config).unwrap();
        assert!(written.contains(r#""fsWatcherDelayS":0.1,"#));
    }
}

#[test]
fn keys_that_a_daemon_does_not_have_are_not_sent_to_it() {
    let keys = |version| {
        let config: Config = read(version, "config");
        let written = serde_json::to_value(&config.folders[0]).unwrap();
        let Value::Object(folder) = written else {
            panic!()
        };
        folder.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    let has = |version, key: &str| keys(version).iter().any(|known| known == key);
    assert!(has("1.19", "disableTempIndexes") && !has("2.x", "disableTempIndexes"));
    assert!(!has("1.19", "syncXattrs") && has("1.29", "syncXattrs"));
    assert!(!has("1.29", "blockIndexing") && has("2.x", "blockIndexing"));
    let new = serde_json::to_value(Folder::new("new", "/srv/new")).unwrap();
    assert_eq!(new["rescanIntervalS"], 3600);
    assert_eq!(new["minDiskFree"], json!({"value": 1, "unit": "%"}));
    assert!(new.get("blockIndexing").is_none());
}

#[test]
fn no_secret_is_printed() {
    for version in VERSIONS {
        let mut sent: Value = parse(&body(version, "config"), version);
        sent["gui"]["apiKey"] = json!("hunter2-key");
        sent["gui"]["password"] = json!("hunter2-password");
        sent["gui"]["newSecret"] = json!("hunter2-unknown");
        sent["folders"][0]["devices"][0]["encryptionPassword"] = json!("hunter2-folder");
        let config: Config = parse(&sent.to_string(), version);
        let saved: Event = parse(
            &json!({"id": 1, "globalID": 1, "type": "ConfigSaved", "data": sent}).to_string(),
            version,
        );
        assert!(matches!(saved.kind, EventKind::ConfigSaved(_)));
        for printed in [
            format!("{config:?}"),
            format!("{config:#?}"),
            format!("{saved:?}"),
        ] {
            assert!(!printed.contains("hunter2"), "{printed}");
            assert!(printed.contains("[redacted]"));
        }
        // Back to the daemon they go all the same.
        assert_eq!(*config.gui.api_key.expose(), "hunter2-key");
        assert_eq!(serde_json::to_value(&config).unwrap(), sent);
        let mut changed = config;
        changed.gui.api_key = Secret::from("other");
        assert_eq!(
            serde_json::to_value(&changed).unwrap()["gui"]["apiKey"],
            "other"
        );
    }
}

#[test]
fn times_that_say_never_stay_in_a_configuration() {
    let json = r#"{"ignoredFolders":[{"time":"0001-01-01T00:00:00Z","id":"a","label":""},
        {"time":"2026-11-21T07:16:48.10+01:00","id":"b","label":"B"}],"introducedBy":""}"#;
    let device: Device = parse(json, "device");
    assert_eq!(device.ignored_folders[0].time, None);
    assert_eq!(device.introduced_by, None);
    let written = serde_json::to_value(&device).unwrap();
    let sent: Value = parse(json, "device");
    assert_eq!(written["ignoredFolders"], sent["ignoredFolders"]);
    assert_eq!(written["introducedBy"], "");
}

#[test]
fn a_hundred_per_cent_of_a_paused_folder_is_not_complete() {
    for version in ["1.29", "2.x"] {
        let completion: Completion = read(version, "db-completion-remote-paused");
        assert_eq!(completion.completion, 100.0);
        assert_eq!(completion.remote_state, Some(RemoteState::Paused));
        assert!(!completion.is_complete());
        assert!(read::<Completion>(version, "db-completion").is_complete());
        let local: Completion = read(version, "db-completion-local");
        assert!(local.needs_nothing());
    }
    // The oldest daemons cannot say it.
    let completion: Completion = read("1.19", "db-completion-remote-paused");
    assert_eq!(completion.remote_state, None);
}

#[test]
fn a_folder_is_in_sync_only_when_it_rests_and_needs_nothing() {
    for version in VERSIONS {
        let status = |name| read::<FolderStatus>(version, name);
        assert!(status("db-status").is_in_sync());
        assert!(!status("db-status-paused").is_in_sync());
        assert_eq!(status("db-status-paused").state, FolderState::NotRunning);
        assert!(!status("db-status-sendonly-need").is_in_sync());
        assert!(!status("db-status-errors").is_in_sync());
        let broken = status("db-status-error");
        assert!(!broken.is_in_sync());
        assert_eq!(broken.state, FolderState::Error);
        assert!(
            broken
                .error_text()
                .unwrap()
                .contains("folder marker missing")
        );
        assert!(status("db-status-receiveonly").has_local_changes());
    }
}

#[test]
fn the_version_is_found_under_what_a_distribution_appends() {
    for (recorded, version) in [
        ("1.19", Version::new(1, 19, 2)),
        ("1.29", Version::new(1, 29, 5)),
        ("2.x", Version::new(2, 1, 3)),
    ] {
        let parsed = read::<SystemVersion>(recorded, "system-version")
            .parsed()
            .unwrap();
        assert!(
            parsed >= version && parsed.patch() == version.patch(),
            "{parsed}"
        );
    }
}

#[test]
fn who_changed_a_file_is_found_among_the_devices() {
    for version in VERSIONS {
        let config: Config = read(version, "config");
        let lookup: FileLookup = read(version, "db-file");
        let changed_by = lookup.global.modified_by.unwrap();
        assert!(
            config
                .devices
                .iter()
                .any(|device| changed_by.is_of(&device.device_id))
        );
        let page: FilePage = read(version, "db-localchanged");
        assert!(page.files[0].local_flags.contains(LocalFlags::RECEIVE_ONLY));
        let devices: DeviceStatistics = read(version, "stats-device");
        let own: DeviceId = read::<SystemStatus>(version, "system-status").my_id;
        assert_eq!(devices[&own].seen_at(), None);
        assert_eq!(
            devices
                .values()
                .filter(|stats| stats.seen_at().is_some())
                .count(),
            1
        );
    }
}
