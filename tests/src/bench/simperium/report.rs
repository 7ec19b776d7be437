//! Running everything, round after round, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::peers::{NODE_SIMPERIUM, PYTHON_SIMPERIUM3, Peer};
use xtask::table::Table;

use super::calls::{Call, Caller, TOKEN};
use super::cases::{self, Case, Times};
use super::ours::Reading;
use super::server::Server;
use crate::Result;
use crate::bench::core::{Cores, on_core};
use crate::bench::figures::Figures;
use crate::bench::goal::Goal;
use crate::bench::stats::{median, number, ratio};
use crate::bench::turns::Turns;
use crate::cost::Cost;
use crate::simperium::script;

/// Objects in the bucket whose index is read.
const ENTRIES: u32 = 100_000;
/// Who is not of this program.
const SIMPERIUM3: &str = "Simperium3";

/// Times of the diffs of one program, by case.
type Diffs = BTreeMap<String, Times>;

/// What was found out about everything.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// Those of this program, by what was called, and where.
    calls: BTreeMap<(Call, Cores), Turns>,
    /// Seconds that Simperium3 took for a call.
    simperium3_calls: BTreeMap<(Call, Cores), Vec<f64>>,
    /// By what was read, and by whom.
    readings: BTreeMap<(Reading, &'static str), Figures>,
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

/// The same by Simperium3.
fn simperium3(mut command: Command, server: &Server, what: &str, count: u32) -> Result<Cost> {
    command
        .env("SIMPERIUM_APIHOST", server.host())
        .arg(script("bench.py"))
        .args([what, TOKEN, &count.to_string()]);
    Ok(serde_json::from_slice(&output(&mut command)?)?)
}

/// Measures everything.
pub(super) fn measure(program: &Path, quick: bool) -> Result<Measured> {
    let rounds = if quick { 3 } else { 9 };
    let mut measured = Measured::default();
    let python = found(&PYTHON_SIMPERIUM3);
    let node = found(&NODE_SIMPERIUM);
    let cases = cases::cases();
    measured.cases = cases.iter().map(|case| case.name.clone()).collect();
    let file = CaseFile::write(&cases)?;
    for _ in 0..rounds {
        for cores in Cores::ALL {
            // Put elsewhere in every round.
            let server = Server::start(program, cores, ENTRIES)?;
            for call in Call::ALL {
                measured.call(program, python.as_deref(), cores, &server, call)?;
            }
            if cores == Cores::One {
                for reading in Reading::ALL {
                    measured.read(program, python.as_deref(), &server, reading)?;
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

/// How often the callers take turns in a round, and how many calls a turn has.
const TURNS: u32 = 40;
const CALLS: u32 = 100;
/// Calls of Simperium3 in a round.
const SIMPERIUM3_CALLS: u32 = 1_000;

impl Measured {
    /// A call by all callers.
    fn call(
        &mut self,
        program: &Path,
        python: Option<&Path>,
        cores: Cores,
        server: &Server,
        call: Call,
    ) -> Result<()> {
        let mut command = cores.command(program);
        command.args(["turns", call.name(), server.host()]);
        command.args([TURNS.to_string(), CALLS.to_string()]);
        let taken: Turns = serde_json::from_slice(&output(&mut command)?)?;
        self.calls.entry((call, cores)).or_default().append(taken);
        if let Some(python) = python {
            let command = cores.command(python);
            let cost = simperium3(command, server, call.name(), SIMPERIUM3_CALLS)?;
            let seconds = self.simperium3_calls.entry((call, cores)).or_default();
            seconds.push(cost.seconds / f64::from(SIMPERIUM3_CALLS));
        }
        Ok(())
    }

    /// A reading by us and by Simperium3.
    fn read(
        &mut self,
        program: &Path,
        python: Option<&Path>,
        server: &Server,
        reading: Reading,
    ) -> Result<()> {
        // What `set` has made is in the index, too.
        let count = server.entries()?;
        let mut command = on_core(program);
        command.args(["read", reading.name(), server.host(), &count.to_string()]);
        let cost = serde_json::from_slice(&output(&mut command)?)?;
        let mut add = |who, cost| self.readings.entry((reading, who)).or_default().add(&cost);
        add(Caller::Ours.name(), cost);
        if let Some(python) = python {
            let cost = simperium3(on_core(python), server, reading.name(), count)?;
            add(SIMPERIUM3, cost);
        }
        Ok(())
    }

    /// How long we take for a call, compared with somebody else.
    fn compared(&self, call: Call, cores: Cores, who: &str) -> Option<f64> {
        let ours = Caller::Ours.name();
        let turns = self.calls.get(&(call, cores))?;
        if who == SIMPERIUM3 {
            Some(turns.seconds(ours)? / self.simperium3_seconds(call, cores)?)
        } else {
            turns.ratio(ours, who)
        }
    }

    fn simperium3_seconds(&self, call: Call, cores: Cores) -> Option<f64> {
        median(self.simperium3_calls.get(&(call, cores))?.clone())
    }

    fn call_rows(&self, table: &mut Table) {
        for ((call, cores), turns) in &self.calls {
            let floor = Caller::Floor.name();
            let simperium3 = self.simperium3_seconds(*call, *cores);
            let to_floor = simperium3.zip(turns.seconds(floor)).map(|(a, b)| a / b);
            let mut row = |who: &str, seconds: Option<f64>, compared: Option<f64>| {
                table.row([
                    format!("{}, {}: {who}", call.name(), cores.name()),
                    format!("{} µs", number(seconds.map(|s| s * 1e6), 1)),
                    ratio(compared, Some(1.0)),
                    String::new(),
                ]);
            };
            for caller in Caller::ALL {
                let who = caller.name();
                row(who, turns.seconds(who), turns.ratio(who, floor));
            }
            row(SIMPERIUM3, simperium3, to_floor);
        }
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(["what", "median", "compared", "peak MB"]);
        self.call_rows(&mut table);
        for ((reading, who), figures) in &self.readings {
            let seconds = figures.seconds();
            table.row([
                format!("{}: {who}", reading.name()),
                format!("{} ms", number(seconds.map(|s| s * 1e3), 1)),
                ratio(self.compared_reading(*reading, who), Some(1.0)),
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

    /// How long a reading takes, compared with Simperium3's.
    fn compared_reading(&self, reading: Reading, who: &'static str) -> Option<f64> {
        let theirs = self.readings.get(&(reading, SIMPERIUM3))?;
        self.readings.get(&(reading, who))?.ratio(theirs)
    }

    fn peak_mb(&self, reading: Reading, who: &'static str) -> Option<f64> {
        self.readings.get(&(reading, who))?.peak_mb()
    }

    /// Those of calls: as fast as a socket nearly, several times as fast as
    /// another client.
    fn call_goals(&self) -> Vec<Goal> {
        let mut goals = Vec::new();
        for call in Call::ALL {
            for (who, limit) in [(Caller::Floor.name(), 1.3), (SIMPERIUM3, 1.0 / 3.0)] {
                goals.push(Goal {
                    what: format!("{}, {}, to {who}'s", call.name(), Cores::Any.name()),
                    limit,
                    unit: "×",
                    actual: self.compared(call, Cores::Any, who),
                });
            }
        }
        goals
    }

    /// Those of an index: twice as fast as another client, in little memory.
    fn reading_goals(&self) -> Vec<Goal> {
        let ours = Caller::Ours.name();
        let peak = |reading| self.peak_mb(reading, ours);
        vec![
            Goal {
                what: format!("index with data to {SIMPERIUM3}'s"),
                limit: 1.0 / 2.0,
                unit: "×",
                actual: self.compared_reading(Reading::IndexData, ours),
            },
            Goal {
                what: "memory for an index with data".to_owned(),
                limit: 15.0,
                unit: " MB",
                actual: peak(Reading::IndexData)
                    .zip(peak(Reading::Idle))
                    .map(|(peak, idle)| peak - idle),
            },
        ]
    }

    pub(super) fn goals(&self) -> Vec<Goal> {
        let mut goals = self.call_goals();
        goals.extend(self.reading_goals());
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
