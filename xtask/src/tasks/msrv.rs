//! `cargo xtask msrv`: the declared Rust version holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lexopt::prelude::*;
use xtask::peers::{ALL, Use, VersionNumber};
use xtask::workspace;

use super::{Task, tree};
use crate::cargo::{self, Package, cargo};
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "msrv",
    usage: "[--no-compile]",
    about: "Check that the crates work with the Rust version they declare",
    details: "
      --no-compile   only ask the dependencies what they declare

Reads the version from the manifests and checks, for every crate below `crates`
with all its features and on every platform, that each dependency declares to
work with it. Then compiles the crates with that very compiler, from rustup if it
has it, else from the Debian suite that ships it (the peer `rustc`, fetched when
missing), with every feature but the second TLS provider. A version that neither
has is not compiled with. What was checked and what was not is said.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut compile = true;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("no-compile") => compile = false,
            other => return Err(other.unexpected().into()),
        }
    }
    check(compile)
}

pub(super) fn check(compile: bool) -> Result<(), Failure> {
    let crates = cargo::public_crates()?;
    let versions = declarations(&crates)?;
    for version in versions {
        let rustc = if compile { rustc(version)? } else { None };
        match rustc {
            Some(rustc) => compile_with(&rustc, version, &crates)?,
            None => println!("not checked: nothing was compiled with Rust {version}"),
        }
    }
    Ok(())
}

/// Compares what the dependencies declare; returns what the crates do.
fn declarations(crates: &[Package]) -> Result<BTreeSet<VersionNumber>, Failure> {
    let everything: BTreeMap<(String, String), Package> = cargo::packages(true)?
        .into_iter()
        .map(|package| ((package.name.clone(), package.version.clone()), package))
        .collect();
    let mut wanting = BTreeSet::new();
    let mut silent = BTreeSet::new();
    let mut declared = BTreeSet::new();
    for package in crates {
        let msrv = rust_version(package)?;
        declared.insert(msrv);
        let listed = tree::listed(
            &package.name,
            &[
                "--all-features",
                "--target",
                "all",
                "--edges",
                "normal,build",
            ],
        )?;
        for key in listed {
            let version = everything.get(&key).and_then(|p| p.rust_version.as_deref());
            match version.and_then(VersionNumber::find) {
                Some(needed) if needed > msrv => {
                    wanting.insert(format!("{} {} needs Rust {needed}", key.0, key.1));
                }
                Some(_) => {}
                None => {
                    silent.insert(key.0);
                }
            }
        }
    }
    for line in &wanting {
        println!("{line}");
    }
    if !wanting.is_empty() {
        return Err(Failure::new("a dependency needs a newer Rust"));
    }
    let versions: Vec<String> = declared.iter().map(VersionNumber::to_string).collect();
    println!(
        "checked: no dependency of {} crates declares to need more than Rust {}",
        crates.len(),
        versions.join(", ")
    );
    if !silent.is_empty() {
        let names: Vec<String> = silent.into_iter().collect();
        println!(
            "not checked: these declare no version: {}",
            names.join(", ")
        );
    }
    Ok(declared)
}

fn rust_version(package: &Package) -> Result<VersionNumber, Failure> {
    package
        .rust_version
        .as_deref()
        .and_then(VersionNumber::find)
        .ok_or_else(|| Failure::new(format!("{} declares no rust-version", package.name)))
}

/// Compiles the crates that declare this version, or an older one, with it.
fn compile_with(rustc: &Path, version: VersionNumber, crates: &[Package]) -> Result<(), Failure> {
    let mut fitting = Vec::new();
    for package in crates {
        if rust_version(package)? <= version {
            fitting.push(package.clone());
        }
    }
    let features = cargo::features_for_tests(&fitting);
    let mut command = cargo();
    command
        .args(["check", "--features", &features.join(",")])
        .env("RUSTC", rustc)
        .env("CARGO_TARGET_DIR", workspace::target_dir().join("msrv"))
        .env_remove("RUSTUP_TOOLCHAIN");
    for package in &fitting {
        command.args(["--package", &package.name]);
    }
    run::run(&mut command)?;
    let names: Vec<&str> = fitting
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    println!(
        "checked: {} compile with {}",
        names.join(", "),
        told_by(rustc)?
    );
    Ok(())
}

/// A compiler of this version: rustup's, else a peer; `None` if there is neither.
fn rustc(version: VersionNumber) -> Result<Option<PathBuf>, Failure> {
    let short = format!("{}.{}", version.major, version.minor);
    let asked = Command::new("rustup")
        .args(["which", "--toolchain", &short, "rustc"])
        .env("RUSTUP_AUTO_INSTALL", "0")
        .stderr(Stdio::null())
        .output();
    if let Ok(output) = asked {
        if output.status.success() {
            let path = String::from_utf8_lossy(&output.stdout);
            return Ok(Some(PathBuf::from(path.trim())));
        }
    }
    let wanted = Some((version.major, version.minor));
    let peer = ALL
        .iter()
        .find(|peer| peer.used_by == Use::Msrv && peer.version == wanted);
    match peer {
        Some(peer) => Ok(Some(super::peers::obtain(peer).map_err(Failure::new)?.path)),
        None => Ok(None),
    }
}

fn told_by(rustc: &Path) -> Result<String, Failure> {
    let told = cargo::output(Command::new(rustc).arg("--version"))?;
    Ok(told.trim().to_owned())
}
