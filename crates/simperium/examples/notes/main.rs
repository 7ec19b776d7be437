//! Notes that are kept on this device and in step with every other.
//!
//! `cargo run -p simperium --example notes --features sqlite -- --help`

mod args;
mod connect;
mod editor;
mod local;
mod progress;
mod show;
mod watch;

use std::process::ExitCode;

use args::{Args, Command};
use connect::Notes;

/// What a command has to say by its exit code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Good,
    /// It was done, and the answer is no: there is no such note, or something
    /// could not be kept.
    Bad,
}

type Result<T = Outcome> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("notes: {error}\nTry notes --help.");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("notes: {error}");
            return ExitCode::from(3);
        }
    };
    match runtime.block_on(run(args)) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Err(error) => {
            eprint!("notes: {error}");
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
    let notes = Notes::open(&args.connect).await?;
    let outcome = match &args.command {
        Command::List => show::list(&notes).await,
        Command::Show { key } => show::one(&notes, key).await,
        Command::Status => show::status(&notes).await,
        Command::History { key } => show::history(&notes, key).await,
        Command::Conflicts { settle } => show::conflicts(&notes, settle).await,
        Command::Add { text } => local::add(&notes, text.as_deref()).await,
        Command::Edit { key, text } => local::edit(&notes, key, text.as_deref()).await,
        Command::Delete { key } => local::delete(&notes, key).await,
        Command::Watch => watch::watch(&notes).await,
    };
    notes.close().await?;
    outcome
}
