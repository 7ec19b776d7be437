//! Running everything, round after round, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::peers::{NODE_SIMPERIUM, PYTHON_SIMPERIUM3, Peer};
use xtask::table::Table;

use super::calls::{Caller, Server, TOKEN, Way};
use super::cases::{self, Case, Times};
use crate::Result;
use crate::bench::core::{Cores, on_core};
use crate::bench::goal::Goal;
use crate::bench::stats::{median, number, ratio};
use crate::cost::Cost;
use crate::simperium::script;

/// Objects in the bucket whose index is read.
const ENTRIES: u32 = 100_000;
/// Who is not of this program.
const SIMPERIUM3: &str = "Simperium3";

/// What was found out about one thing.
#[derive(Debug, Default)]
struct Figures {
    seconds: Vec<f64>,
    peak_kib: Vec<f64>,
}

impl Figures {
    fn add(&mut self, cost: &Cost) {
        self.seconds.push(cost.seconds);
        self.peak_kib.push(cost.peak_kib as f64);
    }

    fn seconds(&self) -> Option<f64> {
        median(self.seconds.clone())
    }

    fn peak_mb(&self) -> Option<f64> {
        median(self.peak_kib.clone()).map(|kib| kib * 1024.0 / 1e6)
    }
}

/// Times of the diffs of one program, by case.
type Diffs = BTreeMap<String, Times>;

/// What was found out about everything.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// By what was done, where, and who did it.
    calls: BTreeMap<(Way, Cores, &'static str), Figures>,
    ours: Vec<Diffs>,
    npm: Vec<Diffs>,
    cases: Vec<String>,
}

/// The cases as a file that is removed in the end.
struct CaseFile(PathBuf);

impl CaseFile {
    fn write(cases: &[Case]) -> Result<Self> {
        let name = format!("bench-simperium-{}.json", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        fs::write(&file.0, serde_json::to_vec(cases)?)?;
        Ok(file)
    }
}

impl Drop for CaseFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed ({})", output.status).into());
    }
    Ok(output.stdout)
}

fn found(peer: &Peer) -> Option<PathBuf> {
    match peer.find() {
        Ok(found) => Some(found.path),
        Err(missing) => {
            println!("left out: {missing}");
            None
        }
    }
}

/// Measures everything.
pub(super) fn measure(program: &Path, quick: bool) -> Result<Measured> {
    let rounds = if quick { 3 } else { 9 };
    let mut measured = Measured::default();
    let python = found(&PYTHON_SIMPERIUM3);
    let node = found(&NODE_SIMPERIUM);
    let mut servers = Vec::new();
    for cores in Cores::ALL {
        servers.push((cores, Server::start(program, cores, ENTRIES)?));
    }
    let cases = cases::cases();
    measured.cases = cases.iter().map(|case| case.name.clone()).collect();
    let file = CaseFile::write(&cases)?;
    for _ in 0..rounds {
        for (cores, server) in &servers {
            for way in Way::ALL {
                if way.is_repeated() || *cores == Cores::One {
                    measured.round(program, python.as_deref(), *cores, server, way)?;
                }
            }
        }
        let ours = output(on_core(program).arg("diffs").arg(&file.0))?;
        measured.ours.push(serde_json::from_slice(&ours)?);
        if let Some(node) = &node {
            let mut command = on_core(node);
            let npm = output(command.arg(script("jsondiff.cjs")).arg(&file.0))?;
            measured.npm.push(serde_json::from_slice(&npm)?);
        }
    }
    Ok(measured)
}

/// How many entities there are now.
fn entries(server: &Server) -> Result<u32> {
    let mut socket = super::socket::Socket::open(&server.host, TOKEN)?;
    let text = socket.text("GET", "/_lab/state", "")?;
    let state: serde_json::Value = serde_json::from_str(&text)?;
    let objects = state["apps"]["bench"]["objects"].as_u64();
    Ok(u32::try_from(objects.ok_or("no count of objects")?)?)
}

/// One of the times of all rounds.
fn middle(rounds: &[Diffs], case: &str, pick: Pick) -> Option<f64> {
    let times = rounds.iter().filter_map(|round| pick(round.get(case)?));
    median(times.collect())
}

/// One of the times of a case.
type Pick = fn(&Times) -> Option<f64>;

/// What is done with diffs.
struct Step {
    name: &'static str,
    ours: Pick,
    npm: Pick,
    /// How long it may take, compared with npm's.
    limit: f64,
}

const STEPS: [Step; 4] = [
    Step {
        name: "diff",
        ours: |times| times.diff,
        npm: |times| times.diff,
        limit: 1.0,
    },
    Step {
        name: "apply to a copy",
        ours: |times| times.apply,
        npm: |times| times.apply,
        limit: 1.0,
    },
    Step {
        name: "apply in place",
        ours: |times| times.apply_in_place,
        npm: |times| times.apply,
        limit: 1.0 / 5.0,
    },
    Step {
        name: "transform",
        ours: |times| times.transform,
        npm: |times| times.transform,
        limit: 1.0,
    },
];

/// How often floor, hyper and we take turns in a round.
const TURNS: usize = 3;

impl Measured {
    /// All callers, one after the other.
    fn round(
        &mut self,
        program: &Path,
        python: Option<&Path>,
        cores: Cores,
        server: &Server,
        way: Way,
    ) -> Result<()> {
        let count = match way {
            Way::Set | Way::Get => 2_000,
            // What `set` has made is in the index, too.
            Way::Index | Way::IndexData => entries(server)?,
            Way::Idle => 0,
        };
        let mut add = |who: &'static str, command: &mut Command| -> Result<()> {
            let mut cost: Cost = serde_json::from_slice(&output(command)?)?;
            if way.is_repeated() {
                cost.seconds /= f64::from(count);
            }
            let figures = self.calls.entry((way, cores, who));
            figures.or_default().add(&cost);
            Ok(())
        };
        for _ in 0..if way.is_repeated() { TURNS } else { 1 } {
            for caller in Caller::ALL {
                if caller != Caller::Ours && !way.has_floor() {
                    continue;
                }
                let mut command = cores.command(program);
                command.args(["call", caller.name(), way.name(), &server.host]);
                add(caller.name(), command.arg(count.to_string()))?;
            }
        }
        if let Some(python) = python {
            let mut command = cores.command(python);
            command
                .env("SIMPERIUM_APIHOST", &server.host)
                .arg(script("bench.py"))
                .args([way.name(), TOKEN, &count.to_string()]);
            add(SIMPERIUM3, &mut command)?;
        }
        Ok(())
    }

    fn seconds(&self, way: Way, cores: Cores, who: &'static str) -> Option<f64> {
        self.calls.get(&(way, cores, who))?.seconds()
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(["what", "median", "compared", "peak MB"]);
        for ((way, cores, who), figures) in &self.calls {
            let (scale, unit) = if way.is_repeated() {
                (1e6, "µs")
            } else {
                (1e3, "ms")
            };
            let base = if way.has_floor() {
                Caller::Floor.name()
            } else {
                SIMPERIUM3
            };
            let median = figures.seconds();
            table.row([
                format!("{}, {}: {who}", way.name(), cores.name()),
                format!("{} {unit}", number(median.map(|s| s * scale), 1)),
                ratio(median, self.seconds(*way, *cores, base)),
                number(figures.peak_mb(), 1),
            ]);
        }
        for case in &self.cases {
            for step in &STEPS {
                let name = step.name;
                let npm = middle(&self.npm, case, step.npm);
                let ours = middle(&self.ours, case, step.ours);
                for (who, seconds) in [("ours", ours), ("npm", npm)] {
                    table.row([
                        format!("{case}, {name}: {who}"),
                        format!("{} µs", number(seconds.map(|s| s * 1e6), 1)),
                        ratio(seconds, npm),
                        String::new(),
                    ]);
                }
            }
        }
        table
    }

    fn peak_mb(&self, way: Way, who: &'static str) -> Option<f64> {
        self.calls.get(&(way, Cores::One, who))?.peak_mb()
    }

    /// Those of calls: as fast as a socket nearly, several times as fast as
    /// another client, in little memory.
    fn call_goals(&self) -> Vec<Goal> {
        let ours = Caller::Ours.name();
        let against = |way: Way, cores: Cores, who: &'static str, limit| Goal {
            what: format!("{}, {}, to {who}'s", way.name(), cores.name()),
            limit,
            unit: "×",
            actual: self
                .seconds(way, cores, ours)
                .zip(self.seconds(way, cores, who))
                .map(|(ours, theirs)| ours / theirs),
        };
        let mut goals = Vec::new();
        for way in [Way::Set, Way::Get] {
            for cores in Cores::ALL {
                goals.push(against(way, cores, Caller::Floor.name(), 1.3));
                goals.push(against(way, cores, SIMPERIUM3, 1.0 / 3.0));
            }
        }
        goals.push(against(Way::IndexData, Cores::One, SIMPERIUM3, 1.0 / 2.0));
        goals.push(Goal {
            what: "memory for an index with data".to_owned(),
            limit: 15.0,
            unit: " MB",
            actual: self
                .peak_mb(Way::IndexData, ours)
                .zip(self.peak_mb(Way::Idle, ours))
                .map(|(peak, idle)| peak - idle),
        });
        goals
    }

    pub(super) fn goals(&self) -> Vec<Goal> {
        let mut goals = self.call_goals();
        for case in &self.cases {
            for step in &STEPS {
                let npm = middle(&self.npm, case, step.npm);
                let ours = middle(&self.ours, case, step.ours);
                goals.push(Goal {
                    what: format!("{case}, {} to npm's", step.name),
                    limit: step.limit,
                    unit: "×",
                    actual: ours.zip(npm).map(|(ours, npm)| ours / npm),
                });
            }
        }
        goals
    }
}
