//! The SyncServer's client: reading feeds, signing, and signed requests.
//!
//! | compared | with |
//! |---|---|
//! | a feed of 10,000 entries, collected | a loop over quick-xml's namespace reader that builds the same entries; lxml with field extraction; feedparser |
//! | the same feed, streamed: by the reader, and through the client | the memory of a process that does nothing |
//! | a signed `GET` of one entry, and of a listing with 26 | the same `GET` of the same server with a bare hyper connection, unsigned |
//!
//! Of the signed `GET` there are two rows each. One reads the body into memory
//! and leaves it at that, as bare hyper does: it shows what signing, verifying
//! and the pipeline cost. The other makes typed resources of it as well, which
//! bare hyper does not. The emulator answers in some 25 µs, so that all of it
//! is seen.
//!
//! The requests of both are the same but for the signature. They are made twice:
//! with client and server wherever the system puts them, as users have them,
//! which is what the goals are for, and with both on one core, where nobody waits
//! for another core and every instruction counts in full.
//!
//! Those who get take turns in one process; everything else is a process of its
//! own, on one core. Runs are interleaved, and medians are shown.

mod bare;
mod exchange;
mod feed;
mod read;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::ValueExt as _;

use super::Result;
use super::program::{Outcome, Program, no_part};
use exchange::{Getter, Resource};
use read::Way;

const HELP: &str = "\
bench-ocss [--quick] [--gate]    measure everything, print one table
    --quick   fewer rounds
    --gate    fail when a goal is missed

bench-ocss read WAY FILE ENTRIES
bench-ocss turns RESOURCE URL TURNS GETS [GETTER...]
bench-ocss sign COUNT
bench-ocss serve";

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
            exchange::serve()?;
            Ok(String::new())
        }
        "read" => {
            let way = Way::named(&parser.value()?.string()?)?;
            let file: PathBuf = parser.value()?.into();
            let cost = read::read(way, &file, parser.value()?.parse()?)?;
            Ok(serde_json::to_string(&cost)?)
        }
        "turns" => {
            let resource = Resource::named(&parser.value()?.string()?)?;
            let url = parser.value()?.string()?;
            let turns = parser.value()?.parse()?;
            let gets = parser.value()?.parse()?;
            let mut getters = Vec::new();
            while let Some(lexopt::Arg::Value(name)) = parser.next()? {
                getters.push(Getter::named(&name.string()?)?);
            }
            if getters.is_empty() {
                getters.extend(Getter::ALL);
            }
            let taken = exchange::take_turns(&getters, resource, &url, turns, gets)?;
            Ok(serde_json::to_string(&taken)?)
        }
        "sign" => Ok(exchange::sign(parser.value()?.parse()?)?.to_string()),
        other => no_part(other),
    }
}
