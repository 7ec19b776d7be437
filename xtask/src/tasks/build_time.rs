//! `cargo xtask build-time`: what a user waits for on first use.

use std::fs;
use std::time::Instant;

use lexopt::prelude::*;
use xtask::table::Table;
use xtask::workspace;

use super::{Task, tree};
use crate::cargo::{self, cargo};
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "build-time",
    usage: "[NAME…] [--runs N]",
    about: "Measure the cold build of a crate alone",
    details: "
  NAME         crates below `crates`; without one, all
  --runs N     builds per crate, of which the fastest counts (1 by default)

Builds each crate into an empty folder, with its default features and without
optimisation, after fetching what it needs. CPU time is that of all compilers
together. For a figure to compare, let the machine do nothing else.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut names, mut runs) = (Vec::new(), 1_u32);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("runs") => runs = parser.value()?.parse()?,
            Value(name) => names.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let crates = cargo::public_crates()?;
    if let Some(unknown) = names
        .iter()
        .find(|name| !crates.iter().any(|c| c.name == **name))
    {
        return Err(Failure::usage(format!("there is no crate `{unknown}`")));
    }
    let mut table = Table::new(["crate", "crates built", "cold build", "CPU"]);
    run::run(cargo().args(["fetch", "--quiet"]))?;
    for package in crates {
        if !names.is_empty() && !names.contains(&package.name) {
            continue;
        }
        let mut best: Option<(f64, f64)> = None;
        for _ in 0..runs.max(1) {
            let took = build(&package.name)?;
            best = Some(best.map_or(took, |best| if took.0 < best.0 { took } else { best }));
        }
        let (wall, cpu) = best.unwrap_or_default();
        let crates = tree::listed(&package.name, &["--edges", "normal,build"])?;
        table.row([
            package.name,
            crates.len().to_string(),
            format!("{wall:.1} s"),
            format!("{cpu:.1} s"),
        ]);
    }
    print!("{table}");
    Ok(())
}

/// Wall and CPU seconds of one build from nothing.
fn build(name: &str) -> Result<(f64, f64), Failure> {
    let dir = workspace::target_dir().join(format!("build-time-{}", std::process::id()));
    let (begun, cpu_before) = (Instant::now(), cpu_of_children());
    let built = run::run(
        cargo()
            .args(["build", "--quiet", "--offline", "--package", name])
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", &dir),
    );
    let took = (
        begun.elapsed().as_secs_f64(),
        cpu_of_children() - cpu_before,
    );
    let _ = fs::remove_dir_all(dir);
    built.map(|()| took)
}

/// CPU seconds of every child that has ended: fields 16 and 17 of `stat`, in
/// hundredths of a second on every Linux.
fn cpu_of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = after_name
        .split_ascii_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}
