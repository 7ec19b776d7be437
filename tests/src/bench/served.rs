//! A server as a process of its own: how it is started, told of and ended.

use std::fmt::Display;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use crate::Result;

/// The end of whoever started it. The server ends with this value.
pub(super) struct Served {
    child: Child,
    /// Its end is the server's, also if this process is killed.
    stdin: Option<ChildStdin>,
    place: String,
}

impl Served {
    /// Starts a program that calls [`tell`], and waits until it has.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take();
        let mut served = Self {
            child,
            stdin,
            place: String::new(),
        };
        let stdout = stdout.ok_or("the server has no output")?;
        BufReader::new(stdout.take(1024)).read_line(&mut served.place)?;
        served.place.truncate(served.place.trim_end().len());
        if served.place.is_empty() {
            return Err("the server has ended before it served".into());
        }
        Ok(served)
    }

    /// Where it serves, in its own words.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The same, where that is a port.
    pub(super) fn port(&self) -> Result<u16> {
        let port = self.place.parse();
        port.map_err(|_| format!("the server said {:?} instead of its port", self.place).into())
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The server's end: says where it serves, and has this process end with its
/// input.
pub(super) fn tell(place: impl Display) -> Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{place}")?;
    stdout.flush()?;
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Served> {
        Served::start(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn a_server_tells_its_place_and_ends_with_its_input() {
        let served = shell("echo 8080; exec cat").unwrap();
        assert_eq!(served.place(), "8080");
        assert_eq!(served.port().unwrap(), 8080);
        // Hangs if `cat` goes on.
        drop(served);
    }

    #[test]
    fn a_server_that_fails_has_no_place() {
        assert!(shell("exit 1").is_err());
        let served = shell("echo somewhere").unwrap();
        assert!(served.port().is_err());
    }
}
