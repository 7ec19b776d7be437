//! A machine with a store, and the frames that go in and out.

use std::sync::Arc;

use serde_json::{Value, json};
use simperium::Secret;
use simperium::jsondiff::diff;
use simperium::model::{AppId, BucketName, Ccid, ClientId, Key};
use simperium::store::{
    ConflictCopy, ConflictId, Json, Local, MemoryStore, Millis, Pending, PendingState, Place,
    Record, StoreExt as _, Transaction,
};
use simperium::syncer::Resolver;
use simperium::syncer::machine::{
    BucketEvent, Conflict, Edit, Effect, Fetched, Machine, Outcome, Settings, Turn,
};

const STATES: [PendingState; 4] = [
    PendingState::Dirty,
    PendingState::InFlight,
    PendingState::Acknowledged,
    PendingState::Parked,
];

pub(crate) struct Lab {
    pub(crate) store: MemoryStore,
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    resolver: Option<Arc<dyn Resolver>>,
    pub(crate) now: u64,
    ccids: u64,
    pub(crate) events: Vec<BucketEvent>,
    /// Everything but frames and events.
    pub(crate) effects: Vec<Effect>,
}

pub(crate) fn note() -> BucketName {
    BucketName::new("note").unwrap()
}

pub(crate) fn key(key: &str) -> Key {
    Key::new(key).unwrap()
}

fn machine(
    store: &mut MemoryStore,
    settings: &Settings,
    resolver: Option<Arc<dyn Resolver>>,
) -> Machine {
    let machine = store.run(|tx| Machine::load(settings.clone(), &[note()], resolver, tx));
    machine.unwrap()
}

impl Lab {
    /// A device with nothing, and without a connection.
    pub(crate) fn new() -> Self {
        Self::with_settings(|_| {})
    }

    pub(crate) fn with_settings(change: impl FnOnce(&mut Settings)) -> Self {
        let app = AppId::new("app").unwrap();
        let mut settings = Settings::new(app, ClientId::new("me").unwrap());
        change(&mut settings);
        let mut store = MemoryStore::new();
        Self {
            machine: machine(&mut store, &settings, None),
            store,
            settings,
            resolver: None,
            now: 1_000_000,
            ccids: 0,
            events: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// One that is connected, with these objects in the bucket, each in its
    /// version.
    pub(crate) fn live(objects: &[(&str, u64, Value)]) -> Self {
        Self::new().go_live(objects)
    }

    pub(crate) fn go_live(mut self, objects: &[(&str, u64, Value)]) -> Self {
        self.connect();
        self.take("0:auth:me@example.com");
        let entries: Vec<Value> = objects
            .iter()
            .map(|(key, version, object)| json!({"id": key, "v": version, "d": object}))
            .collect();
        let page = json!({"current": "cv0", "index": entries});
        assert_eq!(self.take(&format!("0:i:{page}"))[0], "0:cv:cv0");
        self.take("0:c:[]");
        assert!(self.machine.is_ready(0));
        self.events.clear();
        self
    }

    pub(crate) fn with_resolver(mut self, resolver: impl Resolver) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self.restart();
        self
    }

    /// The process ends, and another one begins with the store.
    pub(crate) fn restart(&mut self) {
        self.machine = machine(&mut self.store, &self.settings, self.resolver.clone());
    }

    /// Calls the machine; returns the frames that it sends.
    pub(crate) fn turn(
        &mut self,
        call: impl FnOnce(&mut Machine, &mut Turn<'_>) -> Outcome,
    ) -> Vec<String> {
        let Self {
            store,
            machine,
            ccids,
            now,
            ..
        } = self;
        let mut make = || {
            *ccids += 1;
            Ccid::new(format!("c{ccids}")).unwrap()
        };
        let effects = store.run(|tx| {
            call(
                machine,
                &mut Turn {
                    now: Millis(*now),
                    store: tx,
                    ccids: &mut make,
                },
            )
        });
        let mut frames = Vec::new();
        for effect in effects.unwrap() {
            match effect {
                Effect::Send(frame) => frames.push(frame),
                Effect::SendSecret(frame) => frames.push(frame.expose().clone()),
                Effect::Event { event, .. } => self.events.push(event),
                other => self.effects.push(other),
            }
        }
        self.check(&frames);
        frames
    }

    pub(crate) fn connect(&mut self) -> Vec<String> {
        let token = Secret::new("t0ken".to_owned());
        self.turn(|machine, turn| machine.connected(&token, turn))
    }

    pub(crate) fn disconnect(&mut self) {
        assert!(self.turn(Machine::disconnected).is_empty());
    }

    /// Breaks the connection and opens another, with nothing new in the bucket;
    /// returns what is sent then.
    pub(crate) fn reconnect(&mut self) -> Vec<String> {
        self.disconnect();
        self.connect();
        let mut frames = self.take("0:auth:me@example.com");
        frames.extend(self.take("0:c:[]"));
        frames.retain(|frame| !frame.contains("fence"));
        frames
    }

    /// A frame comes.
    pub(crate) fn take(&mut self, frame: &str) -> Vec<String> {
        self.turn(|machine, turn| machine.frame(frame, turn))
    }

    pub(crate) fn edit(&mut self, id: &str, edit: Edit) -> Vec<String> {
        self.turn(|machine, turn| machine.edit(0, &key(id), edit, turn))
    }

    pub(crate) fn put(&mut self, key: &str, object: Value) -> Vec<String> {
        self.edit(key, Edit::Put(Json::of(&object).unwrap()))
    }

    pub(crate) fn delete(&mut self, key: &str) -> Vec<String> {
        self.edit(key, Edit::Delete)
    }

    pub(crate) fn fetched(&mut self, id: &str, fetched: Fetched) -> Vec<String> {
        self.turn(|machine, turn| machine.fetched(0, &key(id), fetched, turn))
    }

    pub(crate) fn found(&mut self, key: &str, version: u64, object: &Value) -> Vec<String> {
        let object = Json::of(object).unwrap();
        self.fetched(key, Fetched::Found { version, object })
    }

    /// Time passes, and the machine is woken when it wants to be.
    pub(crate) fn later(&mut self, millis: u64) -> Vec<String> {
        let until = self.now + millis;
        let mut frames = Vec::new();
        let mut wakes = 0;
        while let Some(Millis(at)) = self.machine.next_wake().filter(|at| at.0 <= until) {
            wakes += 1;
            assert!(wakes < 10_000, "it wants to be woken all the time");
            self.now = self.now.max(at);
            frames.extend(self.turn(Machine::wake));
        }
        self.now = until;
        frames
    }

    pub(crate) fn read<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, simperium::store::StoreError>,
    ) -> T {
        self.store.run(work).unwrap()
    }

    pub(crate) fn record(&mut self, id: &str) -> Option<Record> {
        self.read(|tx| tx.record(&note(), &key(id)))
    }

    /// The object as the user sees it.
    pub(crate) fn object(&mut self, key: &str) -> Option<Value> {
        let record = self.record(key)?;
        record.object().map(|json| json.decode().unwrap())
    }

    /// What the server has, as far as is known.
    pub(crate) fn ghost(&mut self, key: &str) -> Option<(u64, Value)> {
        let ghost = self.record(key)?.ghost?;
        Some((ghost.version, ghost.data.decode().unwrap()))
    }

    pub(crate) fn pending(&mut self, id: &str) -> Option<Pending> {
        self.read(|tx| tx.pending(&note(), &key(id)))
    }

    pub(crate) fn state(&mut self, key: &str) -> Option<PendingState> {
        self.pending(key).map(|pending| pending.state)
    }

    pub(crate) fn cv(&mut self) -> Option<String> {
        let state = self.read(|tx| tx.bucket(&note()));
        state.cv.map(|cv| cv.to_string())
    }

    pub(crate) fn reload(&mut self, id: &str) -> Option<u64> {
        self.read(|tx| tx.reload(&note(), &key(id)))
    }

    pub(crate) fn copies(&mut self) -> Vec<ConflictCopy> {
        let copies = self.read(|tx| tx.conflicts(&note(), ConflictId::default(), 100));
        copies.into_iter().map(|(_, copy)| copy).collect()
    }

    /// The conflicts that were told since the last time.
    pub(crate) fn conflicts(&mut self) -> Vec<Conflict> {
        let events = std::mem::take(&mut self.events).into_iter();
        let conflicts = events.filter_map(|event| match event {
            BucketEvent::Conflict(conflict) => Some(*conflict),
            _ => None,
        });
        conflicts.collect()
    }

    /// The names of the events since the last time, without their fields.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let events = std::mem::take(&mut self.events).into_iter();
        let names = events.map(|event| format!("{event:?}"));
        names
            .map(|name| name.split(['(', ' ']).next().unwrap().to_owned())
            .collect()
    }

    /// What must be true after every call.
    fn check(&mut self, frames: &[String]) {
        let (records, rows, reloads) = self.read(|tx| {
            let mut rows = Vec::new();
            for state in STATES {
                rows.extend(tx.queue(&note(), state, Place::default(), 100_000)?);
            }
            let records = tx.records(&note(), None, 100_000)?;
            let reloads = tx.reloads(&note(), None, 100_000)?;
            Ok((records, rows, reloads))
        });
        for (key, record) in &records {
            let is_pending = rows.iter().any(|(_, pending, _)| pending == key);
            assert!(
                record.local == Local::Same || is_pending,
                "{key} is forgotten"
            );
        }
        for (_, key, pending) in &rows {
            let is_sent = matches!(
                pending.state,
                PendingState::InFlight | PendingState::Acknowledged
            );
            assert_eq!(pending.change.is_some(), is_sent, "{key}");
            let is_wanted = reloads.iter().any(|(wanted, _)| wanted == key);
            assert!(
                pending.state != PendingState::Acknowledged || is_wanted,
                "{key}"
            );
        }
        for frame in frames {
            if let Some(payload) = frame.strip_prefix("0:c:") {
                let mut changes = rows.iter().filter_map(|(.., row)| row.change.as_ref());
                let is_kept = changes.any(|change| change.payload.as_str() == payload);
                assert!(is_kept, "{frame} is not in the store as it is");
            }
        }
    }
}

/// A change by someone else.
pub(crate) fn foreign(key: &str, sv: Option<u64>, ev: u64, v: &Value) -> String {
    echo(key, "theirs", sv, ev, v, &format!("cv-{key}-{ev}"))
}

/// A change as the server tells it.
pub(crate) fn echo(key: &str, ccid: &str, sv: Option<u64>, ev: u64, v: &Value, cv: &str) -> String {
    let mut change = json!({
        "id": key, "o": "M", "v": v, "clientid": "someone", "ccids": [ccid], "ev": ev, "cv": cv,
    });
    if let Some(sv) = sv {
        change["sv"] = sv.into();
    }
    format!("0:c:[{change}]")
}

/// A deletion as the server tells it.
pub(crate) fn deletion(key: &str, ccid: &str, ev: u64) -> String {
    let cv = format!("cv-{key}-{ev}");
    let change = json!({
        "id": key, "o": "-", "clientid": "someone", "ccids": [ccid], "ev": ev, "cv": cv,
    });
    format!("0:c:[{change}]")
}

pub(crate) fn refusal(key: &str, ccid: &str, code: u16) -> String {
    let refusal = json!({"id": key, "clientid": "me", "error": code, "ccids": [ccid]});
    format!("0:c:[{refusal}]")
}

/// The changes among frames.
pub(crate) fn changes(frames: &[String]) -> Vec<Value> {
    let payloads = frames.iter().filter_map(|frame| frame.strip_prefix("0:c:"));
    payloads
        .map(|payload| serde_json::from_str(payload).unwrap())
        .collect()
}

/// The one change among frames.
pub(crate) fn change(frames: &[String]) -> Value {
    let mut changes = changes(frames);
    assert_eq!(changes.len(), 1, "{frames:?}");
    changes.remove(0)
}

/// A difference as it is sent.
pub(crate) fn v(old: &Value, new: &Value) -> Value {
    serde_json::to_value(diff(old, new).unwrap()).unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    json!({ "t": text })
}
