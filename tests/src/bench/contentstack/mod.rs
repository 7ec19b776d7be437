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

use lexopt::prelude::*;
use serde::{Deserialize, Serialize};

use super::Result;
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
    super::exit(run())
}

fn run() -> Result<ExitCode> {
    let mut parser = lexopt::Parser::from_env();
    let (mut quick, mut gate) = (false, false);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => quick = true,
            Long("gate") => gate = true,
            Long("help") | Short('h') => {
                println!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            Value(name) if name == "client" => {
                let way = client::Way::named(&parser.value()?.string()?)?;
                let port = parser.value()?.parse()?;
                let run = client::run(way, port, parser.value()?.as_ref())?;
                println!("{}", serde_json::to_string(&run)?);
                return Ok(ExitCode::SUCCESS);
            }
            Value(name) if name == "serve" => {
                let folder = parser.value()?;
                let items = parser.value()?.parse()?;
                let distance = server::Distance {
                    round_trip: Duration::from_millis(parser.value()?.parse()?),
                    service: Duration::from_millis(parser.value()?.parse()?),
                };
                server::serve(folder.as_ref(), items, distance)?;
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let measured = report::measure(&std::env::current_exe()?, quick)?;
    println!("{}", measured.table());
    let goals = measured.goals();
    for goal in &goals {
        println!("{goal}");
    }
    let missed = goals.iter().any(super::goal::Goal::is_missed);
    Ok(if gate && missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
