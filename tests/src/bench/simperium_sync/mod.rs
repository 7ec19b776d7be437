//! Simperium: the syncer beside the service's own client for Node.js.
//!
//! | compared | how |
//! |---|---|
//! | a first sync of 10,000 notes | in memory and into a SQLite file; npm in memory |
//! | the same with 20 ms of latency | as above |
//! | 10,000 new notes, until all are acknowledged | as above |
//! | the most memory that took | of the whole process |
//!
//! Every run is a process of its own with a server of its own; runs are
//! interleaved, and medians are shown.

mod device;
mod report;
mod server;

use std::process::ExitCode;

use lexopt::ValueExt as _;

use super::Result;
use super::program::{Outcome, Program, no_part};
use device::{Keeps, Task};

const HELP: &str = "\
bench-simperium-sync [--quick] [--gate]    measure everything, print one table
    --quick   fewer rounds
    --gate    fail when a goal is missed

bench-simperium-sync sync TASK memory|sqlite HOST COUNT
bench-simperium-sync serve COUNT LATENCY";

/// The program: benchmark, server and client in one.
pub fn main() -> ExitCode {
    let program = Program {
        help: HELP,
        part,
        measure,
    };
    program.main()
}

fn measure(quick: bool) -> Result<Outcome> {
    let measured = report::measure(&std::env::current_exe()?, quick)?;
    Outcome::new(&measured.table(), &measured.goals())
}

/// Does one part of the work, and says what it cost.
fn part(name: &str, parser: &mut lexopt::Parser) -> Result<String> {
    match name {
        "serve" => {
            let count = parser.value()?.parse()?;
            server::serve(count, parser.value()?.parse()?)?;
            Ok(String::new())
        }
        "sync" => {
            let task = Task::named(&parser.value()?.string()?)?;
            let keeps = Keeps::named(&parser.value()?.string()?)?;
            let host = parser.value()?.string()?;
            let cost = device::run(task, keeps, &host, parser.value()?.parse()?)?;
            Ok(serde_json::to_string(&cost)?)
        }
        other => no_part(other),
    }
}
