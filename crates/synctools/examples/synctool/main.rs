//! Tables of a Django site, over HTTP, from one database into another.
//!
//! `cargo run -p synctools --example synctool --features server,images -- --help`

mod args;
mod database;
mod progress;
mod serve;
mod sync;
mod table;

use std::future::Future;
use std::pin::pin;
use std::process::ExitCode;

use args::{Args, Command};

/// What a command has to say by its exit code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Good,
    /// It was done, and the answer is no: there are differences, or files could
    /// not be had.
    Bad,
    /// Somebody stopped it.
    Stopped,
}

type Result<T = Outcome> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("synctool: {error}\nTry synctool --help.");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("synctool: {error}");
            return ExitCode::from(3);
        }
    };
    match runtime.block_on(run(args)) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Ok(Outcome::Stopped) => ExitCode::from(130),
        Err(error) => {
            eprint!("synctool: {error}");
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
    let Args {
        place,
        token,
        public,
        command,
    } = args;
    match command {
        Command::Serve(what) => serve::serve(&place, token, public, what).await,
        Command::Sync(what) => sync::sync(&place, token, public, &what).await,
        Command::Check(what) => sync::check(&place, token, public, &what).await,
        Command::Images { sync, model, field } => {
            sync::images(&place, token, public, &sync, &model, &field).await
        }
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
