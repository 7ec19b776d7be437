//! A run: what happens, and when.

mod connections;
mod server;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use simperium::emulator::{Emulator, Marks};
use simperium::model::Key;
use simperium::store::{ConflictKind, Json};
use simperium::syncer::machine::{BucketEvent, Edit, Effect, Fetched, Machine, Outcome, Turn};

use crate::check::{self, Known};
use crate::device::{Device, Fate};
use crate::edits::{self, Ledger};
use crate::history::History;
use crate::profile::Profile;

pub(crate) const APP: &str = "app";
pub(crate) const BUCKET: &str = "note";
pub(crate) const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";

/// How long things go wrong, in milliseconds.
const TROUBLE: u64 = 60_000;
/// When everything has to have come to rest.
const REST: u64 = 4 * 3_600_000;
/// More than any run takes.
const STEPS: u64 = 60_000;

/// Something that happens.
#[derive(Debug)]
enum What {
    /// A frame arrives at the server.
    Up(usize, u64, String),
    /// A frame arrives at the device.
    Down(usize, u64, String),
    /// The device hears that its connection is gone.
    Broken(usize, u64),
    /// The device opens a connection.
    Connect(usize, u32),
    /// The machine has asked to be woken.
    Wake(usize, u32),
    /// An entity is read over HTTP, at the server.
    Read(usize, u32, Key),
    /// And here.
    Fetched(usize, u32, Key, Fetched),
    /// A user edits something.
    Edit(usize),
    /// Someone writes over HTTP.
    Write,
    /// A connection breaks.
    Kick(usize),
    /// Something goes wrong at the server.
    Trouble,
    /// A process begins.
    Begin(usize),
    /// Nothing goes wrong any more.
    Heal,
}

/// A run.
pub(crate) struct World {
    profile: Profile,
    rng: Rng,
    is_told: bool,
    now: u64,
    healed: bool,
    emulator: Emulator,
    devices: Vec<Device>,
    plan: BTreeMap<(u64, u64), What>,
    planned: u64,
    connections: u64,
    latency: u64,
    history: History,
    ledger: Ledger,
    known: Known,
    keys: Vec<Key>,
    /// How often someone wrote over HTTP.
    written: u64,
    /// Whether anyone deletes objects.
    deletes: bool,
    /// The keys that the server has said not to have.
    deleted: BTreeSet<String>,
    /// Those of which it was told that text has found no place.
    mixed: BTreeSet<String>,
}

impl World {
    pub(crate) fn new(profile: Profile, seed: u64, is_told: bool) -> Self {
        let mut rng = Rng::with_seed(seed ^ (profile as u64) << 40);
        let emulator = Emulator::builder().seed(seed).log_limit(0).build();
        let is_offset = rng.bool();
        emulator.configure(|config| {
            if is_offset {
                config.marks = Marks::Offset;
            }
        });
        let history = History::of(&emulator);
        let count = rng.usize(3..=4);
        let devices = (0..count)
            .map(|number| Device::new(number, rng.u32(1..4)))
            .collect();
        let keys = rng.usize(2..6);
        let mut world = Self {
            profile,
            is_told,
            now: 0,
            healed: false,
            emulator,
            devices,
            plan: BTreeMap::new(),
            planned: 0,
            connections: 0,
            latency: [1, 30, 400, 3000][rng.usize(..4)],
            history,
            ledger: Ledger::default(),
            known: Known::default(),
            written: 0,
            keys: (0..keys)
                .map(|n| Key::new(format!("k.{n}")).unwrap())
                .collect(),
            deletes: rng.bool(),
            deleted: BTreeSet::new(),
            mixed: BTreeSet::new(),
            rng,
        };
        world.prepare();
        world
    }

    fn prepare(&mut self) {
        for number in 0..self.devices.len() {
            let life = self.devices[number].life;
            let at = self.rng.u64(..2000);
            self.at(at, What::Connect(number, life));
            // Much at once, and much at other times.
            let pace = [50, 1000, 5000][self.rng.usize(..3)];
            let mut at = self.rng.u64(..5000);
            for _ in 0..self.rng.u32(5..20) {
                at += self.rng.u64(..pace);
                self.at(at.min(TROUBLE - 1), What::Edit(number));
            }
        }
        for _ in 0..self.rng.u32(2..12) {
            let at = self.rng.u64(..TROUBLE / 2);
            self.at(at, What::Write);
        }
        if self.profile.kicks() {
            for _ in 0..self.rng.u32(1..8) {
                let at = self.rng.u64(..TROUBLE / 2);
                let number = self.rng.usize(..self.devices.len());
                self.at(at, What::Kick(number));
            }
        }
        for _ in 0..self.rng.u32(3..12) {
            let at = self.rng.u64(..TROUBLE / 2);
            self.at(at, What::Trouble);
        }
        self.at(TROUBLE, What::Heal);
    }

    fn at(&mut self, at: u64, what: What) {
        self.planned += 1;
        self.plan.insert((at, self.planned), what);
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_told {
            println!("{:>8} {}", self.now, what());
        }
    }

    /// Makes the run; returns how many changes the server made.
    pub(crate) fn run(mut self) -> u64 {
        let mut steps = 0;
        while let Some(((at, _), what)) = self.plan.pop_first() {
            steps += 1;
            assert!(steps < STEPS, "it goes on for ever: {what:?}");
            assert!(at < REST, "it does not come to rest: {what:?}");
            self.now = self.now.max(at);
            self.happen(what);
            self.deliver();
            if self.healed && self.retry() {
                continue;
            }
        }
        for device in &mut self.devices {
            assert!(
                check::is_settled(device),
                "{} is not done: {:?}",
                device.number,
                device.machine
            );
        }
        let server = self.emulator.objects(APP, TOKEN, BUCKET);
        // Who keeps an edit against a deletion puts in all there was, and so may
        // two. And where a cut finds no place among what others have written, what
        // was cut stays beside what was put in its place, which is told.
        let may_double = |key: &str| {
            self.deleted.contains(key) || self.mixed.contains(key) || self.history.was_deleted(key)
        };
        check::end(
            &mut self.devices,
            &server,
            &self.ledger,
            may_double,
            &self.history,
        );
        self.emulator.changes_made()
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Up(number, connection, frame) => self.up(number, connection, &frame),
            What::Down(number, connection, frame) => {
                if self.is_connected(number, connection) {
                    self.tell(|| format!("{number} <- {frame}"));
                    self.turn(number, |machine, turn| machine.frame(&frame, turn));
                }
            }
            What::Broken(number, connection) => {
                if self.is_connected(number, connection) {
                    self.break_off(number);
                    self.turn(number, Machine::disconnected);
                }
            }
            What::Connect(number, life) => self.connect(number, life),
            What::Wake(number, life) => {
                let device = &mut self.devices[number];
                if device.life == life && device.wake.is_some_and(|wake| wake <= self.now) {
                    device.wake = None;
                    self.turn(number, Machine::wake);
                }
            }
            What::Read(number, life, key) => {
                let fetched = self.read(&key);
                let at = self.now + self.delay();
                self.at(at, What::Fetched(number, life, key, fetched));
            }
            What::Fetched(number, life, key, fetched) => {
                if self.devices[number].life == life {
                    self.tell(|| format!("{number} read {key}: {fetched:?}"));
                    self.turn(number, |machine, turn| {
                        machine.fetched(0, &key, fetched, turn)
                    });
                }
            }
            What::Edit(number) => self.edit(number),
            What::Write => self.write(),
            What::Kick(number) => self.kick(number),
            What::Trouble => self.trouble(),
            What::Begin(number) => self.begin(number),
            What::Heal => self.heal(),
        }
    }

    fn delay(&mut self) -> u64 {
        self.rng.u64(1..=self.latency)
    }

    /// Tells a device something, and does what it wants done.
    fn turn(
        &mut self,
        number: usize,
        call: impl FnOnce(&mut Machine, &mut Turn<'_>) -> Outcome,
    ) -> bool {
        if self.devices[number].machine.is_none() {
            return false;
        }
        let fate = self.fate();
        let effects = self.devices[number].turn(self.now, fate, call);
        for effect in &effects {
            if let Effect::Event {
                event: BucketEvent::Conflict(conflict),
                ..
            } = effect
            {
                let keys = match conflict.kind {
                    ConflictKind::DeletedRemotely => &mut self.deleted,
                    ConflictKind::LostText => &mut self.mixed,
                    _ => continue,
                };
                keys.insert(conflict.key.to_string());
            }
        }
        check::invariants(
            &mut self.devices[number],
            &self.history,
            &mut self.known,
            &self.deleted,
        );
        match fate {
            Fate::Well => self.perform(number, effects),
            Fate::Fails => {
                self.tell(|| format!("{number} fails"));
                self.break_off(number);
                self.devices[number].begin();
                self.connect_later(number);
            }
            Fate::KilledBefore => self.kill(number),
            Fate::KilledAfter(done) => {
                let done = done.min(effects.len());
                self.perform(number, effects.into_iter().take(done).collect());
                self.kill(number);
            }
        }
        self.plan_wake(number);
        matches!(fate, Fate::Well | Fate::KilledAfter(_))
    }

    fn fate(&mut self) -> Fate {
        if self.healed || !self.profile.crashes() || self.rng.u8(..) > 12 {
            return Fate::Well;
        }
        match self.rng.u8(..4) {
            0 => Fate::Fails,
            1 => Fate::KilledBefore,
            _ => Fate::KilledAfter(self.rng.usize(..3)),
        }
    }

    fn plan_wake(&mut self, number: usize) {
        let device = &mut self.devices[number];
        let Some(at) = device.machine.as_ref().and_then(Machine::next_wake) else {
            return;
        };
        let at = at.0.max(self.now + 1);
        if device.wake.is_none_or(|wake| wake > at) {
            device.wake = Some(at);
            let life = device.life;
            self.at(at, What::Wake(number, life));
        }
    }

    fn perform(&mut self, number: usize, effects: Vec<Effect>) {
        for effect in effects {
            let frame = match effect {
                Effect::Send(frame) => frame,
                Effect::SendSecret(frame) => frame.expose().clone(),
                Effect::Reconnect { .. } => {
                    self.break_off(number);
                    self.connect_later(number);
                    continue;
                }
                Effect::Fetch { key, .. } => {
                    let at = self.now + self.delay();
                    let life = self.devices[number].life;
                    self.at(at, What::Read(number, life, key));
                    continue;
                }
                Effect::Event { event, .. } => {
                    self.tell(|| match &event {
                        BucketEvent::Conflict(conflict) => {
                            let text = |json: &Option<Json>| {
                                json.as_ref().map(|json| json.as_str().to_owned())
                            };
                            format!(
                                "{number} !! {event:?}\n  {:?}\n  {:?}\n  {:?}\n  {:?}\n  {:?}",
                                text(&conflict.base),
                                text(&conflict.local),
                                text(&conflict.remote),
                                text(&conflict.result),
                                conflict.lost
                            )
                        }
                        _ => format!("{number} !! {event:?}"),
                    });
                    self.devices[number].hear(&event);
                    continue;
                }
                other => panic!("{other:?}"),
            };
            check::is_kept(&mut self.devices[number], &frame);
            let delay = self.delay();
            let Some(open) = &mut self.devices[number].connection else {
                continue;
            };
            open.up = open.up.max(self.now + delay);
            let (at, connection) = (open.up, open.number);
            self.at(at, What::Up(number, connection, frame));
        }
    }

    fn kill(&mut self, number: usize) {
        self.tell(|| format!("{number} is killed"));
        self.devices[number].machine = None;
        self.break_off(number);
        let at = self.now + self.rng.u64(1..6000);
        self.at(at, What::Begin(number));
    }

    fn begin(&mut self, number: usize) {
        if self.devices[number].machine.is_none() {
            self.tell(|| format!("{number} begins"));
            self.devices[number].begin();
            self.connect_later(number);
        }
    }

    fn edit(&mut self, number: usize) {
        if self.devices[number].machine.is_none() {
            let at = self.now + 1000;
            if !self.healed {
                self.at(at, What::Edit(number));
            }
            return;
        }
        let key = self.keys[self.rng.usize(..self.keys.len())].clone();
        let old = self.devices[number].object(&key);
        let ledger = self.ledger.clone();
        let new = edits::edit(
            &mut self.rng,
            &mut self.ledger,
            key.as_str(),
            old.as_ref(),
            self.deletes,
        );
        self.tell(|| format!("{number} == {key} {}", new.clone().unwrap_or_default()));
        let edit = match &new {
            Some(object) => Edit::Put(Json::of(object).unwrap()),
            None => Edit::Delete,
        };
        if !self.turn(number, |machine, turn| machine.edit(0, &key, edit, turn)) {
            // What never returned was never written.
            self.ledger = ledger;
        }
    }

    fn heal(&mut self) {
        self.tell(|| "all is well".to_owned());
        self.healed = true;
        self.emulator.clear_faults();
        self.latency = self.latency.min(100);
        for number in 0..self.devices.len() {
            self.begin(number);
            let life = self.devices[number].life;
            let at = self.now + 1;
            self.at(at, What::Connect(number, life));
        }
    }

    /// What was rejected is tried again, as a user would.
    fn retry(&mut self) -> bool {
        let mut retried = false;
        for number in 0..self.devices.len() {
            for key in check::parked(&mut self.devices[number]) {
                self.turn(number, |machine, turn| machine.retry(0, &key, turn));
                retried = true;
            }
        }
        if retried {
            self.deliver();
        }
        retried
    }
}
