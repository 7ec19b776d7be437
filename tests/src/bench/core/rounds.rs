//! Running the clients, round after round.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use xtask::table::Table;

use super::Result;
use super::clients::Kind;
use super::server::{BIG, Server};
use crate::bench::stats::{median, number, ratio};
use crate::cost::Cost;

/// Requests of the two runs whose difference is the cost of a request.
const FEW: u32 = 1_000;
const MANY: u32 = 3_000;

/// Where a client and its server run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::bench) enum Cores {
    /// Wherever the system puts them, as it does with those of users. How long
    /// it takes to wake a core varies, so this needs many rounds.
    Any,
    /// Both on the first core: nobody waits for another core, and every
    /// instruction of either counts in full.
    One,
}

impl Cores {
    pub(in crate::bench) const ALL: [Self; 2] = [Self::Any, Self::One];

    pub(in crate::bench) fn command(self, program: &Path) -> Command {
        match self {
            Self::Any => Command::new(program),
            Self::One => on_core(program),
        }
    }

    pub(in crate::bench) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any cores",
            Self::One => "one core",
        }
    }
}

/// A command that runs on the first core only, where there is `taskset`.
pub(in crate::bench) fn on_core(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if has("taskset") {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// What was found out about one client.
#[derive(Debug, Default, Clone)]
pub(super) struct Figures {
    /// Instructions a request.
    pub(super) instructions: Option<f64>,
    /// Requests a second, on the same core as the server.
    pub(super) per_second: Option<f64>,
    /// Processor time a request of the client alone, in µs.
    pub(super) cpu_micros: Option<f64>,
    /// Megabytes (10⁶) a second of a large answer.
    pub(super) megabytes: Option<f64>,
    /// Peak memory while streaming, in MiB.
    pub(super) peak_mib: Option<f64>,
}

/// What was found out about all.
#[derive(Debug)]
pub(super) struct Measured(pub(super) BTreeMap<Kind, Figures>);

impl Measured {
    pub(super) fn of(&self, kind: Kind) -> Figures {
        self.0.get(&kind).cloned().unwrap_or_default()
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new([
            "client",
            "instr/req",
            "to legacyh",
            "req/s",
            "to legacyh",
            "CPU µs/req",
            "100 MiB MB/s",
            "peak MiB",
        ]);
        let base = self.of(Kind::LegacyHeaders);
        for kind in Kind::ALL {
            let figures = self.of(kind);
            table.row([
                kind.to_string(),
                number(figures.instructions, 0),
                ratio(figures.instructions, base.instructions),
                number(figures.per_second, 0),
                ratio(figures.per_second, base.per_second),
                number(figures.cpu_micros, 2),
                number(figures.megabytes, 0),
                number(figures.peak_mib, 2),
            ]);
        }
        table
    }
}

/// Measures every client in every way.
pub(super) fn all(program: &Path, server: &Server, quick: bool) -> Result<Measured> {
    let rounds = if quick { 3 } else { 11 };
    let mut figures: BTreeMap<Kind, Figures> = BTreeMap::new();
    if !has("taskset") {
        println!("without taskset (Debian: util-linux), wall times vary more");
    }

    if has("valgrind") {
        for kind in Kind::ALL {
            let url = server.url("/json");
            let few = instructions(program, kind, &url, FEW)?;
            let many = instructions(program, kind, &url, MANY)?;
            figures.entry(kind).or_default().instructions =
                Some((many - few) / f64::from(MANY - FEW));
        }
    } else {
        println!(
            "valgrind is missing, so no instructions are counted and their goals stay open \
             (Debian: apt-get install valgrind)"
        );
    }

    let requests = if quick { 5_000 } else { 20_000 };
    for (kind, costs) in interleaved(program, rounds, "requests", &server.url("/json"), requests)? {
        let each = |cost: fn(&Cost) -> f64| median(costs.iter().map(cost).collect());
        let count = f64::from(requests);
        let figures = figures.entry(kind).or_default();
        figures.per_second = each(|cost| cost.seconds).map(|seconds| count / seconds);
        figures.cpu_micros = each(|cost| cost.cpu_seconds).map(|seconds| seconds * 1e6 / count);
    }

    for (kind, costs) in interleaved(program, rounds, "stream", &server.url("/big"), 1)? {
        if let Some(cost) = costs.iter().find(|cost| cost.bytes != BIG) {
            return Err(format!("{kind} saw {} bytes of {BIG}", cost.bytes).into());
        }
        let each = |cost: fn(&Cost) -> f64| median(costs.iter().map(cost).collect());
        let figures = figures.entry(kind).or_default();
        figures.megabytes = each(|cost| cost.bytes as f64 / 1e6 / cost.seconds);
        figures.peak_mib = each(|cost| cost.peak_kib as f64 / 1024.0);
    }
    Ok(Measured(figures))
}

/// Runs all clients in turn, `rounds` times.
fn interleaved(
    program: &Path,
    rounds: usize,
    mode: &str,
    url: &str,
    count: u32,
) -> Result<BTreeMap<Kind, Vec<Cost>>> {
    let mut costs: BTreeMap<Kind, Vec<Cost>> = BTreeMap::new();
    for _ in 0..rounds {
        for kind in Kind::ALL {
            let mut command = on_core(program);
            command.args(arguments(kind, mode, url, count));
            let output = command.stderr(Stdio::inherit()).output()?;
            if !output.status.success() {
                return Err(format!("{kind} failed ({})", output.status).into());
            }
            let cost = serde_json::from_slice(&output.stdout)?;
            costs.entry(kind).or_default().push(cost);
        }
    }
    Ok(costs)
}

fn arguments(kind: Kind, mode: &str, url: &str, count: u32) -> [String; 5] {
    [
        "client".to_owned(),
        kind.to_string(),
        mode.to_owned(),
        url.to_owned(),
        count.to_string(),
    ]
}

/// The instructions of a run with `count` requests, start and end included.
fn instructions(program: &Path, kind: Kind, url: &str, count: u32) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments(kind, "requests", url, count))
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("valgrind: {kind} failed ({}):\n{said}", output.status).into());
    }
    collected(&said).ok_or_else(|| format!("valgrind counted nothing:\n{said}").into())
}

/// The number in callgrind's line `==1== Collected : 123`.
fn collected(said: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    line?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        let said = "==7== Events    : Ir\n==7== Collected : 31047000\n==7==\n";
        assert_eq!(collected(said), Some(31_047_000.0));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}
