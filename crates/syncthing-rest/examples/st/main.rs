//! A small tool for a Syncthing daemon: how it is, what happens, and waiting
//! until folders are in sync.
//!
//! `cargo run -p syncthing-rest --example st -- --help`

/// Prints a line. Whoever reads it may have seen enough and gone.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::print(format_args!($($text)*))
    };
}

mod args;
mod manage;
mod show;
mod wait;
mod watch;

use std::fmt;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use args::{Args, Command};

/// What a command has to say by its exit code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well.
    Good,
    /// It was done, and the answer is no: there are errors, or something is
    /// not in sync.
    Bad,
}

type Result<T = Outcome> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("st: {error}\nTry st --help.");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("st: {error}");
            return ExitCode::from(3);
        }
    };
    match runtime.block_on(run(args)) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Err(error) => {
            eprintln!("st: {}", in_full(&*error));
            ExitCode::from(3)
        }
    }
}

fn print(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let code = match out.write_fmt(text).and_then(|()| out.write_all(b"\n")) {
        Ok(()) => return,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => {
            eprintln!("st: {error}");
            3
        }
    };
    std::process::exit(code)
}

/// The error and its causes, up to the one that says nothing new.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if said.contains(&more) {
            break;
        }
        said.push_str(": ");
        said.push_str(&more);
        source = cause.source();
    }
    said
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
