//! Running everything, round after round, and what came of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::peers::NODE_SIMPERIUM;
use xtask::table::Table;

use super::device::{Keeps, Task};
use super::server::{self, APP, TOKEN};
use crate::Result;
use crate::bench::goal::Goal;
use crate::bench::stats::{median, number, ratio};
use crate::cost::Cost;
use crate::simperium::script;

/// How many notes there are.
const NOTES: u32 = 10_000;
/// Latency added to what is answered, in milliseconds.
const LATENCY: u32 = 20;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    task: Task,
    /// In milliseconds.
    latency: u32,
}

const FIRST: Case = Case {
    task: Task::First,
    latency: 0,
};
const FAR: Case = Case {
    task: Task::First,
    latency: LATENCY,
};
const PUSH: Case = Case {
    task: Task::Push,
    latency: 0,
};
const IDLE: Case = Case {
    task: Task::Idle,
    latency: 0,
};

impl Case {
    fn name(self) -> String {
        let latency = match self.latency {
            0 => String::new(),
            latency => format!(", {latency} ms away"),
        };
        match self.task {
            Task::First => format!("first sync of {NOTES} notes{latency}"),
            Task::Push => format!("{NOTES} new notes until acknowledged{latency}"),
            Task::Idle => "an empty bucket".to_owned(),
        }
    }

    /// Notes that the server has, and those that the device has in the end.
    fn notes(self) -> (u32, u32) {
        match self.task {
            Task::First => (NOTES, NOTES),
            Task::Push => (0, NOTES),
            Task::Idle => (0, 0),
        }
    }
}

/// Who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Device {
    Npm,
    Ours(Keeps),
}

impl Device {
    const ALL: [Self; 3] = [
        Self::Npm,
        Self::Ours(Keeps::Memory),
        Self::Ours(Keeps::Sqlite),
    ];

    fn name(self) -> String {
        match self {
            Self::Npm => "npm".to_owned(),
            Self::Ours(keeps) => format!("ours, {}", keeps.name()),
        }
    }
}

/// What was found out about one thing.
#[derive(Debug, Default)]
struct Figures {
    seconds: Vec<f64>,
    peak_kib: Vec<f64>,
}

/// What was found out about everything.
#[derive(Debug, Default)]
pub(super) struct Measured(BTreeMap<(Case, Device), Figures>);

/// Measures everything.
pub(super) fn measure(program: &Path, quick: bool) -> Result<Measured> {
    let node = match NODE_SIMPERIUM.find() {
        Ok(found) => Some(found.path),
        Err(missing) => {
            println!("left out: {missing}");
            None
        }
    };
    let rounds = if quick { 1 } else { 7 };
    let mut measured = Measured::default();
    for round in 0..rounds {
        for case in [FIRST, FAR, PUSH, IDLE] {
            // npm takes 20 s for it, in every round the same.
            let is_slow = case == FAR && round >= 2;
            for device in Device::ALL {
                if device == Device::Npm && is_slow {
                    continue;
                }
                if let Some(cost) = once(program, node.as_ref(), case, device)? {
                    let figures = measured.0.entry((case, device)).or_default();
                    figures.seconds.push(cost.seconds);
                    figures.peak_kib.push(cost.peak_kib as f64);
                }
            }
        }
    }
    Ok(measured)
}

/// One run; `None` for a device that is not here.
fn once(
    program: &Path,
    node: Option<&PathBuf>,
    case: Case,
    device: Device,
) -> Result<Option<Cost>> {
    let (there, here) = case.notes();
    let server = server::start(program, there, case.latency)?;
    let mut command = match device {
        Device::Npm => {
            let Some(node) = node else {
                return Ok(None);
            };
            let mut command = Command::new(node);
            command.arg(script("sync.cjs")).arg(case.task.name());
            let url = format!("ws://{}/sock/1/{APP}/websocket", server.place());
            command.args([&url, TOKEN]);
            command
        }
        Device::Ours(keeps) => {
            let mut command = Command::new(program);
            command.args(["sync", case.task.name(), keeps.name(), server.place()]);
            command
        }
    };
    let output = command
        .arg(here.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed ({})", output.status).into());
    }
    Ok(Some(serde_json::from_slice(&output.stdout)?))
}

impl Measured {
    fn seconds(&self, case: Case, device: Device) -> Option<f64> {
        median(self.0.get(&(case, device))?.seconds.clone())
    }

    fn peak_mb(&self, case: Case, device: Device) -> Option<f64> {
        let peak = median(self.0.get(&(case, device))?.peak_kib.clone());
        peak.map(|kib| kib * 1024.0 / 1e6)
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(["what", "median", "to npm", "peak MB"]);
        for (case, device) in self.0.keys().copied() {
            let seconds = self.seconds(case, device);
            table.row([
                format!("{}: {}", case.name(), device.name()),
                format!("{} ms", number(seconds.map(|s| s * 1e3), 1)),
                ratio(seconds, self.seconds(case, Device::Npm)),
                number(self.peak_mb(case, device), 1),
            ]);
        }
        table
    }

    pub(super) fn goals(&self) -> Vec<Goal> {
        let (memory, sqlite) = (Device::Ours(Keeps::Memory), Device::Ours(Keeps::Sqlite));
        let time = |case: Case, ours: Device, limit: f64| {
            let actual = self.seconds(case, ours);
            let npm = self.seconds(case, Device::Npm);
            Goal {
                what: format!("{}, {} to npm", case.name(), ours.name()),
                limit,
                unit: "×",
                actual: actual.zip(npm).map(|(ours, npm)| ours / npm),
            }
        };
        let peak = |case: Case, ours: Device| {
            let actual = self.peak_mb(case, ours);
            let npm = self.peak_mb(case, Device::Npm);
            Goal {
                what: format!("memory: {}, {} to npm", case.name(), ours.name()),
                limit: 0.5,
                unit: "×",
                actual: actual.zip(npm).map(|(ours, npm)| ours / npm),
            }
        };
        let most = |ours: Device, milliseconds: f64| Goal {
            what: format!("{}, {}", FIRST.name(), ours.name()),
            limit: milliseconds,
            unit: " ms",
            actual: self.seconds(FIRST, ours).map(|seconds| seconds * 1e3),
        };
        vec![
            time(FIRST, memory, 1.0 / 2.0),
            time(FIRST, sqlite, 1.0),
            most(memory, 150.0),
            most(sqlite, 400.0),
            time(FAR, memory, 1.0 / 20.0),
            time(FAR, sqlite, 1.0 / 20.0),
            time(PUSH, memory, 1.0),
            peak(FIRST, memory),
            peak(FIRST, sqlite),
            peak(PUSH, memory),
        ]
    }
}
