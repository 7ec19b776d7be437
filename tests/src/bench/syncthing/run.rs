//! One client's process.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::Result;

/// What came of a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Ran {
    pub(super) seconds: Option<f64>,
    /// How many of what the task is about.
    pub(super) found: Option<u64>,
    /// Why there is no result.
    pub(super) error: Option<String>,
    pub(super) peak_kib: Option<u64>,
}

/// The line that a client prints.
#[derive(Deserialize)]
struct Line {
    seconds: Option<f64>,
    found: Option<u64>,
    error: Option<String>,
}

/// Runs a client that prints its line and waits for the end of its input.
pub(super) fn client(command: &mut Command) -> Result<Ran> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stdin = child.stdin.take();
    let stdout = child.stdout.take().ok_or("the client has no output")?;
    let mut text = String::new();
    BufReader::new(stdout).read_line(&mut text)?;
    // It waits now, and still has what it needed at the most.
    let peak_kib = peak_kib(child.id()).ok();
    drop(stdin);
    let status = child.wait()?;
    if text.is_empty() {
        return Ok(Ran {
            error: Some(format!("it said nothing ({status})")),
            ..Ran::default()
        });
    }
    let line: Line = serde_json::from_str(&text)?;
    Ok(Ran {
        seconds: line.seconds,
        found: line.found,
        error: line.error,
        peak_kib,
    })
}

fn peak_kib(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    crate::cost::peak_in(&status).ok_or_else(|| io::Error::other("no VmHWM"))
}

/// Shell programs that others have written print one number: their seconds, or
/// what `seconds` makes of what they print.
pub(super) fn tool(command: &mut Command, seconds: impl Fn(&str) -> Option<f64>) -> Result<Ran> {
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Ok(Ran {
            error: Some(error),
            ..Ran::default()
        });
    }
    Ok(Ran {
        seconds: seconds(&text),
        ..Ran::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_clients_memory_is_looked_at_while_it_waits() {
        let line = r#"{"seconds": 1.5, "found": 7}"#;
        let ran = client(&mut shell(&format!("echo '{line}'; cat"))).unwrap();
        assert_eq!((ran.seconds, ran.found), (Some(1.5), Some(7)));
        assert!(ran.peak_kib.is_some_and(|peak| peak > 100), "{ran:?}");
    }

    #[test]
    fn a_client_that_fails_says_why() {
        let ran = client(&mut shell(r#"echo '{"error": "no such call"}'"#)).unwrap();
        assert_eq!(ran.error.as_deref(), Some("no such call"));
        assert!(client(&mut shell("exit 3")).unwrap().error.is_some());
    }
}
