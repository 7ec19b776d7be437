//! An example of a crate as a program, for tests that start it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, io};

/// Builds an example of the crate that is tested, next to the test that asks,
/// and returns where it is.
///
/// `crate_dir` is `env!("CARGO_MANIFEST_DIR")` of the test. With the features
/// that the test itself was built with, little is built twice.
///
/// # Errors
///
/// If Cargo cannot be started, or cannot build it; it has said why on standard
/// error.
pub fn build_example(crate_dir: &str, name: &str, features: &[&str]) -> io::Result<PathBuf> {
    // `target/{profile}/deps/test-…`
    let test = env::current_exe()?;
    let folders = test.parent().and_then(Path::parent);
    let (Some(profile), Some(target)) = (folders, folders.and_then(Path::parent)) else {
        return Err(io::Error::other("the test is in no target folder"));
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "--example", name])
        .args(["--no-default-features", "--features"])
        .arg(features.join(","))
        .arg("--target-dir")
        .arg(target)
        .current_dir(crate_dir);
    // What Cargo tells the test of itself would be news to some build scripts,
    // ring's for one, and all that stands on those be built again.
    for (variable, _) in env::vars_os() {
        let variable = variable.to_string_lossy();
        if variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_") {
            build.env_remove(&*variable);
        }
    }
    if profile.ends_with("release") {
        build.arg("--release");
    }
    match build.status()?.success() {
        true => Ok(profile.join("examples").join(name)),
        false => Err(io::Error::other("the example does not build")),
    }
}

/// Standard output for a program whose reader has gone already.
///
/// # Errors
///
/// If the system has no program `true`.
pub fn gone_reader() -> io::Result<Stdio> {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn()?;
    let pipe = reader.stdin.take();
    reader.wait()?;
    pipe.map(Stdio::from)
        .ok_or_else(|| io::Error::other("there is no pipe"))
}
