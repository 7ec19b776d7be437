//! Cargo, called as if from a shell, and what it knows of the workspace.

use std::env;
use std::io;
use std::process::{Command, Stdio};

use serde_json::Value;
use xtask::workspace;

use crate::error::Failure;

/// `cargo` in the workspace's root.
///
/// `cargo run` tells its program about the package that runs, in variables
/// that some build scripts watch: passed on, they would make cargo rebuild those
/// at every change between `cargo xtask` and plain `cargo`.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root());
    for (key, _) in env::vars_os() {
        let name = key.to_string_lossy();
        let about_xtask = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || [
                "CARGO",
                "CARGO_CRATE_NAME",
                "CARGO_PRIMARY_PACKAGE",
                "OUT_DIR",
            ]
            .contains(&name.as_ref());
        if about_xtask {
            command.env_remove(&key);
        }
    }
    command
}

/// How a command looks in a shell, for saying what is run.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.is_empty() || word.contains(char::is_whitespace) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a command prints to standard output; its complaints go to ours.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "`{}` failed ({})",
            shown(command),
            output.status
        )));
    }
    String::from_utf8(output.stdout).map_err(|error| Failure::new(error.to_string()))
}

pub(crate) fn not_started(command: &Command, error: &io::Error) -> Failure {
    Failure::new(format!("`{}` can't be run: {error}", shown(command)))
}

/// A package, as `cargo metadata` tells it.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) rust_version: Option<String>,
    /// Names of its features, sorted.
    pub(crate) features: Vec<String>,
    /// Below `crates`: what somebody may depend on.
    pub(crate) is_public: bool,
}

/// Every package of the dependency graph, or only the workspace's own.
pub(crate) fn packages(with_dependencies: bool) -> Result<Vec<Package>, Failure> {
    let mut command = cargo();
    command.args(["metadata", "--format-version=1"]);
    if !with_dependencies {
        command.arg("--no-deps");
    }
    let metadata: Value = serde_json::from_str(&output(&mut command)?).map_err(|error| {
        Failure::new(format!("`{}` is not understood: {error}", shown(&command)))
    })?;
    let crates = workspace::root().join("crates");
    let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
    let all = metadata.get("packages").and_then(Value::as_array);
    Ok(all
        .into_iter()
        .flatten()
        .filter_map(|package| {
            Some(Package {
                name: text(package, "name")?,
                version: text(package, "version")?,
                rust_version: text(package, "rust_version"),
                features: features(package),
                is_public: text(package, "manifest_path")
                    .is_some_and(|path| std::path::Path::new(&path).starts_with(&crates)),
            })
        })
        .collect())
}

fn features(package: &Value) -> Vec<String> {
    let all = package.get("features").and_then(Value::as_object);
    let mut names: Vec<String> = all
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names
}

/// The crates that somebody may depend on, by name.
pub(crate) fn public_crates() -> Result<Vec<Package>, Failure> {
    let mut all = packages(false)?;
    all.retain(|package| package.is_public);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Features that are not turned on for the whole workspace: a second TLS provider
/// beside the first (a slow build in C), and a switch that changes how
/// `serde_json` keeps numbers in every crate at once. `cargo xtask ci exact`
/// tests the crates with them.
const NOT_FOR_ALL: &[&str] = &["default", "rustls-aws-lc-rs", "exact-numbers"];

/// Every other feature of these crates, as `crate/feature`.
pub(crate) fn features_for_tests(crates: &[Package]) -> Vec<String> {
    let of_crate = |package: &Package| -> Vec<String> {
        package
            .features
            .iter()
            .filter(|name| !NOT_FOR_ALL.contains(&name.as_str()))
            .map(|name| format!("{}/{name}", package.name))
            .collect()
    };
    crates.iter().flat_map(of_crate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_crates_are_those_below_crates() {
        let names: Vec<String> = public_crates()
            .unwrap()
            .into_iter()
            .map(|p| p.name)
            .collect();
        assert!(names.contains(&"sync-core".to_owned()), "{names:?}");
        assert!(!names.contains(&"xtask".to_owned()), "{names:?}");
    }

    #[test]
    fn a_shown_command_can_be_pasted_into_a_shell() {
        let mut command = Command::new("cargo");
        command.args(["test", "two words", ""]);
        assert_eq!(shown(&command), "cargo test 'two words' ''");
    }
}
