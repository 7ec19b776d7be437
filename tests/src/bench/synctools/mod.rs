//! Many rows into SQLite and PostgreSQL and out again: ours beside the Python
//! client, Django's view and what one would write by hand for these two tables.
//!
//! Whoever syncs gets the same bytes from a server that has made them before;
//! whoever serves reads the same SQLite file. Every run is a process of its own,
//! runs are interleaved, and medians are shown. Memory is what a process had at
//! most beyond what it had before it began.

mod client;
mod fetch;
mod floor;
mod plan;
mod report;
mod server;

use std::process::ExitCode;

use lexopt::ValueExt as _;
use serde::{Deserialize, Serialize};

use super::Result;
use super::program::{Outcome, Program, no_part};

const HELP: &str = "\
bench-synctools [--quick] [--gate]    measure everything, print one table
    --quick   10,000 rows instead of 100,000 and 1,000,000, one round
    --gate    fail when a goal is missed

bench-synctools client WAY PORT SCHEMA DATABASE
bench-synctools serve-file FILE
bench-synctools serve SCHEMA DATABASE";

/// What a run of a client found out; the script of the Python client prints the
/// same.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Run {
    seconds: f64,
    /// Memory before it began.
    idle_kib: u64,
    /// The most that there ever was.
    peak_kib: u64,
}

/// A size of the process with this id, by its name in `/proc/…/status`, in KiB.
fn memory(pid: &str, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(':')?;
        value.trim().strip_suffix("kB")?.trim().parse().ok()
    });
    Ok(line.ok_or_else(|| format!("no {name} of process {pid}"))?)
}

/// The program: benchmark, servers and clients in one.
pub fn main() -> ExitCode {
    let program = Program {
        help: HELP,
        part,
        measure,
    };
    program.main()
}

fn measure(quick: bool) -> Result<Outcome> {
    let measured = plan::measure(&std::env::current_exe()?, quick)?;
    Outcome::new(&measured.table(), &measured.goals())
}

/// Does one part of the work, and says what it cost.
fn part(name: &str, parser: &mut lexopt::Parser) -> Result<String> {
    match name {
        "client" => {
            let way = client::Way::named(&parser.value()?.string()?)?;
            let port = parser.value()?.parse()?;
            let schema = parser.value()?;
            let database = parser.value()?.string()?;
            let run = client::run(way, port, schema.as_ref(), &database)?;
            Ok(serde_json::to_string(&run)?)
        }
        "serve-file" => {
            server::serve_file(parser.value()?.as_ref())?;
            Ok(String::new())
        }
        "serve" => {
            let schema = parser.value()?;
            server::serve_route(schema.as_ref(), &parser.value()?.string()?)?;
            Ok(String::new())
        }
        other => no_part(other),
    }
}
