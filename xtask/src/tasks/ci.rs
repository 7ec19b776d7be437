//! `cargo xtask ci`: what the continuous integration checks, step by step.

use std::time::{Duration, Instant};

use lexopt::prelude::*;
use xtask::table::Table;

use super::{Task, features, msrv, test, tree};
use crate::cargo::{self, cargo};
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "ci",
    usage: "[STEP…] [--keep-going]",
    about: "Run the checks of the continuous integration, or some of them",
    details: "
  lock      Cargo.lock fits the manifests
  fmt       the sources are formatted
  clippy    no lint in any target with any feature
  docs      the documentation builds without a warning
  tree      no crate depends on more than its budget (`help tree`)
  msrv      the crates compile with the declared Rust version (`help msrv`)
  features  every crate compiles alone with each feature (`help features`)
  exact     the tests within the crates with every feature, also those that
            change how others behave
  test      `cargo xtask test --require-peers`

Without a step, all in this order, until the first that fails.

      --keep-going   all steps, whatever fails; the exit code still tells",
    run,
};

type Step = (&'static str, fn() -> Result<(), Failure>);

const STEPS: &[Step] = &[
    ("lock", lock),
    ("fmt", fmt),
    ("clippy", clippy),
    ("docs", docs),
    ("tree", || tree::run_check(false)),
    ("msrv", || msrv::check(true)),
    ("features", || features::check(&[])),
    ("exact", exact),
    ("test", || test::all(true)),
];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut keep_going, mut steps) = (false, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("keep-going") => keep_going = true,
            Value(name) => {
                let name = name.string()?;
                let step = STEPS.iter().find(|(known, _)| *known == name);
                steps.push(*step.ok_or_else(|| {
                    Failure::usage(format!("there is no step `{name}`; see `help ci`"))
                })?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if steps.is_empty() {
        steps = STEPS.to_vec();
    }

    let mut table = Table::new(["step", "result", "time"]);
    let mut first_failure = None;
    for (name, step) in steps {
        if first_failure.is_some() && !keep_going {
            table.row([name.to_owned(), "not run".to_owned(), String::new()]);
            continue;
        }
        eprintln!("\n== {name}");
        let begun = Instant::now();
        let result = step();
        let took = format!("{} s", rounded(begun.elapsed()));
        let verdict = if result.is_ok() { "passed" } else { "failed" };
        table.row([name.to_owned(), verdict.to_owned(), took]);
        if let Err(failure) = result {
            if let Some(text) = failure.message() {
                eprintln!("{name}: {text}");
            }
            first_failure.get_or_insert(failure);
        }
    }
    eprint!("\n{table}");
    match first_failure {
        Some(Failure::Said(_) | Failure::Usage(_)) => Err(Failure::Exit(1)),
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn rounded(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_millis() >= 500)
}

fn lock() -> Result<(), Failure> {
    cargo::output(cargo().args(["metadata", "--locked", "--format-version=1"])).map(drop)
}

fn fmt() -> Result<(), Failure> {
    run::run(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<(), Failure> {
    run::run(
        cargo()
            .args(["clippy", "--workspace", "--all-targets", "--all-features"])
            .args(["--", "--deny", "warnings"]),
    )
}

fn docs() -> Result<(), Failure> {
    run::run(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

fn exact() -> Result<(), Failure> {
    for package in cargo::public_crates()? {
        run::run(cargo().args([
            "test",
            "--all-features",
            "--lib",
            "--package",
            &package.name,
        ]))?;
    }
    Ok(())
}
