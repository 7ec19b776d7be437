//! Processes by identity: an id together with the time its process started, so
//! that an id the system has since given to another process is never signalled.
//!
//! Reads `/proc`; where there is none, nothing is found and nothing is ended.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal as NixSignal, kill};
use nix::unistd::Pid;

/// One process, told apart from any later one with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    /// Clock ticks after boot, field 22 of `/proc/<pid>/stat`.
    pub(crate) started: u64,
}

/// What a process can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Terminate,
    Quit,
    Kill,
    Stop,
    Continue,
}

impl Identity {
    /// The process that has this id now, unless it is gone or only waits to be reaped.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let (_, started) = state_and_start(&stat_of(pid)?)?;
        Some(Self { pid, started })
    }

    /// This very program.
    pub(crate) fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Whether it is alive but stopped by a signal.
    pub(crate) fn is_stopped(self) -> bool {
        stat_of(self.pid).as_deref().and_then(state_and_start) == Some(("T", self.started))
    }

    /// Whether its environment has `key=value`.
    pub(crate) fn has_env(self, key: &str, value: &str) -> bool {
        let wanted = format!("{key}={value}");
        fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|env| env.split(|&byte| byte == 0).any(|v| v == wanted.as_bytes()))
    }

    /// Sends the signal if the process is still the same.
    pub(crate) fn signal(self, signal: Signal) -> bool {
        let Ok(pid) = i32::try_from(self.pid) else {
            return false;
        };
        let signal = match signal {
            Signal::Terminate => NixSignal::SIGTERM,
            Signal::Quit => NixSignal::SIGQUIT,
            Signal::Kill => NixSignal::SIGKILL,
            Signal::Stop => NixSignal::SIGSTOP,
            Signal::Continue => NixSignal::SIGCONT,
        };
        self.is_alive() && kill(Pid::from_raw(pid), signal).is_ok()
    }
}

fn stat_of(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/stat")).ok()
}

/// Fields 3 and 22 of a `stat` line; `None` for a zombie. The second field is
/// the program's name in brackets and may itself hold brackets and blanks.
fn state_and_start(stat: &str) -> Option<(&str, u64)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace();
    match fields.next()? {
        "Z" | "X" => None,
        state => Some((state, fields.nth(18)?.parse().ok()?)),
    }
}

/// Every living process that was started with `key=value` in its environment,
/// which children inherit: a daemon together with what it forked.
pub(crate) fn with_env(key: &str, value: &str) -> Vec<Identity> {
    let Ok(entries) = fs::read_dir(Path::new("/proc")) else {
        return Vec::new();
    };
    let mut found: Vec<Identity> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Identity::of)
        .filter(|process| process.has_env(key, value))
        .collect();
    found.sort_by_key(|process| (process.started, process.pid));
    found
}

/// Ends every process that `find` tells, oldest first, and those that appear
/// meanwhile; asks politely for `grace` before it kills. Returns how many ended.
pub(crate) fn end_all(find: impl Fn() -> Vec<Identity>, grace: Duration) -> usize {
    let mut ended: Vec<Identity> = Vec::new();
    let begun = Instant::now();
    // A killed process is gone within moments; the limit is for one that the
    // kernel holds in an uninterruptible wait.
    while begun.elapsed() < grace + Duration::from_secs(10) {
        let alive = find();
        if alive.is_empty() {
            break;
        }
        let polite = begun.elapsed() < grace;
        for process in alive {
            let new = !ended.contains(&process);
            if new {
                ended.push(process);
            }
            if !polite {
                process.signal(Signal::Kill);
            } else if new {
                process.signal(Signal::Terminate);
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    ended.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn sleeper(mark: &str) -> std::process::Child {
        Command::new("sleep")
            .arg("600")
            .env("XTASK_TEST_MARK", mark)
            .spawn()
            .unwrap()
    }

    #[test]
    fn the_start_time_is_read_past_a_name_with_brackets() {
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        let stat = format!("7 (a) b (c)) S {}", fields.join(" "));
        assert_eq!(state_and_start(&stat), Some(("S", 22)));
        assert_eq!(state_and_start(&stat.replace(" S ", " Z ")), None);
        assert_eq!(state_and_start("garbage"), None);
    }

    #[test]
    fn an_id_given_to_another_process_is_not_signalled() {
        let mut child = sleeper("recycled");
        let real = Identity::of(child.id()).unwrap();
        let stale = Identity {
            started: real.started - 1,
            ..real
        };
        assert!(!stale.signal(Signal::Kill));
        assert!(real.is_alive());
        assert!(real.signal(Signal::Kill));
        child.wait().unwrap();
        assert!(!real.is_alive());
    }

    #[test]
    fn processes_are_found_and_ended_by_their_mark() {
        let mark = format!("found-{}", std::process::id());
        let mut child = sleeper(&mark);
        let find = || with_env("XTASK_TEST_MARK", &mark);
        // Between fork and exec the child still shows its parent's environment.
        while find().is_empty() {
            thread::yield_now();
        }
        assert_eq!(find()[0].pid, child.id());
        assert_eq!(end_all(find, Duration::ZERO), 1);
        assert!(!child.wait().unwrap().success());
        assert_eq!(end_all(find, Duration::ZERO), 0);
    }
}
