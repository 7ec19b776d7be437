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
use sync_core::tool::{self, Outcome, Result};

fn main() -> ExitCode {
    tool::run("notes", Args::read(), run)
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
