//! `cargo xtask features`: every feature of every crate compiles alone.

use std::process::Command;

use lexopt::prelude::*;

use super::Task;
use crate::cargo::{self, Package, cargo};
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "features",
    usage: "[-p NAME]…",
    about: "Check that each crate compiles alone with each of its features",
    details: "
  -p, --package NAME   only this crate (may be repeated)

Checks every crate below `crates` by itself, since a workspace build turns on
for one crate what another one asks for: without features, with each feature
alone, with the default ones, and with all. The library only, not its tests.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut only = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('p') | Long("package") => only.push(parser.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    check(&only)
}

pub(super) fn check(only: &[String]) -> Result<(), Failure> {
    let crates = cargo::public_crates()?;
    if let Some(unknown) = only
        .iter()
        .find(|name| !crates.iter().any(|c| c.name == **name))
    {
        return Err(Failure::usage(format!("there is no crate `{unknown}`")));
    }
    let (mut checked, mut failed) = (0, Vec::new());
    for package in &crates {
        if !only.is_empty() && !only.contains(&package.name) {
            continue;
        }
        for mut command in commands(package) {
            checked += 1;
            if run::run(&mut command).is_err() {
                run::check_interrupted()?;
                failed.push(cargo::shown(&command));
            }
        }
    }
    if failed.is_empty() {
        println!("{checked} combinations of crate and features compile");
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} of {checked} combinations of crate and features don't compile:\n{}",
        failed.len(),
        failed.join("\n")
    )))
}

fn commands(package: &Package) -> Vec<Command> {
    let check = |features: &[&str]| {
        let mut command = cargo();
        // Like `cargo check`, but with warnings of this crate alone as errors
        // (RUSTFLAGS would have every dependency built again).
        command
            .args(["rustc", "--quiet", "--profile", "check"])
            .args(["--package", &package.name, "--lib"])
            .args(features)
            .args(["--", "--deny", "warnings"]);
        command
    };
    let alone = package.features.iter().filter(|name| *name != "default");
    let mut commands = vec![check(&["--no-default-features"])];
    commands.extend(alone.map(|name| check(&["--no-default-features", "--features", name])));
    commands.push(check(&[]));
    commands.push(check(&["--all-features"]));
    commands
}
