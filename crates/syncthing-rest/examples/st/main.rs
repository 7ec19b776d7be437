//! A small tool for a Syncthing daemon: how it is, what happens, and waiting
//! until folders are in sync.
//!
//! `cargo run -p syncthing-rest --example st -- --help`

mod args;
mod manage;
mod show;
mod wait;
mod watch;

use std::process::ExitCode;

use args::{Args, Command};
use sync_core::tool::{self, Outcome, Result};

fn main() -> ExitCode {
    tool::run("st", Args::read(), run)
}

async fn run(args: Args) -> Result {
    let client = args.connect.client()?;
    match args.command {
        Command::Status => show::status(&client).await,
        Command::Folders => show::folders(&client).await,
        Command::Errors(folders) => show::errors(&client, folders).await,
        Command::Pending => show::pending(&client).await,
        Command::Watch(what) => watch::watch(&client, what).await,
        Command::Wait(what) => wait::wait(&client, what).await,
        Command::Scan { folder, paths } => manage::scan(&client, folder, paths).await,
        Command::Pause(folders) => manage::pause(&client, &folders, true).await,
        Command::Resume(folders) => manage::pause(&client, &folders, false).await,
        Command::Restart(limit) => manage::restart(&client, limit).await,
    }
}
