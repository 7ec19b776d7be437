//! `cargo xtask bench`.

use std::ffi::OsString;

use lexopt::prelude::*;
use xtask::peers::Use;

use super::{Task, test};
use crate::cargo::cargo;
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "bench",
    usage: "[contentstack|core|ocss|simperium|simperium-sync|syncthing|synctools]… [--quick] [-- BENCH-OPTIONS]",
    about: "Measure against bare hyper and against other people's clients",
    details: "
  contentstack  the Sync API over TLS, streamed, mirrored and in shards, beside
              a hand-written client, bare SQLite and Contentstack's own clients
  core        the pipeline beside the bare hyper-util client: instructions
              (valgrind's callgrind) as the gate, wall time beside them
  ocss        feeds, signatures and signed requests beside bare quick-xml,
              bare hyper, lxml and feedparser
  simperium   calls beside a bare socket and Simperium3, diffs beside npm's
  simperium-sync  the syncer beside npm's: a first sync of 10,000 notes in memory
              and into SQLite, with and without latency, and sending as many
  syncthing   the client beside others on the same daemon
  synctools   100,000 rows into SQLite and PostgreSQL and served, beside a
              hand-written client and the synctool on Django; takes minutes
  --quick     fewer rounds: says whether it works, not how fast it is

Without a name, all. Fetches the peers of tests and benchmarks first; a
comparison whose peer is missing is left out and named. Each is a program of the
package `sync-tests`, built in release mode: `bench-core` and so on.",
    run,
};

const BENCHES: &[&str] = &[
    "contentstack",
    "core",
    "ocss",
    "simperium",
    "simperium-sync",
    "syncthing",
    "synctools",
];

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut names: Vec<String> = Vec::new();
    let mut arguments: Vec<OsString> = Vec::new();
    loop {
        if let Some(raw) = parser.try_raw_args() {
            if raw.peek().is_some_and(|next| next == "--") {
                arguments.extend(raw.skip(1));
                break;
            }
        }
        match parser.next()? {
            None => break,
            Some(Long("quick")) => arguments.push("--quick".into()),
            Some(Value(name)) => names.push(name.string()?),
            Some(other) => return Err(other.unexpected().into()),
        }
    }
    if let Some(unknown) = names.iter().find(|name| !BENCHES.contains(&name.as_str())) {
        return Err(Failure::usage(format!(
            "there is no benchmark `{unknown}`, only {}",
            BENCHES.join(", ")
        )));
    }
    if names.is_empty() {
        names = BENCHES.iter().map(|name| (*name).to_owned()).collect();
    }

    let session = run::session()?;
    let mut found = test::obtain(Use::Tests, false)?;
    found.extend(test::obtain(Use::Bench, false)?);
    let mut result = Ok(());
    for name in names {
        let mut command = cargo();
        command
            .args(["run", "--release", "--package", "sync-tests"])
            .args([
                "--features",
                "bench",
                "--bin",
                &format!("bench-{name}"),
                "--",
            ])
            .args(&arguments);
        session.adopt(&mut command);
        test::pass_on(&found, &mut command);
        // One that misses its goal doesn't keep the others from being measured.
        let ran = run::run(&mut command);
        session.end_peers();
        run::check_interrupted()?;
        result = result.and(ran);
    }
    result
}
