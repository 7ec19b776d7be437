//! Tables of a Django site, over HTTP, from one database into another.
//!
//! `cargo run -p synctools --example synctool --features server,images -- --help`

mod args;
mod database;
mod progress;
mod serve;
mod sync;
mod table;

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;

use args::{Args, Command};
use sync_core::tool::{self, Outcome, Result};

fn main() -> ExitCode {
    tool::run("synctool", Args::read(), run)
}

async fn run(args: Args) -> Result {
    let Args {
        place,
        token,
        public,
        command,
    } = args;
    let outcome = match command {
        Command::Serve(what) => serve::serve(&place, token, public, what).await,
        Command::Sync(what) => sync::sync(&place, token, public, &what).await,
        Command::Check(what) => sync::check(&place, token, public, &what).await,
        Command::Images { sync, model, field } => {
            sync::images(&place, token, public, &sync, &model, &field).await
        }
    };
    outcome.map_err(without_name)
}

/// The service's errors begin with its name, which is the tool's as well.
fn without_name(error: Box<dyn Error>) -> Box<dyn Error> {
    match tool::in_full(&*error).strip_prefix("synctool ") {
        Some(rest) => rest.into(),
        None => error,
    }
}

/// Ends with Ctrl-C, or when the process is asked to end.
async fn shutdown() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler there is nothing to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// The result of `work`; `None` when it was stopped before. What it was writing
/// then is taken back.
async fn unless_stopped<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        () = shutdown() => None,
        result = &mut work => Some(result),
    }
}
