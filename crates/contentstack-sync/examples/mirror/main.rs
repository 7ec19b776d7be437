//! A mirror of a Contentstack environment, from the command line.
//!
//! `cargo run -p contentstack-sync --example mirror --features sqlite,assets -- --help`

mod args;
mod filter;
mod local;
mod progress;
mod pull;

use std::process::ExitCode;

use args::{Args, Command};
use sync_core::tool::{self, Outcome, Result};

fn main() -> ExitCode {
    tool::run("mirror", Args::read(), run)
}

async fn run(args: Args) -> Result {
    match args.command {
        Command::Pull(what) => pull::pull(&args.connect, &what).await,
        Command::Watch { interval, what } => pull::watch(&args.connect, interval, &what).await,
        Command::Verify => pull::verify(&args.connect).await,
        Command::Status => local::status(&args.connect.db).await,
        Command::Query(query) => local::query(&args.connect.db, *query).await,
        Command::Uses { kind, uid } => local::uses(&args.connect.db, kind, &uid).await,
        Command::Export => local::export(&args.connect.db).await,
    }
}
