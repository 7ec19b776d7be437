//! Who has the store and the machine: one at a time, wherever that may block.

use std::collections::VecDeque;
use std::sync::Arc;

use sync_core::{Error, Secret};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::job::{Job, Step};
use super::machine::{Effect, Fetched, Machine, Settings};
use super::{Resolver, SyncError};
use crate::model::{BucketName, Ccid, Key};
use crate::store::{Identity, Millis, Store, StoreError, StoreExt as _, Transaction};

/// The store, and the machine that belongs to it.
pub(super) struct Owner {
    store: Box<dyn Store>,
    machine: Machine,
    /// Whether the machine may know other things than the store.
    stale: bool,
    names: Arc<[BucketName]>,
    settings: Settings,
    resolver: Option<Arc<dyn Resolver>>,
    waiting: Vec<Waiting>,
    ids: Ids,
    /// Whether the store may become that of another user.
    any_user: bool,
}

/// Ids of changes: numbers that go up from a random one, of 128 bits, so that
/// no other run of this or any program gives the same.
struct Ids(u128);

impl Ids {
    fn new() -> Result<Self, Error> {
        Ok(Self(u128::from_le_bytes(sync_core::random::bytes()?)))
    }

    fn next(&mut self) -> Ccid {
        self.0 = self.0.wrapping_add(1);
        Ccid::numbered(self.0)
    }
}

/// Something to be told to the machine, or done in the store.
pub(super) enum Input {
    /// A connection is there, with this token.
    Connected(Secret<String>),
    /// It is not there any more.
    Disconnected,
    /// Nor is this one, as a frame was too large.
    Overwhelmed,
    /// A frame came.
    Frame(Utf8Bytes),
    /// The time has come that the machine asked for.
    Wake,
    /// An entity was read over HTTP.
    Fetched {
        bucket: usize,
        key: Key,
        fetched: Fetched,
    },
    /// The service is to be asked what it has, and told what waits, at once.
    Refresh,
    /// Somebody wants something.
    Job(Box<dyn Job>),
    /// Somebody waits until everything is synced.
    Wait(Waiting),
}

/// Somebody who waits until a bucket is synced, or all are.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) bucket: Option<usize>,
    pub(super) done: oneshot::Sender<()>,
}

/// Inputs, and what has come of them so far.
#[derive(Default)]
struct Batch {
    inputs: VecDeque<Input>,
    effects: Vec<Effect>,
    jobs: Vec<Box<dyn Job>>,
    waiting: Vec<Waiting>,
    /// Whether the machine has done with the connection.
    is_over: bool,
    other_user: bool,
}

/// What came of a batch of inputs.
pub(super) struct Turned {
    /// What is to be done now.
    pub(super) effects: Vec<Effect>,
    /// Whose callers are to be told.
    pub(super) jobs: Vec<Box<dyn Job>>,
    /// When the machine wants to be woken.
    pub(super) wake: Option<Millis>,
    /// The token is that of another user than the store's.
    pub(super) other_user: bool,
    /// Why nothing of it has happened. The machine begins anew then, without a
    /// connection.
    pub(super) failed: Option<StoreError>,
}

impl Owner {
    pub(super) fn new(
        mut store: Box<dyn Store>,
        names: Arc<[BucketName]>,
        settings: Settings,
        resolver: Option<Arc<dyn Resolver>>,
        any_user: bool,
    ) -> Result<Self, SyncError> {
        let machine = load(&mut *store, &names, &settings, resolver.as_ref())?;
        Ok(Self {
            any_user,
            ids: Ids::new()?,
            store,
            machine,
            stale: false,
            names,
            settings,
            resolver,
            waiting: Vec::new(),
        })
    }

    /// Takes a batch of inputs in one transaction.
    pub(super) fn turn(&mut self, inputs: Vec<Input>, now: Millis) -> Turned {
        let mut batch = Batch {
            inputs: inputs.into(),
            ..Batch::default()
        };
        let done = self.reload().and_then(|()| self.transact(&mut batch, now));
        let Batch {
            inputs,
            mut effects,
            mut jobs,
            waiting,
            other_user,
            ..
        } = batch;
        self.waiting.extend(waiting);
        let failed = done.err();
        if failed.is_some() {
            self.stale = true;
            effects.clear();
            // What the transaction did not come to.
            for input in inputs {
                match input {
                    Input::Job(job) => jobs.push(job),
                    Input::Wait(wait) => self.waiting.push(wait),
                    _ => {}
                }
            }
        } else {
            self.tell_waiting();
        }
        Turned {
            effects,
            jobs,
            wake: self.machine.next_wake().filter(|_| failed.is_none()),
            other_user: other_user && failed.is_none(),
            failed,
        }
    }

    fn transact(&mut self, batch: &mut Batch, now: Millis) -> Result<(), StoreError> {
        let Self {
            store,
            machine,
            names,
            ids,
            any_user,
            ..
        } = self;
        store.transaction(&mut |tx| {
            let mut ccids = || ids.next();
            let mut effects = std::mem::take(&mut batch.effects);
            let mut step = Step {
                tx,
                machine: &mut *machine,
                names,
                now,
                ccids: &mut ccids,
                effects: &mut effects,
            };
            while let Some(input) = batch.inputs.pop_front() {
                let from = step.effects.len();
                batch.take(input, &mut step, *any_user)?;
                let new = step.effects.get(from..).unwrap_or_default();
                if new.iter().any(is_reconnect) {
                    batch.over(&mut step)?;
                }
            }
            batch.effects = effects;
            Ok(())
        })
    }

    fn tell_waiting(&mut self) {
        for wait in std::mem::take(&mut self.waiting) {
            if is_synced(&self.machine, self.names.len(), wait.bucket) {
                // Whoever has gone does not want to know.
                let _ = wait.done.send(());
            } else if !wait.done.is_closed() {
                self.waiting.push(wait);
            }
        }
    }

    /// Makes the machine anew, if it may know other things than the store.
    fn reload(&mut self) -> Result<(), StoreError> {
        if self.stale {
            self.machine = load(
                &mut *self.store,
                &self.names,
                &self.settings,
                self.resolver.as_ref(),
            )?;
            self.stale = false;
        }
        Ok(())
    }
}

impl Batch {
    fn take(
        &mut self,
        input: Input,
        step: &mut Step<'_>,
        any_user: bool,
    ) -> Result<(), StoreError> {
        match input {
            Input::Connected(token) => step.tell(|machine, turn| machine.connected(&token, turn)),
            Input::Overwhelmed => step.tell(Machine::overwhelmed),
            Input::Disconnected => step.tell(Machine::disconnected),
            Input::Frame(_) if self.is_over => Ok(()),
            Input::Frame(text) => {
                if is_owner(&text, any_user, &mut *step.tx)? {
                    return step.tell(|machine, turn| machine.frame(&text, turn));
                }
                self.other_user = true;
                self.over(step)
            }
            Input::Wake => step.tell(Machine::wake),
            Input::Refresh => step.tell(Machine::refresh),
            Input::Fetched {
                bucket,
                key,
                fetched,
            } => step.tell(|machine, turn| machine.fetched(bucket, &key, fetched, turn)),
            Input::Job(mut job) => {
                let result = job.run(step);
                self.jobs.push(job);
                result
            }
            Input::Wait(wait) => {
                self.waiting.push(wait);
                Ok(())
            }
        }
    }

    /// The connection has no use any more: what still comes of it is passed over.
    fn over(&mut self, step: &mut Step<'_>) -> Result<(), StoreError> {
        self.is_over = true;
        step.tell(Machine::disconnected)
    }
}

/// Whether a frame says nothing else about whose token it is than that it is
/// the one whose store this is. A store that was nobody's is theirs from then on.
fn is_owner(frame: &str, any_user: bool, store: &mut dyn Transaction) -> Result<bool, StoreError> {
    let rest = frame.split_once(':').map(|(_, rest)| rest);
    let Some(user) = rest.and_then(|rest| rest.strip_prefix("auth:")) else {
        return Ok(true);
    };
    // A refusal, or what API 1.0 sends before one.
    if user.is_empty() || user.starts_with('{') || user == "expired" {
        return Ok(true);
    }
    let Some(identity) = store.identity()? else {
        return Ok(true);
    };
    match &identity.user {
        Some(known) if known == user => Ok(true),
        Some(_) if !any_user => Ok(false),
        _ => {
            let user = Some(user.to_owned());
            store.set_identity(&Identity { user, ..identity })?;
            Ok(true)
        }
    }
}

const fn is_reconnect(effect: &Effect) -> bool {
    matches!(effect, Effect::Reconnect { .. })
}

fn load(
    store: &mut dyn Store,
    names: &[BucketName],
    settings: &Settings,
    resolver: Option<&Arc<dyn Resolver>>,
) -> Result<Machine, StoreError> {
    store.run(|tx| Machine::load(settings.clone(), names, resolver.cloned(), tx))
}

/// Whether a bucket, or all of them, are synced.
fn is_synced(machine: &Machine, buckets: usize, bucket: Option<usize>) -> bool {
    match bucket {
        Some(bucket) => machine.is_synced(bucket),
        None => (0..buckets).all(|bucket| machine.is_synced(bucket)),
    }
}
