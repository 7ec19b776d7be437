//! A device: a store, a machine, a connection.

use serde_json::Value;
use simperium::emulator::Line;
use simperium::model::{AppId, BucketName, Ccid, ClientId, Key};
use simperium::store::{
    ConflictId, MemoryStore, Millis, StoreError, StoreErrorKind, StoreExt as _,
};
use simperium::syncer::machine::{BucketEvent, Effect, Machine, Outcome, Settings, Turn};

use crate::world::{APP, BUCKET};

/// A connection of a device.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its number in the run.
    pub(crate) number: u64,
    pub(crate) line: Line,
    /// When the last frame on the way to the server arrives there.
    pub(crate) up: u64,
    /// When the last frame on the way to the device does.
    pub(crate) down: u64,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// As it should.
    Well,
    /// The transaction fails, and the machine is made anew.
    Fails,
    /// The process ends before the transaction is kept.
    KilledBefore,
    /// It ends after so many of the effects.
    KilledAfter(usize),
}

/// A device.
pub(crate) struct Device {
    pub(crate) number: usize,
    pub(crate) store: MemoryStore,
    /// `None` while the process does not run.
    pub(crate) machine: Option<Machine>,
    pub(crate) connection: Option<Connection>,
    /// Grows with every process.
    pub(crate) life: u32,
    /// Conflicts that were told.
    pub(crate) told: Vec<String>,
    /// When the machine is going to be woken.
    pub(crate) wake: Option<u64>,
    ccids: u64,
    page: u32,
}

pub(crate) fn bucket() -> BucketName {
    BucketName::new(BUCKET).unwrap()
}

impl Device {
    pub(crate) fn new(number: usize, page: u32) -> Self {
        let mut device = Self {
            number,
            store: MemoryStore::new(),
            machine: None,
            connection: None,
            life: 0,
            told: Vec::new(),
            wake: None,
            ccids: 0,
            page,
        };
        device.begin();
        device
    }

    /// A process begins with what is in the store.
    pub(crate) fn begin(&mut self) {
        let client = ClientId::new(format!("device-{}", self.number)).unwrap();
        let mut settings = Settings::new(AppId::new(APP).unwrap(), client);
        settings.page = self.page;
        let machine = self
            .store
            .run(|tx| Machine::load(settings, &[bucket()], None, tx));
        self.machine = Some(machine.unwrap());
        self.life += 1;
        self.wake = None;
    }

    /// Calls the machine in a transaction; returns what is to be done.
    pub(crate) fn turn(
        &mut self,
        now: u64,
        fate: Fate,
        call: impl FnOnce(&mut Machine, &mut Turn<'_>) -> Outcome,
    ) -> Vec<Effect> {
        let Self {
            store,
            machine: Some(machine),
            ccids,
            number,
            ..
        } = self
        else {
            return Vec::new();
        };
        let mut make = || {
            *ccids += 1;
            Ccid::new(format!("ccid-{number}-{ccids}")).unwrap()
        };
        let effects = store.run(|tx| {
            let mut turn = Turn {
                now: Millis(now),
                store: tx,
                ccids: &mut make,
            };
            let effects = call(machine, &mut turn)?;
            match fate {
                Fate::Fails | Fate::KilledBefore => {
                    Err(StoreError::new(StoreErrorKind::Full, "as it was told"))
                }
                Fate::Well | Fate::KilledAfter(_) => Ok(effects),
            }
        });
        effects.unwrap_or_else(|error| {
            assert_eq!(error.kind(), StoreErrorKind::Full, "{error:?}");
            Vec::new()
        })
    }

    /// Notes what conflicts were about.
    pub(crate) fn hear(&mut self, event: &BucketEvent) {
        if let BucketEvent::Conflict(conflict) = event {
            let sides = [&conflict.base, &conflict.local, &conflict.remote];
            let sides = sides.into_iter().flatten();
            self.told.extend(sides.map(|json| json.as_str().to_owned()));
        }
    }

    /// The object as the user sees it.
    pub(crate) fn object(&mut self, key: &Key) -> Option<Value> {
        let record = self.store.run(|tx| tx.record(&bucket(), key)).unwrap()?;
        record.object().map(|json| json.decode().unwrap())
    }

    /// What was reported, to whoever listened or in the store.
    pub(crate) fn reported(&mut self) -> Vec<String> {
        let kept = self
            .store
            .run(|tx| tx.conflicts(&bucket(), ConflictId::default(), usize::MAX));
        let mut reported = self.told.clone();
        for (_, copy) in kept.unwrap() {
            let sides = [&copy.base, &copy.local, &copy.remote];
            let sides = sides.into_iter().flatten();
            reported.extend(sides.map(|json| json.as_str().to_owned()));
        }
        reported
    }
}
