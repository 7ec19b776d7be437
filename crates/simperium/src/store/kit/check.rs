//! What the behaviours are written with.

pub(super) use sync_core::kit::{Outcome, Violation, same};

use super::super::{
    BucketState, ConflictCopy, ConflictId, ConflictKind, Generation, Ghost, Identity, IndexRun,
    Json, Local, Millis, Pending, PendingState, Place, QueuedChange, Record, Store, StoreError,
    StoreErrorKind, StoreExt, Transaction,
};
use crate::model::{AppId, BucketName, Ccid, ChangeErrorCode, ClientId, Cv, Key, Operation};

/// The store under test.
pub(super) struct Context<'a> {
    pub(super) store: &'a mut dyn Store,
}

impl<'a> Context<'a> {
    pub(super) fn new(store: &'a mut dyn Store) -> Self {
        Self { store }
    }

    /// One transaction.
    pub(super) fn run<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, StoreError>,
    ) -> Outcome<T> {
        Ok(self.store.run(work)?)
    }

    /// A transaction that fails after `work`.
    pub(super) fn fail(
        &mut self,
        work: impl FnOnce(&mut dyn Transaction) -> Result<(), StoreError>,
    ) -> Outcome {
        let failed = self.store.run(|tx| {
            work(tx)?;
            Err::<(), _>(StoreError::new(StoreErrorKind::Other, "on purpose"))
        });
        match failed {
            Err(error) if error.to_string().ends_with("on purpose") => Ok(()),
            other => Err(Violation(format!(
                "a transaction that failed gave {other:?}"
            ))),
        }
    }
}

/// The bucket of most behaviours.
pub(super) fn notes() -> BucketName {
    BucketName::fixed("note")
}

/// Another one.
pub(super) fn tags() -> BucketName {
    BucketName::fixed("tag")
}

pub(super) fn key(key: &str) -> Key {
    Key::received(key)
}

/// An object with this text in it.
pub(super) fn object(text: &str) -> Json {
    // A map of texts can always be written.
    Json::of(&std::collections::BTreeMap::from([("text", text)]))
        .unwrap_or_else(|_| Json::stored("{}"))
}

pub(super) fn synced(version: u64, text: &str) -> Record {
    Record::synced(version, object(text), Generation(1))
}

/// A record in every form that there is.
pub(super) fn every_record() -> Vec<Record> {
    let ghosts = [
        None,
        Some(Ghost {
            version: 7,
            data: object("ghost"),
        }),
    ];
    let locals = [Local::Same, Local::Changed(object("local")), Local::Deleted];
    let mut all = Vec::new();
    for ghost in ghosts {
        for local in &locals {
            all.push(Record {
                ghost: ghost.clone(),
                local: local.clone(),
                seen: Generation(3),
            });
        }
    }
    all
}

pub(super) fn in_state(state: PendingState) -> Pending {
    Pending {
        state,
        ..Pending::default()
    }
}

pub(super) fn change(id: &str) -> QueuedChange {
    QueuedChange {
        ccid: ccid(id),
        operation: Operation::Modify,
        sv: Some(7),
        payload: Json::stored(format!("{{\"id\": \"a\",\"o\":\"M\",  \"ccid\":\"{id}\"}}")),
        sent: Some(object("sent")),
    }
}

/// A pending row with something in every field.
pub(super) fn full_pending(id: &str) -> Pending {
    Pending {
        state: PendingState::InFlight,
        change: Some(change(id)),
        edited: true,
        full: true,
        attempts: 3,
        not_before: Millis(1_700_000_000_123),
        last_error: Some(ChangeErrorCode::InvalidDiff),
    }
}

pub(super) fn conflict(of: &str) -> ConflictCopy {
    ConflictCopy {
        key: key(of),
        kind: ConflictKind::LostText,
        at: Millis(1_700_000_000_456),
        base: Some(object("base")),
        local: Some(object("local")),
        remote: Some(object("remote")),
        result: Some(object("result")),
    }
}

pub(super) fn full_state() -> BucketState {
    BucketState {
        cv: Some(Cv::new("4f8c2ad10000000000000001")),
        generation: Generation(4),
        index_run: Some(IndexRun {
            first_current: Some(Cv::new("51")),
            mark: Some("a mark: \"opaque\"\n".to_owned()),
            generation: Generation(4),
            received: 1_000,
        }),
    }
}

pub(super) fn identity(user: Option<&str>) -> Outcome<Identity> {
    let bad = |error| Violation(format!("{error}"));
    Ok(Identity {
        app: AppId::new("some-app").map_err(bad)?,
        user: user.map(str::to_owned),
        client: ClientId::new("rs-0123").map_err(bad)?,
    })
}

fn ccid(id: &str) -> Ccid {
    // What these tests write is a change id.
    Ccid::new(id).unwrap_or_else(|_| unreachable!("{id} is a change id"))
}

/// All that can be seen of a store.
pub(super) fn picture(context: &mut Context<'_>) -> Outcome<String> {
    context.run(|tx| {
        let mut all = format!("{:?}", tx.identity()?);
        for bucket in [notes(), tags(), BucketName::fixed("Note")] {
            let mut queue = Vec::new();
            for state in PendingState::ALL {
                for (place, key, pending) in tx.queue(&bucket, state, Place(0), usize::MAX)? {
                    queue.push((place, key, pending_text(&pending)));
                }
            }
            let records = tx.records(&bucket, None, usize::MAX)?;
            let records: Vec<_> = records
                .iter()
                .map(|(key, record)| (key, record_text(record)))
                .collect();
            let conflicts = tx.conflicts(&bucket, ConflictId(0), usize::MAX)?;
            let conflicts: Vec<_> = conflicts
                .iter()
                .map(|(id, copy)| (id, conflict_text(copy)))
                .collect();
            all.push_str(&format!(
                "\n{bucket}: {:?} {records:?} {queue:?} {:?} {conflicts:?}",
                tx.bucket(&bucket)?,
                tx.reloads(&bucket, None, usize::MAX)?,
            ));
        }
        Ok(all)
    })
}

// The `Debug` of objects hides their texts.

fn record_text(record: &Record) -> String {
    let ghost = record.ghost.as_ref().map(|ghost| ghost.data.as_str());
    let local = match &record.local {
        Local::Changed(object) => object.as_str(),
        _ => "",
    };
    format!("{record:?} {ghost:?} {local}")
}

fn pending_text(pending: &Pending) -> String {
    let change = pending.change.as_ref();
    let payload = change.map(|change| change.payload.as_str());
    let sent = change.and_then(|change| change.sent.as_ref());
    format!("{pending:?} {payload:?} {:?}", sent.map(Json::as_str))
}

fn conflict_text(copy: &ConflictCopy) -> String {
    let texts = [&copy.base, &copy.local, &copy.remote, &copy.result];
    let texts = texts.map(|text| text.as_ref().map(Json::as_str));
    format!("{copy:?} {texts:?}")
}
