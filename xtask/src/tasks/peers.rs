//! `cargo xtask peers`: what the tests talk to.

use lexopt::prelude::*;
use xtask::peers::syncthing::{Daemon, Version};
use xtask::peers::{ALL, Found, Missing, Origin, Peer, Registry, Scope, Use};
use xtask::table::Table;

use super::Task;
use crate::error::Failure;

pub(super) const TASK: Task = Task {
    name: "peers",
    usage: "list | install [--bench] [NAME…] | start [NAME] [--tls] | stop [--all] [PID…]",
    about: "Fetch, list, start and stop the real programs that tests talk to",
    details: "
  list                 every peer with its state, and what is running
  install [NAME…]      fetch what is missing of the tests' peers, or those named
      --bench          the benchmarks' peers too
      --again          also what is there already
  start [NAME]         start a daemon by hand (newest `syncthing` by default),
                       which runs until it is stopped
      --tls            with HTTPS
  stop [PID…]          end the daemons started by hand, and what a killed run
                       has left behind; or those with these process ids
      --all            every recorded peer, also those that tests use right now

Nothing is installed on the machine except the benchmarks' tools (as root, with
apt-get). Syncthing comes from the Debian archive that the machine's APT is
configured for; it is unpacked below <target>/peers, where all of this lives.
Packages for Python and Node.js come by `pip` and `npm`, of exact versions.
The variables that name a peer's program (see `list`) come before anything
installed; set to nothing, they switch the peer off.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let verb = match parser.next()? {
        Some(Value(verb)) => verb.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => return list(),
    };
    match verb.as_str() {
        "list" => super::no_arguments(parser).and_then(|()| list()),
        "install" => install(parser),
        "start" => start(parser),
        "stop" => stop(parser),
        _ => Err(Failure::usage(format!(
            "`peers {verb}` is not known; see `cargo xtask help peers`"
        ))),
    }
}

/// Finds a peer and fetches it if it's missing. Says why there is none.
pub(super) fn obtain(peer: &Peer) -> Result<Found, Missing> {
    peer.find().or_else(|missing| {
        if std::env::var_os(peer.env).is_some() {
            return Err(missing);
        }
        peer.install().map_err(|error| Missing {
            reason: error.to_string().trim().replace('\n', "; "),
            ..missing
        })
    })
}

fn list() -> Result<(), Failure> {
    let mut table = Table::new([
        "peer",
        "for",
        "version",
        "program, or why there is none",
        "variable",
    ]);
    for peer in ALL {
        let (version, state) = match peer.find() {
            Ok(found) => (found.version.to_string(), found.path.display().to_string()),
            Err(missing) => ("-".to_owned(), missing.reason),
        };
        let used_by = match peer.used_by {
            Use::Bench => "bench",
            Use::Msrv => "msrv",
            _ => "tests",
        };
        table.row([
            peer.id(),
            used_by.to_owned(),
            version,
            state,
            peer.env.to_owned(),
        ]);
    }
    print!("{table}");

    let mut running = Table::new(["pid", "peer", "where", "started by"]);
    for record in Registry::default().records(Scope::All) {
        if record.is_running() {
            let by = match record.owner() {
                None => "hand".to_owned(),
                Some((pid, true)) => format!("process {pid}"),
                Some((pid, false)) => format!("process {pid}, which is gone"),
            };
            running.row([record.pid.to_string(), record.name, record.about, by]);
        }
    }
    if running.is_empty() {
        println!("\nNone is running.");
    } else {
        print!("\n{running}");
    }
    Ok(())
}

fn install(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut bench, mut again, mut named) = (false, false, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("bench") => bench = true,
            Long("again") => again = true,
            Value(name) => named.extend(by_name(&name.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let wanted: Vec<&Peer> = if named.is_empty() {
        ALL.iter()
            .filter(|peer| peer.used_by == Use::Tests || (bench && peer.used_by == Use::Bench))
            .collect()
    } else {
        named
    };
    let mut table = Table::new(["peer", "version", "program, or why there is none"]);
    let mut failed = 0;
    for peer in wanted {
        let found = if again && !matches!(peer.origin, Origin::Machine { .. }) {
            peer.install().map_err(|error| error.to_string())
        } else {
            obtain(peer).map_err(|missing| missing.reason)
        };
        let (version, state) = match found {
            Ok(found) => (found.version.to_string(), found.path.display().to_string()),
            Err(why) => {
                failed += 1;
                ("-".to_owned(), why)
            }
        };
        table.row([peer.id(), version, state]);
    }
    print!("{table}");
    match failed {
        0 => Ok(()),
        failed => Err(Failure::new(format!("{failed} could not be had"))),
    }
}

/// The peers of this name; with or without the version: `syncthing`, `syncthing-1.19`.
fn by_name(name: &str) -> Result<Vec<&'static Peer>, Failure> {
    let name = name.replace(' ', "-");
    let matches = |peer: &&Peer| peer.id() == name || peer.id().starts_with(&format!("{name}-"));
    let found: Vec<&Peer> = ALL.iter().filter(matches).collect();
    if found.is_empty() {
        return Err(Failure::usage(format!("there is no peer `{name}`")));
    }
    Ok(found)
}

fn start(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut name, mut tls) = ("syncthing".to_owned(), false);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("tls") => tls = true,
            Value(value) => name = value.string()?,
            other => return Err(other.unexpected().into()),
        }
    }
    let wanted = by_name(&name)?;
    let version = Version::ALL
        .iter()
        .rev()
        .find(|version| wanted.contains(&version.peer()))
        .ok_or_else(|| Failure::usage(format!("`{name}` is not a daemon")))?;
    let found = obtain(version.peer()).map_err(Failure::new)?;
    let daemon = Daemon::builder()
        .version(*version)
        .program(found.path)
        .monitored(true)
        .detached(true)
        .tls(tls)
        .start()?;
    let pid = daemon.pid().unwrap_or_default();
    println!(
        "{version} is running.\n\n\
         url        {}\n\
         api key    {}\n\
         home       {}\n\
         listens    {}\n\
         device id  {}\n\
         log        {}\n\
         pid        {pid}\n\n\
         `cargo xtask peers stop {pid}` ends it and removes its home.",
        daemon.url(),
        daemon.api_key(),
        daemon.home().display(),
        daemon.listen_address(),
        daemon.device_id(),
        daemon.log_path().display(),
    );
    Ok(())
}

fn stop(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut scopes = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("all") => scopes.push(Scope::All),
            Value(pid) => scopes.push(Scope::Pid(pid.parse()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    let asked_for = !scopes.is_empty();
    if !asked_for {
        scopes = vec![Scope::ByHand, Scope::Orphans];
    }
    let registry = Registry::default();
    let mut ended = 0;
    for scope in scopes {
        let records = registry.sweep(scope);
        if let (Scope::Pid(pid), []) = (scope, records.as_slice()) {
            return Err(Failure::new(format!("no recorded peer runs as {pid}")));
        }
        for record in records {
            println!("ended {} ({})", record.name, record.pid);
            ended += 1;
        }
    }
    if ended == 0 {
        println!("none was running");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_with_or_without_its_version() {
        let ids = |name| -> Vec<String> { by_name(name).unwrap().iter().map(|p| p.id()).collect() };
        assert_eq!(ids("syncthing"), ["syncthing-1.19", "syncthing-1.29"]);
        assert_eq!(ids("syncthing 1.19"), ["syncthing-1.19"]);
        assert_eq!(ids("wrk"), ["wrk"]);
        assert!(by_name("sync").is_err());
    }
}
