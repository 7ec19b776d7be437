//! Packages for Node.js, in a folder of their own.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::apt;
use super::install::on_path;

type Packages = [(&'static str, &'static str)];

/// Runs the machine's Node.js with the packages that lie beside it.
const STARTER: &str = "\
#!/bin/sh
root=$(dirname \"$(readlink -f \"$0\")\")
NODE_PATH=\"$root/node_modules\" exec node \"$@\"
";

/// Installs packages in `dir` with the machine's npm; the program that finds
/// them. No package runs a program of its own meanwhile.
pub(super) fn install(
    packages: &Packages,
    overrides: &Packages,
    dir: &Path,
) -> io::Result<PathBuf> {
    for program in ["node", "npm"] {
        if on_path(program).is_none() {
            return Err(io::Error::other(format!("no `{program}` on PATH")));
        }
    }
    let names: Vec<&str> = packages.iter().map(|(name, _)| *name).collect();
    eprintln!("fetching {} with npm", names.join(", "));
    fs::write(dir.join("package.json"), manifest(packages, overrides))?;
    apt::run(
        Command::new("npm")
            .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--no-update-notifier", "--loglevel=error"])
            .current_dir(dir),
    )?;
    let node = program(dir);
    fs::write(&node, STARTER)?;
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755))?;
    Ok(node)
}

pub(super) fn program(dir: &Path) -> PathBuf {
    dir.join("node")
}

/// What makes the program print the version of the first package.
pub(super) fn version_of(packages: &Packages) -> [String; 3] {
    let name = packages.first().map_or("", |(name, _)| *name);
    // Not by `require`: what a package exports is its own affair.
    let script = "const file = `${process.env.NODE_PATH}/${process.argv[1]}/package.json`; \
                  JSON.parse(require('node:fs').readFileSync(file)).version";
    ["--print".to_owned(), script.to_owned(), name.to_owned()]
}

fn manifest(packages: &Packages, overrides: &Packages) -> String {
    let object = |packages: &Packages| -> Map<String, Value> {
        let fields = packages.iter();
        fields
            .map(|(name, version)| ((*name).to_owned(), Value::from(*version)))
            .collect()
    };
    let manifest = json!({
        "name": "peer",
        "version": "0.0.0",
        "private": true,
        "dependencies": object(packages),
        "overrides": object(overrides),
    });
    manifest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_exact_versions() {
        let text = manifest(&[("@a/b", "1.2.3")], &[("c", "4.5.6")]);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["dependencies"], json!({"@a/b": "1.2.3"}));
        assert_eq!(value["overrides"], json!({"c": "4.5.6"}));
        assert_eq!(value["private"], true);
    }
}
