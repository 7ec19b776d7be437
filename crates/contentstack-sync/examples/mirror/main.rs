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

/// What a command has to say by its exit code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Good,
    /// It was done, and the answer is no: the mirror has drifted, or files
    /// could not be had.
    Bad,
    /// Somebody stopped it. The next one goes on from there.
    Stopped,
}

type Result<T = Outcome> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mirror: {error}\nTry mirror --help.");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mirror: {error}");
            return ExitCode::from(3);
        }
    };
    match runtime.block_on(run(args)) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Ok(Outcome::Stopped) => ExitCode::from(130),
        Err(error) => {
            eprint!("mirror: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprint!(": {cause}");
                source = cause.source();
            }
            eprintln!();
            ExitCode::from(3)
        }
    }
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
