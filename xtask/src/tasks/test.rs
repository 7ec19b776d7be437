//! `cargo xtask test`: every test, with the peers they need.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::process::Command;

use lexopt::prelude::*;
use xtask::peers::postgresql::{self, Cluster, Durability, POSTGRESQL_URL};
use xtask::peers::{self, ALL, Event, Found, Missing, Peer, REQUIRE_PEERS, Session, Use};
use xtask::table::Table;

use super::Task;
use crate::cargo::{self, cargo};
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "test",
    usage: "[FILTER] [options] [-- LIBTEST-OPTIONS]",
    about: "Run the tests, with real peers",
    details: "
  FILTER               only tests with this in their names
  -p, --package NAME   only this package (may be repeated)
      --require-peers  fail where a peer is missing instead of skipping its tests
      --no-peers       without peers; their tests are skipped
      --unit           only the tests within the sources: no peers, no doc tests
      --release        with optimisations

Missing peers are fetched first where that is possible (`cargo xtask help peers`).
Tests get the peers' programs in PEER_… variables, start what they need on
loopback ports of the system's choosing, in temporary folders, and end it. What
is left when they are through, whether they passed, failed or were interrupted,
is ended by its process id. One PostgreSQL server is started for all of them,
which they find in SYNCTOOLS_POSTGRES_URL; one that is named there already is
used as it is.

The closing table tells which peers were talked to and which tests were skipped
since one is missing. Exit code 0: every test passed.",
    run,
};

#[derive(Debug, Default)]
struct Options {
    filter: Option<String>,
    packages: Vec<String>,
    require_peers: bool,
    no_peers: bool,
    unit: bool,
    release: bool,
    libtest: Vec<std::ffi::OsString>,
}

fn run(parser: lexopt::Parser) -> Result<(), Failure> {
    let options = parse(parser)?;
    test(&options)
}

/// The whole of it, as the continuous integration runs it.
pub(super) fn all(require_peers: bool) -> Result<(), Failure> {
    test(&Options {
        require_peers,
        ..Options::default()
    })
}

fn parse(mut parser: lexopt::Parser) -> Result<Options, Failure> {
    let mut options = Options {
        require_peers: peers::are_required(),
        ..Options::default()
    };
    loop {
        // What follows `--` is for the test programs.
        if let Some(raw) = parser.try_raw_args() {
            if raw.peek().is_some_and(|next| next == "--") {
                options.libtest = raw.skip(1).collect();
                break;
            }
        }
        match parser.next()? {
            None => break,
            Some(Short('p') | Long("package")) => {
                options.packages.push(parser.value()?.string()?);
            }
            Some(Long("require-peers")) => options.require_peers = true,
            Some(Long("no-peers")) => options.no_peers = true,
            Some(Long("unit")) => options.unit = true,
            Some(Long("release")) => options.release = true,
            Some(Value(filter)) if options.filter.is_none() => {
                options.filter = Some(filter.string()?);
            }
            Some(other) => return Err(other.unexpected().into()),
        }
    }
    if options.require_peers && (options.no_peers || options.unit) {
        return Err(Failure::usage("peers can't be required and left out"));
    }
    Ok(options)
}

fn test(options: &Options) -> Result<(), Failure> {
    let session = run::session()?;
    let found = if options.no_peers || options.unit {
        Vec::new()
    } else {
        obtain(Use::Tests, options.require_peers)?
    };

    let mut build = command(options, &session, &found)?;
    build.arg("--no-run");
    run::run(&mut build)?;

    let postgresql = start_postgresql(options, &found)?;
    let mut command = command(options, &session, &found)?;
    if let Some(cluster) = &postgresql {
        command.env(POSTGRESQL_URL, cluster.url(postgresql::USER));
    }
    command.arg("--no-fail-fast");
    command
        .args(&options.filter)
        .arg("--")
        .args(&options.libtest);
    if std::io::stdout().is_terminal() {
        // Cargo and the tests write into a pipe, so that results can be counted.
        command
            .env("CARGO_TERM_COLOR", "always")
            .arg("--color=always");
    }
    let mut counts = Counts::default();
    let result = run::run_seeing(&mut command, |line| counts.add(line));
    drop(postgresql);
    for record in session.end_peers() {
        eprintln!(
            "ended {} ({}), which a test left running",
            record.name, record.pid
        );
    }
    run::check_interrupted()?;
    let events = session.events();
    report(&found, &events, counts);
    result?;
    if counts.passed + counts.failed == 0 {
        let filter = options.filter.as_deref().unwrap_or("");
        return Err(Failure::new(format!("no test ran; filter: `{filter}`")));
    }
    Ok(())
}

/// What was learnt of one peer.
pub(super) type State = (&'static Peer, Result<Found, Missing>);

/// Looks for the peers of one use, and fetches the missing.
pub(super) fn obtain(used_by: Use, required: bool) -> Result<Vec<State>, Failure> {
    obtain_if(used_by, required, |_| true)
}

/// The same, of some peers.
pub(super) fn obtain_if(
    used_by: Use,
    required: bool,
    is_needed: impl Fn(&Peer) -> bool,
) -> Result<Vec<State>, Failure> {
    let mut states = Vec::new();
    let wanted = ALL.iter().filter(|peer| peer.used_by == used_by);
    for peer in wanted.filter(|peer| is_needed(peer)) {
        run::check_interrupted()?;
        let state = super::peers::obtain(peer);
        if let Err(missing) = &state {
            if required {
                return Err(Failure::new(missing));
            }
            eprintln!("missing: {missing}");
        }
        states.push((peer, state));
    }
    Ok(states)
}

/// Tells a command where the peers are; those that are missing are switched off,
/// so that nobody finds what was not found here.
pub(super) fn pass_on(states: &[State], command: &mut Command) {
    for peer in ALL {
        let state = states.iter().find(|(known, _)| *known == peer);
        match state {
            Some((_, Ok(found))) => command.env(peer.env, &found.path),
            _ => command.env(peer.env, ""),
        };
    }
}

/// The server that all tests share, each with a database of its own.
fn start_postgresql(options: &Options, found: &[State]) -> Result<Option<Cluster>, Failure> {
    let named = std::env::var_os(POSTGRESQL_URL).is_some_and(|url| !url.is_empty());
    let here = found
        .iter()
        .any(|(peer, state)| peer.name == postgresql::NAME && state.is_ok());
    if named || !here {
        return Ok(None);
    }
    match Cluster::start(Durability::Process) {
        Ok(cluster) => Ok(Some(cluster)),
        Err(error) if options.require_peers => Err(error.into()),
        Err(error) => {
            eprintln!("missing: {error}");
            Ok(None)
        }
    }
}

fn command(options: &Options, session: &Session, found: &[State]) -> Result<Command, Failure> {
    let mut command = cargo();
    command.arg("test");
    if options.packages.is_empty() {
        command.arg("--workspace");
    }
    for package in &options.packages {
        command.args(["--package", package]);
    }
    if options.unit {
        command.args(["--lib", "--bins"]);
    }
    if options.release {
        command.arg("--release");
    }
    let mut crates = cargo::public_crates()?;
    crates.retain(|c| options.packages.is_empty() || options.packages.contains(&c.name));
    let features = cargo::features_for_tests(&crates);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    session.adopt(&mut command);
    pass_on(found, &mut command);
    command.env(REQUIRE_PEERS, if options.require_peers { "1" } else { "0" });
    Ok(command)
}

/// Results added up over all test programs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
}

impl Counts {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some(results) = line.strip_prefix("test result:") else {
            return;
        };
        for part in results.split(';') {
            let mut words = part.split_ascii_whitespace().rev();
            let (name, number) = (words.next(), words.next());
            let number = number.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
            match name {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                _ => {}
            }
        }
    }
}

fn report(found: &[State], events: &[Event], counts: Counts) {
    let mut table = Table::new(["peer", "version", "started", "tests skipped", "why"]);
    for peer in ALL.iter().filter(|peer| peer.used_by == Use::Tests) {
        let of_peer = || events.iter().filter(|event| event.peer == peer.name);
        let started = of_peer().filter(|event| event.started).count();
        let skipped = skipped(of_peer()).len();
        let state = found.iter().find(|(known, _)| *known == peer);
        let (version, why) = match state.map(|(_, state)| state) {
            Some(Ok(found)) => (found.version.to_string(), String::new()),
            Some(Err(missing)) => ("-".to_owned(), missing.reason.clone()),
            None => ("-".to_owned(), "switched off".to_owned()),
        };
        table.row([
            peer.name.to_owned(),
            version,
            format!("{started}×"),
            skipped.to_string(),
            why,
        ]);
    }
    // A test that returned because a peer is missing counts as passed with libtest.
    let skipped = skipped(events.iter()).len();
    println!("\n{table}");
    println!(
        "{} passed, {} failed, {skipped} skipped",
        counts.passed.saturating_sub(skipped),
        counts.failed
    );
}

fn skipped<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeSet<&'a str> {
    events
        .filter(|event| !event.started)
        .map(|event| event.test.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Options, Failure> {
        parse(lexopt::Parser::from_args(arguments))
    }

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out\n");
        counts
            .add("test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 2 passed; 1 failed; 0 ignored;\n");
        counts.add("test prints::test result: 7 passed; ... ok\n");
        assert_eq!(
            counts,
            Counts {
                passed: 14,
                failed: 1
            }
        );
    }

    #[test]
    fn the_command_line_is_understood() {
        let options =
            parsed(&["wakes", "-p", "sync-core", "--release", "--", "--nocapture"]).unwrap();
        assert_eq!(options.filter.as_deref(), Some("wakes"));
        assert_eq!(options.packages, ["sync-core"]);
        assert!(options.release && !options.no_peers);
        assert_eq!(options.libtest, ["--nocapture"]);
        assert!(parsed(&["one", "two"]).is_err());
        assert!(parsed(&["--require-peers", "--no-peers"]).is_err());
        assert!(parsed(&["--nonsense"]).is_err());
    }

    #[test]
    fn a_test_that_missed_two_peers_is_skipped_once() {
        let event = |peer: &str, started| Event {
            started,
            peer: peer.to_owned(),
            test: "a_test".to_owned(),
            reason: String::new(),
        };
        let events = [event("a", false), event("b", false), event("c", true)];
        assert_eq!(skipped(events.iter()).len(), 1);
    }
}
