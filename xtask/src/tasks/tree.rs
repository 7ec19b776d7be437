//! `cargo xtask tree`: how many crates somebody gets who depends on one of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use lexopt::prelude::*;
use xtask::table::Table;
use xtask::workspace;

use super::Task;
use crate::cargo::{self, cargo};
use crate::error::Failure;

pub(super) const TASK: Task = Task {
    name: "tree",
    usage: "[--bless]",
    about: "Check that no crate depends on more than its budget",
    details: "
      --bless   write the budget anew from what is there

Lists the third-party crates that each crate below `crates` needs to be used
(`cargo tree -e normal`), with its default features and with none, and compares
with `xtask/tree-budget.txt`, where every one of them is named. A crate that isn't
in the budget fails, and so do some that are never wanted. One that is gone
is told, and taken out of the budget with --bless.",
    run,
};

/// Crates that no tree may have, and why.
const DENIED: &[(&str, &str)] = &[
    ("native-tls", "TLS is rustls"),
    ("openssl-sys", "TLS is rustls"),
    ("reqwest", "the transport is sync-core's own"),
    ("url", "it brings 28 crates of Unicode tables"),
    ("chrono", "jiff or httpdate"),
    ("async-std", "the runtime is tokio"),
];

/// Two that may not be in one tree together.
const NOT_BOTH: (&str, &str, &str) = ("ring", "aws-lc-rs", "one TLS provider is enough");

/// Names of crates, each with the version as far as it's compatible.
type Crates = BTreeSet<String>;
/// By `crate features`.
type Budget = BTreeMap<String, Crates>;

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut bless = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("bless") => bless = true,
            other => return Err(other.unexpected().into()),
        }
    }
    run_check(bless)
}

pub(super) fn run_check(bless: bool) -> Result<(), Failure> {
    let actual = measure()?;
    let denied = denied(&actual);
    if bless {
        fs::write(budget_file(), to_text(&actual))?;
    }
    let text = fs::read_to_string(budget_file()).unwrap_or_default();
    let budget = parse(&text);

    let mut table = Table::new(["crate", "features", "crates", "budget", "over", "unused"]);
    let mut over = 0;
    for (key, crates) in &actual {
        let empty = Crates::new();
        let allowed = budget.get(key).unwrap_or(&empty);
        let names = |of: &Crates, other: &Crates| -> String {
            of.difference(other).cloned().collect::<Vec<_>>().join(", ")
        };
        over += crates.difference(allowed).count();
        let (name, features) = key.split_once(' ').unwrap_or((key, ""));
        table.row([
            name.to_owned(),
            features.to_owned(),
            crates.len().to_string(),
            allowed.len().to_string(),
            names(crates, allowed),
            names(allowed, crates),
        ]);
    }
    print!("{table}");
    for line in &denied {
        println!("{line}");
    }
    if !denied.is_empty() {
        return Err(Failure::new("a crate that is never wanted"));
    }
    if over > 0 {
        return Err(Failure::new(
            "more crates than the budget names; if each is worth it, \
             `cargo xtask tree --bless` and say why in the commit",
        ));
    }
    Ok(())
}

fn budget_file() -> PathBuf {
    workspace::root().join("xtask").join("tree-budget.txt")
}

fn measure() -> Result<Budget, Failure> {
    let own: BTreeSet<String> = cargo::packages(false)?
        .into_iter()
        .map(|p| p.name)
        .collect();
    let mut budget = Budget::new();
    for package in cargo::public_crates()? {
        for (features, arguments) in [("default", &[][..]), ("none", &["--no-default-features"])] {
            let listed = listed(&package.name, arguments)?;
            let crates = listed
                .into_iter()
                .filter(|(name, _)| !own.contains(name))
                .map(|(name, version)| format!("{name} {}", compatible(&version)))
                .collect();
            budget.insert(format!("{} {features}", package.name), crates);
        }
    }
    Ok(budget)
}

/// Name and version of every crate in a tree.
pub(super) fn listed(
    package: &str,
    arguments: &[&str],
) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut command = cargo();
    command
        .args(["tree", "--package", package, "--prefix", "none"])
        .args(["--no-dedupe", "--format", "{p}"]);
    if !arguments.contains(&"--edges") {
        command.args(["--edges", "normal"]);
    }
    command.args(arguments);
    let text = cargo::output(&mut command)?;
    Ok(text.lines().filter_map(name_and_version).collect())
}

fn name_and_version(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.split_once(" v")?;
    let version = rest.split_ascii_whitespace().next()?;
    Some((name.to_owned(), version.to_owned()))
}

/// The part of a version that an update within semver keeps: `1`, `0.26`, `0.0.3`.
fn compatible(version: &str) -> String {
    let numbers: Vec<&str> = version.split(['.', '-', '+']).collect();
    let kept = numbers.iter().take(3).take_while(|n| **n == "0").count() + 1;
    numbers.get(..kept.min(3)).unwrap_or(&numbers).join(".")
}

fn denied(actual: &Budget) -> Vec<String> {
    let mut found = Vec::new();
    for (key, crates) in actual {
        let has = |name: &str| crates.iter().any(|c| c.split(' ').next() == Some(name));
        for (name, why) in DENIED {
            if has(name) {
                found.push(format!("{key}: {name} is not wanted: {why}"));
            }
        }
        let (one, other, why) = NOT_BOTH;
        if has(one) && has(other) {
            found.push(format!("{key}: {one} and {other}: {why}"));
        }
    }
    found
}

fn to_text(budget: &Budget) -> String {
    let mut text = String::from(
        "# The third-party crates that each of ours needs to be used, as `cargo xtask tree`\n\
         # measures them. A line more is a decision; `cargo xtask tree --bless` writes it.\n",
    );
    for (key, crates) in budget {
        text.push_str(&format!("\n[{key}] {}\n", crates.len()));
        for name in crates {
            text.push_str(name);
            text.push('\n');
        }
    }
    text
}

fn parse(text: &str) -> Budget {
    let mut budget = Budget::new();
    let mut current = None;
    for line in text.lines().map(str::trim) {
        if let Some((key, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            current = Some(budget.entry(key.to_owned()).or_default());
        } else if !line.is_empty() && !line.starts_with('#') {
            if let Some(crates) = &mut current {
                crates.insert(line.to_owned());
            }
        }
    }
    budget
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crates(names: &[&str]) -> Crates {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_budget_reads_back_as_it_was_written() {
        let budget = Budget::from([
            ("a default".to_owned(), crates(&["x 1", "y 0.2"])),
            ("a none".to_owned(), crates(&[])),
        ]);
        assert_eq!(parse(&to_text(&budget)), budget);
    }

    #[test]
    fn an_update_within_semver_does_not_touch_the_budget() {
        for (version, kept) in [
            ("1.2.3", "1"),
            ("0.26.1", "0.26"),
            ("0.0.3", "0.0.3"),
            ("0.0.0", "0.0.0"),
            ("2.0.0-rc.1", "2"),
        ] {
            assert_eq!(compatible(version), kept, "{version}");
        }
    }

    #[test]
    fn lines_of_cargo_tree_are_understood() {
        let serde = name_and_version("serde_derive v1.0.2 (proc-macro)").unwrap();
        assert_eq!(serde, ("serde_derive".to_owned(), "1.0.2".to_owned()));
        assert_eq!(name_and_version(""), None);
    }

    #[test]
    fn unwanted_crates_are_found_by_their_whole_name() {
        let of = |names| denied(&Budget::from([("a default".to_owned(), crates(names))]));
        assert_eq!(of(&["urlencoding 2", "ring 0.17"]).len(), 0);
        assert_eq!(of(&["url 2"]).len(), 1);
        assert_eq!(of(&["ring 0.17", "aws-lc-rs 1"]).len(), 1);
    }
}
