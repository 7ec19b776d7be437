//! The process that is killed, as its parent sees it.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::child;
use crate::world::World;

/// Where a process was killed.
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// In the transaction, or after it.
    pub(crate) place: String,
    /// What the transaction did.
    pub(crate) what: String,
}

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// At this step.
    Step(usize),
    /// After so many lines, wherever it is by then.
    Lines(usize),
    /// When it is done.
    Done,
}

/// What a process says.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Step {
        number: usize,
        at: At,
    },
    /// It is about to do this to that.
    Try(String, String),
    /// It has.
    Kept(String, String),
    Synced,
    Done,
}

/// Ended with the test, also when that fails.
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    pub(crate) fn start(world: &World, gated: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child::edits_until_it_is_killed", "--nocapture"])
            .env(child::FILE, world.file())
            .env(child::ORIGIN, world.origin())
            .env(child::RUN, world.runs().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if gated {
            command.env(child::GATED, "1");
        }
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            stdin,
            lines,
        }
    }

    /// What it says next; nothing once it has ended. Blocks.
    pub(crate) fn next(&mut self) -> Option<Said> {
        loop {
            let line = self.lines.next()?.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            return Some(match words[..] {
                [">", "step", number, place, what] => Said::Step {
                    number: number.parse().unwrap(),
                    at: At {
                        place: place.to_owned(),
                        what: what.to_owned(),
                    },
                },
                [">", "try", what, of] => Said::Try(what.to_owned(), of.to_owned()),
                [">", "kept", what, of] => Said::Kept(what.to_owned(), of.to_owned()),
                [">", "synced"] => Said::Synced,
                [">", "done"] => Said::Done,
                _ => continue,
            });
        }
    }

    /// Lets it go on.
    pub(crate) fn go(&mut self) {
        // One that is not gated does not read it.
        let _ = self.stdin.write_all(b"\n");
    }

    /// On Unix this is SIGKILL: nothing in the process hears of it. What it
    /// has said before can still be heard.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
