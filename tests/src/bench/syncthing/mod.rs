//! Our client beside other people's, on the same daemon.
//!
//! Three tasks: 2,000 pings one after the other, the tree of a folder with
//! 100,000 files, and the daemon's whole backlog of events after that, some 3 MB.
//! Every client does each in a process of its own, in turn with the others.

mod clients;
mod ours;
mod peers;
mod report;
mod run;

use std::process::ExitCode;

use lexopt::ValueExt as _;
use xtask::peers::syncthing::Version;

use super::Result;
use super::program::{Outcome, Program, no_part};
use crate::syncthing::{Lab, Size, write_files};

const HELP: &str = "\
bench-syncthing [--quick] [--gate]    measure all clients, print the tables
    --quick   fewer rounds, fewer files
    --gate    fail when a goal is missed

bench-syncthing client pings URL COUNT
bench-syncthing client browse URL FOLDER
bench-syncthing client visit URL FOLDER
bench-syncthing client events URL
    our own client; the API key comes in API_KEY";

/// The folder that is browsed.
const FOLDER: &str = "large";

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Amount {
    pings: u32,
    files: u32,
    rounds: usize,
}

/// The program: benchmark and client in one.
pub fn main() -> ExitCode {
    let program = Program {
        help: HELP,
        part,
        measure,
    };
    program.main()
}

fn measure(quick: bool) -> Result<Outcome> {
    let amount = Amount {
        pings: 2_000,
        files: if quick { 10_000 } else { 100_000 },
        rounds: if quick { 2 } else { 7 },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let lab = runtime.block_on(daemon(amount))?;
    let report = report::measure(&lab, amount)?;
    Ok(Outcome {
        text: report.to_string(),
        missed: report.misses_a_goal(),
    })
}

/// Does one part of the work, which says itself what it cost.
fn part(name: &str, parser: &mut lexopt::Parser) -> Result<String> {
    if name != "client" {
        return no_part(name);
    }
    let rest = parser.raw_args()?.map(|word| word.string());
    ours::main(&rest.collect::<Result<Vec<_>, _>>()?)?;
    Ok(String::new())
}

/// The newest daemon that is here, with a large folder.
async fn daemon(amount: Amount) -> Result<Lab> {
    let here = |version: &&Version| version.find().is_ok();
    let version = Version::ALL.iter().rev().find(here).ok_or(
        "there is no Syncthing daemon to measure with; `cargo xtask peers install` fetches one",
    )?;
    let lab = Lab::start(*version)?.ok_or("the daemon has disappeared")?;
    eprintln!("{version} scans {} files", amount.files);
    let path = lab.add_folder(FOLDER, &[]).await?;
    write_files(&path, amount.files, Size::Empty)?;
    lab.client.folder(FOLDER).scan().await?;
    Ok(lab)
}
