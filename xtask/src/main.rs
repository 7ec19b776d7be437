//! The tasks of this repository: `cargo xtask help`.

// See the library: real processes are timed by the real clock.
#![allow(clippy::disallowed_methods)]

mod cargo;
mod error;
mod run;
mod tasks;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use error::Failure;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let name = arguments.next().unwrap_or_else(|| "help".into());
    let rest: Vec<OsString> = arguments.collect();
    match dispatch(&name.to_string_lossy(), rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.message() {
                eprintln!("xtask: {text}");
            }
            failure.exit_code()
        }
    }
}

fn dispatch(name: &str, arguments: Vec<OsString>) -> Result<(), Failure> {
    if ["-h", "--help", "help"].contains(&name) {
        return tasks::help::run(&arguments);
    }
    let task = tasks::task(name)?;
    // Help wins over everything before a `--`.
    if arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--help" || argument == "-h")
    {
        tasks::help::print(task);
        return Ok(());
    }
    (task.run)(lexopt::Parser::from_args(arguments))
}
