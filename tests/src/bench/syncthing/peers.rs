//! Other people's clients: where their programs are.

use std::path::PathBuf;
use std::process::Command;

use xtask::peers::ALL;
use xtask::workspace;

use super::Result;

/// Where the peers' programs lie in the repository.
fn source() -> PathBuf {
    workspace::root().join("tests/peers")
}

/// The program of a peer that xtask knows, if it's here.
pub(super) fn found(name: &str) -> Result<PathBuf, String> {
    let peer = ALL.iter().find(|peer| peer.name == name);
    let peer = peer.ok_or_else(|| format!("xtask knows no peer {name}"))?;
    Ok(peer.find().map_err(|missing| missing.to_string())?.path)
}

/// A Python client: its interpreter with its script.
pub(super) fn python(peer: &str, script: &str) -> Result<Command, String> {
    let mut command = Command::new(found(peer)?);
    command.arg("-B").arg(source().join("python").join(script));
    Ok(command)
}

/// A Rust client, built from its own package.
pub(super) fn rust(package: &str, program: &str) -> Result<Command, String> {
    let target = workspace::target_dir().join("bench-peers");
    let output = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--manifest-path",
        ])
        .arg(source().join(package).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .map_err(|error| format!("cargo can't be run: {error}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        let last = why.lines().rev().find(|line| line.contains("error"));
        return Err(format!(
            "can't be built: {}",
            last.unwrap_or("see cargo build")
        ));
    }
    Ok(Command::new(target.join("release").join(program)))
}
