//! A program of somebody else's that does what it is told, line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::Result;

/// The stack that a program is to talk to, and how it is trusted.
#[derive(Debug, Clone)]
pub struct Place {
    /// The port on 127.0.0.1, with TLS.
    pub port: u16,
    /// The stack's API key.
    pub api_key: String,
    /// Its delivery token.
    pub token: String,
    /// Its environment.
    pub environment: String,
    /// A folder that is the program's own; its certificate authority is there
    /// as `ca.pem`.
    pub folder: PathBuf,
}

/// A running program. It is ended with this value.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts a script. `command` has the program, and what comes before it.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut command: Command, script: &Path, place: &Place) -> Result<Self> {
        let authority = place.folder.join("ca.pem");
        let mut child = command
            .arg(script)
            .current_dir(&place.folder)
            .env("STACK_HOST", "127.0.0.1")
            .env("STACK_PORT", place.port.to_string())
            .env("STACK_API_KEY", &place.api_key)
            .env("STACK_TOKEN", &place.token)
            .env("STACK_ENVIRONMENT", &place.environment)
            .env("REQUESTS_CA_BUNDLE", &authority)
            .env("NODE_EXTRA_CA_CERTS", &authority)
            .env("TOKEN_PATH", &place.folder)
            .env("PLUGIN_PATH", &place.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the program has no input or output".into());
        };
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    /// Tells the program to do something; what it answers. Waits for it
    /// without giving way: not within a task that others wait for.
    ///
    /// # Errors
    ///
    /// When it has ended, or answers that it failed.
    pub fn ask(&mut self, request: &Value) -> Result<Value> {
        writeln!(self.input, "{request}")?;
        let mut line = String::new();
        loop {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                return Err(format!("the program has ended: {:?}", self.child.wait()?).into());
            }
            // Some print greetings of their own.
            if line.starts_with('{') {
                break;
            }
        }
        let answer: Value = serde_json::from_str(&line)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(format!("the program says: {error}").into()),
            None => Ok(answer),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It would end with its input, too, but some wait for their timers.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
