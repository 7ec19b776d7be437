//! What the server has done, as someone sees it who misses nothing.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use simperium::emulator::{Emulator, Line};
use simperium::jsondiff::{Diff, apply};
use simperium::model::Key;
use simperium::protocol::{Change, Operation, ServerChange, ServerCommand, ServerFrame};

use crate::world::{APP, BUCKET, TOKEN};

/// A change that the server has made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) cv: String,
    pub(crate) key: String,
    pub(crate) version: u64,
    pub(crate) is_deletion: bool,
}

/// All changes, and all objects they made.
#[derive(Debug)]
pub(crate) struct History {
    line: Line,
    pub(crate) made: Vec<Made>,
    /// What there was after each of them: the version, and whether it is gone.
    latest: Vec<BTreeMap<Key, (u64, bool)>>,
    objects: HashMap<(String, u64), Value>,
    ccids: HashMap<String, usize>,
}

impl History {
    pub(crate) fn of(emulator: &Emulator) -> Self {
        let line = emulator.line();
        line.send(&format!(
            r#"0:init:{{"clientid":"observer","token":"{TOKEN}","app_id":"{APP}","name":"{BUCKET}"}}"#
        ));
        Self {
            line,
            made: Vec::new(),
            latest: Vec::new(),
            objects: HashMap::new(),
            ccids: HashMap::new(),
        }
    }

    /// Looks at what is new.
    pub(crate) fn look(&mut self) {
        while let Some(frame) = self.line.receive() {
            let Ok(ServerFrame::Channel {
                command: ServerCommand::Changes(changes),
                ..
            }) = ServerFrame::parse(&frame)
            else {
                continue;
            };
            for change in changes {
                if let ServerChange::Made(change) = change {
                    self.take(change);
                }
            }
        }
    }

    fn take(&mut self, change: Change) {
        if self.made.last().is_some_and(|last| last.cv == change.cv) {
            // Told twice.
            return;
        }
        for ccid in change.ccids {
            let known = self.ccids.insert(ccid.clone(), self.made.len());
            assert_eq!(known, None, "the change {ccid} was made twice");
        }
        let version = change.ev.unwrap();
        let is_deletion = change.operation == Operation::Delete;
        if !is_deletion {
            let nothing = json!({});
            let base = match change.sv {
                Some(sv) => &self.objects[&(change.id.clone(), sv)],
                None => &nothing,
            };
            let diff: Diff = change.v.unwrap().decode().unwrap();
            let object = apply(base, &diff).unwrap();
            self.objects.insert((change.id.clone(), version), object);
        }
        let mut latest = self.latest.last().cloned().unwrap_or_default();
        latest.insert(
            Key::new(change.id.as_str()).unwrap(),
            (version, is_deletion),
        );
        self.latest.push(latest);
        self.made.push(Made {
            cv: change.cv,
            key: change.id,
            version,
            is_deletion,
        });
    }

    /// A version of an object.
    pub(crate) fn object(&self, key: &str, version: u64) -> Option<&Value> {
        self.objects.get(&(key.to_owned(), version))
    }

    /// Whether an object was ever deleted.
    pub(crate) fn was_deleted(&self, key: &str) -> bool {
        let mut made = self.made.iter();
        made.any(|made| made.is_deletion && made.key == key)
    }

    /// The first version of an object that no longer has a word.
    pub(crate) fn loses(&self, key: &str, word: &str) -> Option<&Made> {
        let mut had = false;
        self.made.iter().find(|made| {
            let object = self.object(&made.key, made.version);
            let has = object.is_some_and(|object| object.to_string().contains(word));
            let loses = made.key == key && had && !has;
            had |= made.key == key && has;
            loses
        })
    }

    /// Whether an object was deleted after it had lost a word.
    pub(crate) fn deleted_after_losing(&self, key: &str, word: &str) -> bool {
        let Some(lost) = self.loses(key, word) else {
            return false;
        };
        let mut made = self.made.iter();
        made.any(|made| made.is_deletion && made.key == key && made.version > lost.version)
    }

    /// What there is after the change that is a place; `None` before them all.
    pub(crate) fn at(&self, cv: &str) -> Option<&BTreeMap<Key, (u64, bool)>> {
        let place = self.made.iter().rposition(|made| made.cv == cv)?;
        self.latest.get(place)
    }
}
