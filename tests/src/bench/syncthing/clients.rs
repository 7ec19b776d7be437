//! Every client, and how it's told to do a task.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::time::Instant;

use super::run::{self, Ran};
use super::{Amount, FOLDER, Result, peers};
use crate::syncthing::Lab;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Pings,
    /// The tree in memory.
    Browse,
    /// File by file.
    Visit,
    Events,
}

/// Someone who does it.
pub(super) struct Client {
    pub(super) name: &'static str,
    way: Way,
    tasks: &'static [Task],
}

enum Way {
    /// A program by the rules of `tests/peers`, with its first arguments.
    Program(PathBuf, Vec<PathBuf>),
    Curl(PathBuf),
    Wrk(PathBuf),
}

/// All clients that are here, ours first, and why others are not.
pub(super) fn all() -> Result<(Vec<Client>, Vec<String>)> {
    use Task::{Browse, Events, Pings, Visit};
    let ours = Way::Program(std::env::current_exe()?, vec!["client".into()]);
    let mut clients = vec![Client {
        name: "syncthing-rest (ours)",
        way: ours,
        tasks: &[Pings, Browse, Visit, Events],
    }];
    let mut missing = Vec::new();
    let program = |command: Command| {
        let arguments = command.get_args().map(PathBuf::from).collect();
        Way::Program(command.get_program().into(), arguments)
    };
    let others = [
        (
            "crate syncthing 0.6.0",
            peers::rust("rust-syncthing", "peer-syncthing").map(program),
            &[Pings, Events][..],
        ),
        (
            "crate syncthing-rs 0.1.0-alpha.3",
            peers::rust("rust-syncthing-rs", "peer-syncthing-rs").map(program),
            &[Pings, Events],
        ),
        (
            "PyPI syncthing 2.4.1",
            peers::python("python syncthing", "with_requests.py").map(program),
            &[Pings, Browse],
        ),
        (
            "PyPI syncthing2 2.4.5",
            peers::python("python syncthing2", "with_requests.py").map(program),
            &[Pings, Browse],
        ),
        (
            "PyPI aiosyncthing 0.7.1",
            peers::python("python aiosyncthing", "with_aiohttp.py").map(program),
            &[Pings],
        ),
        (
            "curl",
            peers::found("curl").map(Way::Curl),
            &[Pings, Browse, Events],
        ),
        (
            "wrk (the limit)",
            peers::found("wrk").map(Way::Wrk),
            &[Pings],
        ),
    ];
    for (name, way, tasks) in others {
        match way {
            Ok(way) => clients.push(Client { name, way, tasks }),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    Ok((clients, missing))
}

impl Client {
    pub(super) fn is_ours(&self) -> bool {
        self.name.ends_with("(ours)")
    }

    pub(super) fn does(&self, task: Task) -> bool {
        self.tasks.contains(&task)
    }

    /// Has it do the task once.
    pub(super) fn run(&self, task: Task, lab: &Lab, amount: Amount) -> Result<Ran> {
        let (url, key) = (lab.daemon.url(), lab.daemon.api_key());
        match &self.way {
            Way::Program(program, arguments) => {
                let mut command = Command::new(program);
                command.args(arguments).env("API_KEY", key);
                match task {
                    Task::Pings => command.args(["pings", &url, &amount.pings.to_string()]),
                    Task::Browse => command.args(["browse", &url, FOLDER]),
                    Task::Visit => command.args(["visit", &url, FOLDER]),
                    Task::Events => command.args(["events", &url]),
                };
                run::client(&mut command)
            }
            Way::Curl(program) => curl(program, task, &url, key, lab.daemon.dir(), amount),
            Way::Wrk(program) => {
                let mut command = Command::new(program);
                command.args(["-t1", "-c1", "-d2s", "-H"]);
                command.arg(format!("X-API-Key: {key}"));
                command.arg(format!("{url}/rest/system/ping"));
                run::tool(&mut command, |said| {
                    Some(f64::from(amount.pings) / per_second(said)?)
                })
            }
        }
    }
}

/// curl fetches and keeps nothing: the daemon's own time, and that of the wire.
fn curl(
    program: &Path,
    task: Task,
    url: &str,
    key: &str,
    dir: &Path,
    amount: Amount,
) -> Result<Ran> {
    // The key goes by a file, not by the command line.
    let config = dir.join("curl.conf");
    let mut file = fs::File::create(&config)?;
    writeln!(file, "header = \"X-API-Key: {key}\"")?;
    let mut command = Command::new(program);
    command.args(["--silent", "--fail", "--output", "/dev/null", "--config"]);
    command.arg(&config);
    command.arg(match task {
        Task::Pings => format!("{url}/rest/system/ping?[1-{}]", amount.pings),
        Task::Browse | Task::Visit => format!("{url}/rest/db/browse?folder={FOLDER}"),
        Task::Events => format!("{url}/rest/events?since=0&timeout=0"),
    });
    let begun = Instant::now();
    let ran = run::tool(&mut command, |_| None)?;
    Ok(Ran {
        seconds: ran.error.is_none().then(|| begun.elapsed().as_secs_f64()),
        ..ran
    })
}

/// The number in wrk's line `Requests/sec:  13775.12`.
fn per_second(said: &str) -> Option<f64> {
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    line?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrks_rate_is_found_in_what_it_says() {
        let said = "  27551 requests in 2.00s, 3.5MB read\nRequests/sec:  13775.12\n";
        assert_eq!(per_second(said), Some(13_775.12));
        assert_eq!(per_second("unable to connect"), None);
    }
}
