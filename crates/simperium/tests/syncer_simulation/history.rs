//! What the server has done, as someone sees it who misses nothing.

use std::collections::HashMap;

use serde_json::{Value, json};
use simperium::emulator::{Emulator, Line};
use simperium::jsondiff::{Diff, apply};
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

    /// The changes up to a place, and those after it.
    pub(crate) fn up_to(&self, cv: &str) -> &[Made] {
        let place = self.made.iter().rposition(|made| made.cv == cv);
        // One that is not of a change is of the beginning.
        &self.made[..place.map_or(0, |place| place + 1)]
    }
}
