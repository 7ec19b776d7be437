//! Other people's programs for Simperium, told line by line what to do.

mod npm;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub use self::npm::NpmDevice;
use crate::Result;

/// One of the scripts in `peers/simperium`.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers/simperium")
        .join(name)
}

/// A program that answers each line of JSON with one. It is ended with this
/// value.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Program {
    /// Starts `script` with the interpreter that `command` names.
    pub fn start(mut command: Command, script: &Path) -> Result<Self> {
        let mut child = command
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("the program has no output")?;
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    /// Tells it to do something; what it answers. Blocks.
    pub fn ask(&mut self, request: &Value) -> Result<Value> {
        self.tell(request)?;
        self.answer(request)
    }

    /// Tells it to do something, and does not wait for the answer.
    pub fn tell(&mut self, request: &Value) -> Result<()> {
        let stdin = self.stdin.as_mut().ok_or("the program has no input")?;
        stdin.write_all(format!("{request}\n").as_bytes())?;
        Ok(stdin.flush()?)
    }

    /// The answer to what it was told. Blocks.
    pub fn answer(&mut self, request: &Value) -> Result<Value> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(format!("the program ended at {request}").into());
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer.get("error") {
            Some(error) => Err(format!("{request}: {error}").into()),
            None => Ok(answer),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It ends with its standard input, too; this is the quicker way.
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
