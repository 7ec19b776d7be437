//! The pipeline beside bare hyper: what a call costs more than the bytes.
//!
//! | client | what it is |
//! |---|---|
//! | `raw` | one HTTP/1.1 connection of hyper, no pool |
//! | `legacy` | hyper-util's client with pool, no headers of its own |
//! | `legacyh` | the same, with exactly the headers that the pipeline sends |
//! | `transport` | `Arc<dyn Transport>` over `HyperTransport`, with these headers |
//! | `pipeline` | `Pipeline::call` with its defaults and an API key |
//!
//! Each makes every request anew from text, as a program does, and reads the
//! answer into memory (or, where it's streamed, piece by piece).
//!
//! Instructions, counted by valgrind's callgrind, are the gate: they don't
//! depend on what else the machine does. Wall time is shown beside them, with
//! server and client on the same core, where it varies least.

mod clients;
mod gate;
mod rounds;
mod server;

use std::process::ExitCode;

use lexopt::ValueExt as _;

use super::Result;
use super::program::{Outcome, Program, no_part};
use clients::Kind;
pub(in crate::bench) use rounds::{Cores, on_core};

const HELP: &str = "\
bench-core [--quick] [--gate]     measure all clients, print one table
    --quick   fewer rounds
    --gate    fail when a goal is missed

bench-core serve                  the server that is measured against
bench-core client KIND requests URL N
bench-core client KIND stream URL N";

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
    let program = std::env::current_exe()?;
    let server = server::Server::start(&program)?;
    let measured = rounds::all(&program, &server, quick)?;
    Outcome::new(&measured.table(), &gate::goals(&measured))
}

/// Does one part of the work, and says what it cost.
fn part(name: &str, parser: &mut lexopt::Parser) -> Result<String> {
    match name {
        "serve" => {
            server::serve()?;
            Ok(String::new())
        }
        "client" => {
            let kind: Kind = parser.value()?.parse()?;
            let mode = parser.value()?.string()?;
            let url: http::Uri = parser.value()?.parse()?;
            let count: u32 = parser.value()?.parse()?;
            let cost = match mode.as_str() {
                "requests" => clients::requests(kind, url, count)?,
                "stream" => clients::stream(kind, url, count)?,
                other => return Err(format!("`{other}` is neither requests nor stream").into()),
            };
            Ok(serde_json::to_string(&cost)?)
        }
        other => no_part(other),
    }
}
