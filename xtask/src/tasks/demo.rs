//! `cargo xtask demo`.

use lexopt::Arg::Value;
use lexopt::ValueExt as _;
use xtask::peers::Use;

use super::{Task, test};
use crate::cargo::cargo;
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "demo",
    usage: "[contentstack|ocss|simperium|simperium-sync|syncthing|synctools]…",
    about: "Show the clients at work on their services",
    details: "
  contentstack    an environment into a mirror, and its changes
  ocss            a phone's data from a SyncServer
  simperium       a bucket into a file, edited by others meanwhile
  simperium-sync  notes of two devices, offline and online
  syncthing       two real daemons that share a folder, followed by their events
  synctools       tables into SQLite, and from a real Django where there is one

Without a name, all, with a closing table. Fetches the programs that these need,
then builds and runs the program `demo` of the package `sync-tests`. What is
missing is named and left out. Everything runs on loopback in temporary folders
and is ended and removed in the end.",
    run,
};

/// The demos, with the peers that each is with: the first words of their names.
const DEMOS: &[(&str, &[&str])] = &[
    ("contentstack", &[]),
    ("ocss", &[]),
    ("simperium", &[]),
    ("simperium-sync", &[]),
    ("syncthing", &["syncthing"]),
    ("synctools", &["django 2.2"]),
];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut names: Vec<String> = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(name) => names.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let is_known = |name: &&String| DEMOS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = DEMOS.iter().map(|(known, _)| *known).collect();
        return Err(Failure::usage(format!(
            "there is no demo `{unknown}`, only {}",
            known.join(", ")
        )));
    }
    let chosen = DEMOS
        .iter()
        .filter(|(known, _)| names.is_empty() || names.iter().any(|name| name == known));
    let peers: Vec<&str> = chosen.flat_map(|(_, peers)| *peers).copied().collect();

    let session = run::session()?;
    let is_needed = |name: &str| peers.iter().any(|peer| name.starts_with(peer));
    let found = test::obtain_if(Use::Tests, false, |peer| is_needed(peer.name))?;
    let mut command = cargo();
    command
        .args(["run", "--package", "sync-tests"])
        .args(["--features", "demo", "--bin", "demo", "--"])
        .args(names);
    session.adopt(&mut command);
    test::pass_on(&found, &mut command);
    let result = run::run(&mut command);
    session.end_peers();
    result
}
