//! What must be true of a store after every transaction, and at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use simperium::jsondiff::diff;
use simperium::model::Key;
use simperium::store::{Local, PendingState, Place, Record, StoreExt as _};

use crate::device::{Device, bucket};
use crate::edits::Ledger;
use crate::history::History;

const STATES: [PendingState; 4] = [
    PendingState::Dirty,
    PendingState::InFlight,
    PendingState::Acknowledged,
    PendingState::Parked,
];

fn same(a: &Value, b: &Value) -> bool {
    a == b || diff(a, b).unwrap().is_empty()
}

/// What a store holds.
struct Rows {
    cv: Option<String>,
    is_reading: bool,
    records: BTreeMap<Key, Record>,
    pending: HashMap<Key, simperium::store::Pending>,
    reloads: HashMap<Key, u64>,
}

fn rows(device: &mut Device) -> Rows {
    let name = bucket();
    let rows = device.store.run(|tx| {
        let state = tx.bucket(&name)?;
        let mut pending = HashMap::new();
        for state in STATES {
            for (_, key, row) in tx.queue(&name, state, Place::default(), usize::MAX)? {
                assert_eq!(row.state, state);
                assert!(pending.insert(key, row).is_none(), "two rows of a key");
            }
        }
        Ok(Rows {
            cv: state.cv.map(|cv| cv.to_string()),
            is_reading: state.index_run.is_some(),
            records: tx.records(&name, None, usize::MAX)?.into_iter().collect(),
            pending,
            reloads: tx.reloads(&name, None, usize::MAX)?.into_iter().collect(),
        })
    });
    rows.unwrap()
}

/// What was found before.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The changes that devices have made, each with the exact text it first had.
    payloads: HashMap<String, String>,
    /// Objects that are what the server has.
    ghosts: HashSet<(Key, u64, String)>,
}

/// What must be true after every transaction.
pub(crate) fn invariants(
    device: &mut Device,
    history: &History,
    known: &mut Known,
    lied_about: &BTreeSet<String>,
) {
    let number = device.number;
    let rows = rows(device);
    for (key, record) in &rows.records {
        let pending = rows.pending.get(key);
        if record.local != Local::Same {
            assert!(pending.is_some(), "{number}: an edit of {key} is forgotten");
        }
        if let Some(Local::Changed(object)) = pending.map(|_| &record.local) {
            assert!(object.decode::<Value>().unwrap().is_object());
        }
        // While it is to be read, what is here may be anything.
        if let (Some(ghost), None) = (&record.ghost, rows.reloads.get(key)) {
            let version = ghost.version;
            let place = (key.clone(), version, ghost.data.as_str().to_owned());
            if known.ghosts.insert(place) {
                let there = history.object(key.as_str(), version);
                let there = there.unwrap_or_else(|| panic!("{number}: {key} {version}"));
                let data: Value = ghost.data.decode().unwrap();
                let is_same = same(there, &data);
                assert!(is_same, "{number}: {key} {version} is {there}, not {data}");
            }
        }
    }
    for (key, pending) in &rows.pending {
        let in_flight = matches!(
            pending.state,
            PendingState::InFlight | PendingState::Acknowledged
        );
        assert_eq!(pending.change.is_some(), in_flight, "{number}: {key}");
        if pending.state == PendingState::Acknowledged {
            assert!(rows.reloads.contains_key(key), "{number}: {key} hangs");
        }
        if let Some(change) = &pending.change {
            let text = change.payload.as_str().to_owned();
            assert!(text.contains(change.ccid.as_str()));
            let first = known.payloads.entry(change.ccid.as_str().to_owned());
            assert_eq!(*first.or_insert_with(|| text.clone()), text);
        } else {
            let record = rows.records.get(key);
            let is_same = record.is_none_or(|record| record.local == Local::Same);
            assert!(!is_same, "{number}: nothing is pending of {key}");
        }
    }
    if let (Some(cv), false) = (&rows.cv, rows.is_reading) {
        for (key, &(version, is_deletion)) in history.at(cv).into_iter().flatten() {
            let here = rows.records.get(key).and_then(Record::version);
            let is_here = match is_deletion {
                true => here.is_none_or(|here| here > version),
                false => here.is_none() || here >= Some(version),
            };
            // One that is not here at all was deleted later, by what it is told.
            let is_missing = !is_deletion && here.is_none() && !is_gone(history, key, version);
            let is_wanted = rows.reloads.contains_key(key)
                // The server has said that there is no such entity, and may have lied.
                || (here.is_none() && lied_about.contains(key.as_str()));
            assert!(
                is_wanted || is_here && !is_missing,
                "{number}: {key} is {here:?}, and was {version} ({is_deletion}) at {cv}"
            );
        }
    }
}

/// Whether an entity was deleted after a version.
fn is_gone(history: &History, key: &Key, version: u64) -> bool {
    let mut later = history.made.iter().rev();
    later.any(|made| made.is_deletion && made.key == key.as_str() && made.version > version)
}

/// A change that leaves must be in the store, as it is.
pub(crate) fn is_kept(device: &mut Device, frame: &str) {
    let Some(payload) = frame.strip_prefix("0:c:") else {
        return;
    };
    let rows = rows(device);
    let is_kept = rows.pending.values().any(|pending| {
        let change = pending.change.as_ref();
        change.is_some_and(|change| change.payload.as_str() == payload)
    });
    assert!(is_kept, "{}: {payload} is not in the store", device.number);
}

/// Whether nothing is left to be done.
pub(crate) fn is_settled(device: &mut Device) -> bool {
    let machine = device.machine.as_ref();
    machine.is_some_and(|machine| machine.is_synced(0))
}

/// The keys that the server would not have as they are.
pub(crate) fn parked(device: &mut Device) -> Vec<Key> {
    let rows = rows(device).pending.into_iter();
    rows.filter(|(_, pending)| pending.state == PendingState::Parked)
        .map(|(key, _)| key)
        .collect()
}

/// How often a text has a word on its own, or twice in a row.
fn times(text: &str, word: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|found| *found == word).count();
    words + text.matches(&word.repeat(2)).count() * 2
}

/// What must be true when everything has come to rest.
pub(crate) fn end(
    devices: &mut [Device],
    server: &BTreeMap<String, (u64, Value)>,
    ledger: &Ledger,
    may_double: impl Fn(&str) -> bool,
    history: &History,
) {
    for device in devices.iter_mut() {
        let number = device.number;
        let rows = rows(device);
        assert!(rows.pending.is_empty(), "{number}: something is pending");
        assert!(rows.reloads.is_empty(), "{number}: something is to be read");
        let here: Vec<&str> = rows.records.keys().map(Key::as_str).collect();
        let there: Vec<&str> = server.keys().map(String::as_str).collect();
        assert_eq!(here, there, "{number}: other keys than the server");
        for (key, record) in &rows.records {
            let (version, object) = &server[key.as_str()];
            assert_eq!(record.version(), Some(*version), "{number}: {key}");
            let local: Value = record.object().unwrap().decode().unwrap();
            assert!(same(&local, object), "{number}: {key}: {local} {object}");
        }
    }
    let reported: Vec<String> = devices.iter_mut().flat_map(Device::reported).collect();
    let texts: BTreeMap<&str, String> = server
        .iter()
        .map(|(key, (_, object))| (key.as_str(), object.to_string()))
        .collect();
    for (token, key) in ledger.wanted() {
        let is_there = texts.get(key).is_some_and(|text| text.contains(token));
        // Who has deleted all of it would have deleted this, too.
        let is_deleted = || history.deleted_after_losing(key, token);
        let is_reported = || reported.iter().any(|text| text.contains(token));
        assert!(
            is_there || is_reported() || is_deleted(),
            "{token} of {key} is lost at {:?}: {:?}",
            history.loses(key, token),
            texts.get(key)
        );
    }
    for token in ledger.all() {
        for (key, text) in &texts {
            if may_double(key) {
                continue;
            }
            let times = times(text, token);
            assert!(times < 2, "{token} is {times} times in {key}: {text}");
        }
    }
}
