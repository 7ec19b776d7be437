//! Simperium: calls over HTTP, and diffs.
//!
//! | compared | with |
//! |---|---|
//! | `set` and `get`, one after the other | a socket that is kept open, with requests as text; Simperium3 |
//! | an index of 100,000 entities | Simperium3 |
//! | diff, apply and transform of texts and large objects | npm's jsondiff |
//!
//! All send the same requests but Simperium3. `set` and `get` are measured twice:
//! with client and server wherever the system puts them, as users have them,
//! which is what the goals are for, and with both on one core, where nobody waits
//! for another core and every instruction counts in full.
//!
//! Socket, hyper and we take turns in one process; everything else is a process
//! of its own. Runs are interleaved, and medians are shown.

mod bare;
mod calls;
mod cases;
mod ours;
mod report;
mod server;
mod socket;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::ValueExt as _;

use super::Result;
use super::program::{Outcome, Program, no_part};
use calls::{Call, Caller};
use ours::Reading;

const HELP: &str = "\
bench-simperium [--quick] [--gate]    measure everything, print one table
    --quick   fewer rounds
    --gate    fail when a goal is missed

bench-simperium turns CALL HOST TURNS CALLS [CALLER...]
bench-simperium read READING HOST COUNT
bench-simperium diffs FILE
bench-simperium serve COUNT";

/// The program: benchmark, server and clients in one.
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
            server::serve(parser.value()?.parse()?)?;
            Ok(String::new())
        }
        "turns" => {
            let call = Call::named(&parser.value()?.string()?)?;
            let host = parser.value()?.string()?;
            let turns = parser.value()?.parse()?;
            let calls = parser.value()?.parse()?;
            let mut callers = Vec::new();
            while let Some(lexopt::Arg::Value(name)) = parser.next()? {
                callers.push(Caller::named(&name.string()?)?);
            }
            if callers.is_empty() {
                callers.extend(Caller::ALL);
            }
            let taken = calls::take_turns(&callers, call, &host, turns, calls)?;
            Ok(serde_json::to_string(&taken)?)
        }
        "read" => {
            let reading = Reading::named(&parser.value()?.string()?)?;
            let host = parser.value()?.string()?;
            let cost = ours::read(reading, &host, parser.value()?.parse()?)?;
            Ok(serde_json::to_string(&cost)?)
        }
        "diffs" => {
            let file: PathBuf = parser.value()?.into();
            let cases = serde_json::from_slice(&std::fs::read(file)?)?;
            Ok(serde_json::to_string(&cases::measure(cases)?)?)
        }
        other => no_part(other),
    }
}
