//! One run of `cargo xtask test` or the like: what it starts can be told from
//! what others run, and is ended with it.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::{self, Identity};
use super::registry::{Record, Registry, Scope};
use crate::workspace;

/// In the environment of everything that a session starts: its id.
pub(crate) const SESSION: &str = "PEERS_SESSION";
/// The file to which peers that were started or missed are written.
const SESSION_LOG: &str = "PEERS_SESSION_LOG";

/// A run of `cargo xtask`.
#[derive(Debug)]
pub struct Session {
    id: String,
    log: PathBuf,
}

/// What a session's tests did with a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whether the peer was started, or else missed.
    pub started: bool,
    /// The peer's name.
    pub peer: String,
    /// The test, by the name of its thread.
    pub test: String,
    /// Why the peer was missed; empty when it was started.
    pub reason: String,
}

impl Session {
    /// Begins a session, after ending what killed ones have left behind.
    pub fn begin() -> io::Result<Self> {
        let own = Identity::own().map_or(0, |own| own.started);
        let id = format!("{}-{own}", std::process::id());
        let dir = workspace::peers_dir().join("sessions");
        fs::create_dir_all(&dir)?;
        Registry::default().sweep(Scope::Orphans);
        for log in fs::read_dir(&dir)?.filter_map(Result::ok) {
            if !log.file_name().to_str().is_some_and(is_alive) {
                let _ = fs::remove_file(log.path());
            }
        }
        let log = dir.join(&id);
        fs::write(&log, "")?;
        Ok(Self { id, log })
    }

    /// Gives a command what the peers library needs to belong to this session.
    pub fn adopt(&self, command: &mut Command) {
        command
            .env(SESSION, &self.id)
            .env(SESSION_LOG, &self.log)
            .env(workspace::PEERS_DIR, workspace::peers_dir());
    }

    /// What the tests have done with peers so far.
    pub fn events(&self) -> Vec<Event> {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().filter_map(Event::parse).collect()
    }

    /// Ends the peers that are still running; returns them.
    pub fn end_peers(&self) -> Vec<Record> {
        Registry::default().sweep(Scope::Session(&self.id))
    }

    /// Ends everything the session started that still runs: the build and the
    /// tests too. For an interrupted run. Returns how many processes that were.
    pub fn end_everything(&self) -> usize {
        process::end_all(
            || process::with_env(SESSION, &self.id),
            Duration::from_secs(2),
        )
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end_peers();
        let _ = fs::remove_file(&self.log);
    }
}

/// Whether the session with this id still runs.
fn is_alive(id: &str) -> bool {
    let parsed = id.split_once('-').and_then(|(pid, started)| {
        Some(Identity {
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
        })
    });
    parsed.is_some_and(Identity::is_alive)
}

impl Event {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(4, '\t').map(str::to_owned);
        Some(Self {
            started: fields.next()? == "started",
            peer: fields.next()?,
            test: fields.next()?,
            reason: fields.next()?,
        })
    }

    fn to_line(&self) -> String {
        let kind = if self.started { "started" } else { "missing" };
        let line = format!("{kind}\t{}\t{}\t{}", self.peer, self.test, self.reason);
        line.replace('\n', " ") + "\n"
    }
}

/// The session this program runs in; empty outside of one.
pub(crate) fn current() -> String {
    env::var(SESSION).unwrap_or_default()
}

/// Tells the session about a peer that was started, or missed for a reason.
pub(crate) fn note(peer: &str, missed: Option<&str>) {
    let Some(log) = env::var_os(SESSION_LOG) else {
        return;
    };
    let event = Event {
        started: missed.is_none(),
        peer: peer.to_owned(),
        test: std::thread::current()
            .name()
            .unwrap_or("another thread")
            .to_owned(),
        reason: missed.unwrap_or_default().to_owned(),
    };
    append(Path::new(&log), &event.to_line());
}

fn append(log: &Path, line: &str) {
    // One write call, so that lines of several test programs never mix. A log
    // that can't be written only makes the closing table poorer.
    if let Ok(mut file) = fs::OpenOptions::new().append(true).open(log) {
        let _ = file.write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_log_whatever_the_reason_says() {
        let event = Event {
            started: false,
            peer: "syncthing 1.29".to_owned(),
            test: "wakes_up".to_owned(),
            reason: "no\tway\nat all".to_owned(),
        };
        let line = event.to_line();
        assert_eq!(line.lines().count(), 1);
        let again = Event::parse(line.trim_end()).unwrap();
        assert_eq!(again.reason, "no\tway at all");
        assert_eq!((again.started, again.peer), (false, event.peer));
        assert_eq!(Event::parse("nonsense"), None);
    }

    #[test]
    fn an_adopted_command_ends_with_the_session() {
        let session = Session::begin().unwrap();
        let mut command = Command::new("sleep");
        command.arg("600");
        session.adopt(&mut command);
        let mut child = command.spawn().unwrap();
        while process::with_env(SESSION, &session.id).is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(session.end_everything(), 1);
        assert!(!child.wait().unwrap().success());
    }
}
