//! The Sync API over TLS with gzip: ours beside a hand-written client, bare
//! SQLite and Contentstack's own clients, against one server whose answers are
//! made before anything is measured.
//!
//! Every run is a process of its own; runs are interleaved, and medians are
//! shown. Nothing is pinned to a core: the others collect their garbage on
//! the second one.

mod bare;
mod client;
mod distance;
mod ours;
mod report;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use lexopt::ValueExt as _;
use serde::{Deserialize, Serialize};

use super::Result;
use super::program::{Outcome, Program, no_part};
use crate::cost::Cost;

const HELP: &str = "\
bench-contentstack [--quick] [--gate]    measure everything, print one table
    --quick   10,000 items instead of 100,000, one round
    --gate    fail when a goal is missed

bench-contentstack client WAY PORT FOLDER
bench-contentstack serve FOLDER ITEMS ROUND_TRIP_MS SERVICE_MS";

/// What a run of a client found out; the scripts of others print the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Run {
    seconds: f64,
    items: u64,
    peak_kib: u64,
}

impl Run {
    fn until_now(seconds: f64, items: u64) -> Result<Self> {
        let cost = Cost::until_now(seconds, 0)?;
        Ok(Self {
            seconds,
            items,
            peak_kib: cost.peak_kib,
        })
    }
}

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
        "client" => {
            let way = client::Way::named(&parser.value()?.string()?)?;
            let port = parser.value()?.parse()?;
            let run = client::run(way, port, parser.value()?.as_ref())?;
            Ok(serde_json::to_string(&run)?)
        }
        "serve" => {
            let folder = parser.value()?;
            let items = parser.value()?.parse()?;
            let distance = server::Distance {
                round_trip: Duration::from_millis(parser.value()?.parse()?),
                service: Duration::from_millis(parser.value()?.parse()?),
            };
            server::serve(folder.as_ref(), items, distance)?;
            Ok(String::new())
        }
        other => no_part(other),
    }
}
