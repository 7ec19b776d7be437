//! Everything that changes while the service runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::sync::watch;

use sync_core::local::Plan;

use super::account::App;
use super::config::Config;
use super::fault::Fault;
use super::log::Log;
use super::socket::Connection;

/// Where ids, tokens, change versions and delays come from. The same seed and
/// the same requests give the same.
#[derive(Debug)]
pub(super) struct Ids {
    random: fastrand::Rng,
    epoch: u32,
    last_cv: u64,
}

impl Ids {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self {
            epoch: random.u32(..),
            random,
            last_cv: 0,
        }
    }

    /// 32 hex digits.
    pub(super) fn hex(&mut self) -> String {
        format!("{:032x}", self.random.u128(..))
    }

    /// The number of the next change.
    pub(super) fn next_cv(&mut self) -> u64 {
        self.last_cv += 1;
        self.last_cv
    }

    /// The change version of a change: 24 hex digits.
    pub(super) fn cv(&self, number: u64) -> String {
        format!("{:08x}{number:016x}", self.epoch)
    }

    /// The number in a change version that may have been one of ours; 0 for all
    /// zeros.
    pub(super) fn number(&self, cv: &str) -> Option<u64> {
        if cv.len() != 24 {
            return None;
        }
        let epoch = u32::from_str_radix(cv.get(..8)?, 16).ok()?;
        let number = u64::from_str_radix(cv.get(8..)?, 16).ok()?;
        (epoch == self.epoch || (epoch == 0 && number == 0)).then_some(number)
    }

    fn delay(&mut self, range: &std::ops::Range<Duration>) -> Duration {
        let extra = range.end.saturating_sub(range.start);
        if extra.is_zero() {
            return range.start;
        }
        range.start + extra.mul_f64(self.random.f64())
    }
}

#[derive(Debug)]
pub(super) struct State {
    seed: u64,
    log_limit: usize,
    initial: Config,
    pub(super) config: Config,
    pub(super) ids: Ids,
    /// By their names in lower case.
    pub(super) apps: BTreeMap<String, App>,
    /// Those that are good; all are when it is empty.
    pub(super) api_keys: BTreeSet<String>,
    pub(super) plan: Plan<Fault>,
    pub(super) log: Log,
    /// So many accepted writes more are not answered.
    pub(super) dropped_writes: u32,
    /// What the next changes are answered with.
    pub(super) change_errors: VecDeque<u16>,
    /// So many change versions more are not known.
    pub(super) refused_cvs: u32,
    /// So many changes more are told twice.
    pub(super) repeated_changes: u32,
    /// Whether frames are read and nothing is answered.
    pub(super) silent: bool,
    pub(super) connections: BTreeMap<u64, Connection>,
    pub(super) last_connection: u64,
    /// How many polls wait now.
    pub(super) waiting: usize,
    /// How many changes were made.
    pub(super) made: u64,
    /// Wakes polls.
    pub(super) changed: watch::Sender<u64>,
}

impl State {
    pub(super) fn new(
        seed: u64,
        config: Config,
        log_limit: usize,
        api_keys: BTreeSet<String>,
    ) -> Self {
        Self {
            seed,
            log_limit,
            initial: config.clone(),
            config,
            ids: Ids::new(seed),
            apps: BTreeMap::new(),
            api_keys,
            plan: Plan::default(),
            log: Log::new(log_limit),
            dropped_writes: 0,
            change_errors: VecDeque::new(),
            refused_cvs: 0,
            repeated_changes: 0,
            silent: false,
            connections: BTreeMap::new(),
            last_connection: 0,
            waiting: 0,
            made: 0,
            changed: watch::Sender::new(0),
        }
    }

    /// As at the beginning; the sockets are closed.
    pub(super) fn reset(&mut self) {
        let keys = std::mem::take(&mut self.api_keys);
        *self = Self::new(self.seed, self.initial.clone(), self.log_limit, keys);
    }

    /// An app by its name, whatever its case.
    pub(super) fn app(&mut self, name: &str) -> (&mut App, &mut Ids) {
        let app = self.apps.entry(name.to_ascii_lowercase()).or_default();
        (app, &mut self.ids)
    }

    /// How long the next answer takes.
    pub(super) fn delay(&mut self) -> Duration {
        self.ids.delay(&self.config.latency)
    }

    /// Whether the next change version is to be taken for an unknown one.
    pub(super) fn refuses_cv(&mut self) -> bool {
        take_one(&mut self.refused_cvs)
    }

    /// Whether the answer to a write that was just made gets lost.
    pub(super) fn drops_write(&mut self) -> bool {
        take_one(&mut self.dropped_writes)
    }

    /// Closes all sockets, as when the network breaks; returns how many.
    pub(super) fn kick(&mut self) -> usize {
        std::mem::take(&mut self.connections).len()
    }
}

fn take_one(left: &mut u32) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}
