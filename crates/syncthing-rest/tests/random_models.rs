//! Random configurations come back as they were, and random damage to recorded
//! answers is survived.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod schema;

use std::fs;
use std::path::Path;

use fastrand::Rng;
use schema::{CONFIG, Field, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use syncthing_rest::model::config::{Device, Folder, Gui, Ldap, Options};
use syncthing_rest::model::db::{Completion, FileLookup, FolderStatus, Ignores, Need};
use syncthing_rest::model::stats::{DeviceStatistics, FolderStatistics};
use syncthing_rest::model::svc::UsageReport;
use syncthing_rest::model::system::{Connections, LogMessages, SystemStatus, SystemVersion};
use syncthing_rest::model::{Config, DeviceId, Event, EventKind, Time};

const CASES: u64 = 300;

fn text(random: &mut Rng) -> String {
    const ODD: [&str; 12] = [
        "",
        " ",
        "a/b",
        "50%",
        "späce & ünï",
        "\u{0}",
        "\u{7f}\u{80}",
        "\u{fffd}",
        "\"\\",
        "\n",
        "𝄞",
        "\u{202e}",
    ];
    (0..random.usize(0..4))
        .map(|_| ODD[random.usize(0..ODD.len())])
        .collect()
}

fn device(random: &mut Rng) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    DeviceId::from_sha256(bytes).to_string()
}

fn integer(random: &mut Rng) -> i64 {
    const EDGES: [i64; 6] = [0, -1, 1, i64::MAX, i64::MIN, 9_007_199_254_740_993];
    match random.bool() {
        true => EDGES[random.usize(0..EDGES.len())],
        false => random.i64(-100_000..100_000),
    }
}

/// A time as Go writes it, with an offset that may be none.
fn time(random: &mut Rng) -> String {
    if random.u8(0..4) == 0 {
        return Time::ZERO.to_string();
    }
    let fraction = match random.u8(0..3) {
        0 => String::new(),
        _ => format!(
            ".{:0digits$}",
            random.u32(1..10),
            digits = random.usize(1..10)
        ),
    };
    let offset = match random.u8(0..3) {
        0 => "Z".to_owned(),
        1 => format!("+{:02}:{:02}", random.u8(0..15), random.u8(1..60)),
        _ => format!("-{:02}:{:02}", random.u8(1..12), random.u8(0..60)),
    };
    let (year, month, day) = (random.u16(1..10_000), random.u8(1..13), random.u8(1..29));
    let (hour, minute, second) = (random.u8(0..24), random.u8(0..60), random.u8(0..60));
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}{offset}")
}

fn list(random: &mut Rng, make: impl Fn(&mut Rng) -> Value) -> Value {
    (0..random.usize(0..4)).map(|_| make(random)).collect()
}

fn value(random: &mut Rng, kind: Kind) -> Value {
    match kind {
        Kind::Bool => json!(random.bool()),
        Kind::Int => json!(integer(random)),
        // A whole number is written without a fraction, whatever it was.
        Kind::Float => match random.u8(0..4) {
            0 => json!(random.i32(..)),
            1 => json!(1e300),
            _ => json!(f64::from(random.i32(..)) + 0.1),
        },
        Kind::Text => json!(text(random)),
        Kind::Texts => list(random, |random| json!(text(random))),
        Kind::Enum(known) => match known.get(random.usize(0..=known.len())) {
            Some(text) => json!(text),
            None => json!(format!("from the future {}", random.u8(..))),
        },
        Kind::Device => json!(device(random)),
        Kind::MaybeDevice => match random.bool() {
            true => json!(device(random)),
            false => json!(""),
        },
        Kind::Time => json!(time(random)),
        Kind::Params => {
            let count = random.usize(0..3);
            let entries =
                (0..count).map(|at| (format!("{at}{}", text(random)), json!(text(random))));
            entries.collect::<Map<_, _>>().into()
        }
        Kind::Object(fields) => object(random, fields),
        Kind::List(fields) => list(random, |random| object(random, fields)),
    }
}

/// An object with all its keys, but for some that not every daemon has, and with
/// some that none has yet, in any order.
fn object(random: &mut Rng, fields: &[Field]) -> Value {
    let mut entries: Vec<(String, Value)> = Vec::new();
    for field in fields {
        if field.is_in_all || random.bool() {
            entries.push((field.key.to_owned(), value(random, field.kind)));
        }
    }
    for at in 0..random.usize(0..3) {
        let unknown = [
            json!({"a": [1, 2.50, null]}),
            json!(null),
            json!("x"),
            json!(1e3),
        ];
        let chosen = unknown[random.usize(0..unknown.len())].clone();
        entries.push((format!("unknown{at}{}", text(random)), chosen));
    }
    random.shuffle(&mut entries);
    entries.into_iter().collect::<Map<_, _>>().into()
}

/// Where two values differ first, and how.
fn difference(left: &Value, right: &Value) -> Option<String> {
    let below = |key: &str, left, right| Some(format!(".{key}{}", difference(left, right)?));
    match (left, right) {
        (Value::Object(left), Value::Object(right)) if left.keys().eq(right.keys()) => left
            .iter()
            .find_map(|(key, value)| below(key, value, &right[key])),
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right).enumerate();
            pairs.find_map(|(at, (left, right))| below(&at.to_string(), left, right))
        }
        _ => (left != right).then(|| format!(": {left} is not {right}")),
    }
}

#[test]
fn every_random_configuration_comes_back_as_it_was() {
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let sent = object(&mut random, CONFIG);
        let config: Config = serde_json::from_str(&sent.to_string())
            .unwrap_or_else(|error| panic!("seed {seed}: {error} in {sent}"));
        let written = serde_json::to_value(&config).unwrap();
        assert_eq!(difference(&written, &sent), None, "seed {seed}");
        let again: Config = serde_json::from_value(sent).unwrap();
        assert_eq!(again, config, "seed {seed}");
    }
}

/// Every key that any daemon from 1.19 to 2.1 has is a field.
#[test]
fn every_key_of_every_version_has_a_name() {
    fn all(random: &mut Rng, fields: &[Field]) -> Value {
        let entry = |field: &Field| {
            let value = match field.kind {
                Kind::Object(fields) => all(random, fields),
                Kind::List(fields) => json!([all(random, fields)]),
                kind => value(random, kind),
            };
            (field.key.to_owned(), value)
        };
        fields.iter().map(entry).collect::<Map<_, _>>().into()
    }
    let sent = all(&mut Rng::with_seed(1), CONFIG);
    let config: Config = serde_json::from_value(sent.clone()).unwrap();
    let printed = format!("{config:?}");
    assert!(!printed.contains("extra: {\""), "{printed}");
    assert_eq!(serde_json::to_value(&config).unwrap(), sent);
}

/// Go writes a list or map that was never filled as `null`.
#[test]
fn a_list_that_is_null_is_empty_whatever_its_default_is() {
    let options: Options =
        serde_json::from_str(r#"{"listenAddresses":null,"stunServers":null}"#).unwrap();
    assert!(options.listen_addresses.is_empty() && options.stun_servers.is_empty());
    assert_eq!(
        options.global_announce_servers,
        ["default"],
        "it was not sent"
    );
    let written = serde_json::to_value(&options).unwrap();
    assert_eq!(written["listenAddresses"], json!([]));
    let folder: Folder = serde_json::from_str(
        r#"{"devices":null,"versioning":{"params":null,"cleanupIntervalS":null}}"#,
    )
    .unwrap();
    assert!(folder.devices.is_empty() && folder.versioning.params.is_empty());
    assert_eq!(folder.versioning.cleanup_interval_s, 3600);
}

/// The bodies of an endpoint's recordings, of all versions.
fn recorded(begin: &str) -> Vec<Value> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut bodies = Vec::new();
    for version in ["1.19", "1.29", "2.x"] {
        for entry in fs::read_dir(fixtures.join(version)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with(begin) {
                let file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                if file["status"] == 200 && !file["body"].is_null() {
                    bodies.push(file["body"].clone());
                }
            }
        }
    }
    assert!(!bodies.is_empty(), "{begin}");
    bodies
}

/// Takes keys out, makes values `null`, and turns the order round. The values of
/// an answer that is a map are whole objects in every daemon.
fn damage(random: &mut Rng, value: &mut Value, may_be_null: bool) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = std::mem::take(object).into_iter().collect();
            entries.retain(|_| random.u8(0..8) > 0);
            random.shuffle(&mut entries);
            for (key, mut value) in entries {
                match random.u8(0..8) {
                    0 if may_be_null => value = Value::Null,
                    _ => damage(random, &mut value, true),
                }
                object.insert(key, value);
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| damage(random, value, true)),
        _ => {}
    }
}

fn survives<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(begin: &str) {
    for body in recorded(begin) {
        for seed in 0..CASES / 10 {
            let mut random = Rng::with_seed(seed);
            let mut sent = body.clone();
            damage(&mut random, &mut sent, !begin.starts_with("stats"));
            let read: T = serde_json::from_str(&sent.to_string())
                .unwrap_or_else(|error| panic!("{begin}, seed {seed}: {error} in {sent}"));
            // What was understood is understood again when it is written.
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<T>(&written).unwrap(), read, "{sent}");
        }
    }
}

#[test]
fn what_is_missing_or_null_costs_nothing_else() {
    survives::<Config>("config.json");
    survives::<Folder>("config-folder.json");
    survives::<Device>("config-device.json");
    survives::<Options>("config-options.json");
    survives::<Gui>("config-gui.json");
    survives::<Ldap>("config-ldap.json");
    survives::<SystemStatus>("system-status");
    survives::<SystemVersion>("system-version");
    survives::<Connections>("system-connections");
    survives::<LogMessages>("system-log.json");
    survives::<FolderStatus>("db-status.json");
    survives::<Completion>("db-completion.json");
    survives::<FileLookup>("db-file.json");
    survives::<Need>("db-need-page");
    survives::<Ignores>("db-ignores-after");
    survives::<DeviceStatistics>("stats-device");
    survives::<FolderStatistics>("stats-folder");
    survives::<UsageReport>("svc-report");
}

#[test]
fn an_event_is_never_lost_whatever_its_data_is() {
    const TYPES: [&str; 8] = [
        "ConfigSaved",
        "StateChanged",
        "DownloadProgress",
        "Failure",
        "FolderSummary",
        "PendingFoldersChanged",
        "ListenAddressesChanged",
        "MoonPhaseChanged",
    ];
    fn anything(random: &mut Rng, depth: u8) -> Value {
        match random.u8(0..if depth == 0 { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(random.bool()),
            2 => json!(integer(random)),
            3 => json!(1e300),
            4 => json!(text(random)),
            5 => list(random, |random| anything(random, depth - 1)),
            _ => {
                const KEYS: [&str; 7] = [
                    "folder", "to", "summary", "added", "lan", "Extra", "duration",
                ];
                let keys = KEYS.iter().filter(|_| random.bool()).collect::<Vec<_>>();
                let entries = keys
                    .into_iter()
                    .map(|key| ((*key).to_owned(), anything(random, depth - 1)));
                entries.collect::<Map<_, _>>().into()
            }
        }
    }
    let mut unknown = 0;
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let sent: Vec<Value> = (1..=20)
            .map(|id| {
                let kind = TYPES[random.usize(0..TYPES.len())];
                json!({"id": id, "globalID": id, "time": text(&mut random), "type": kind,
                    "data": anything(&mut random, 3)})
            })
            .collect();
        let events: Vec<Event> = serde_json::from_str(&json!(sent).to_string())
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for (event, sent) in events.iter().zip(&sent) {
            assert_eq!(json!(event.id), sent["id"]);
            assert_eq!(event.kind.event_type().as_str(), sent["type"]);
            if let EventKind::Unknown { data, .. } = &event.kind {
                unknown += 1;
                let kept: Value = serde_json::from_str(data.as_str()).unwrap();
                assert_eq!(kept, sent["data"], "seed {seed}");
            }
        }
    }
    assert!(unknown > 1000, "{unknown}");
}
