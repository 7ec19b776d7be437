//! The project as a server.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Stdio};

use super::{Database, Django, project_file};
use crate::Result;

/// A server that runs until this value is dropped.
#[derive(Debug)]
pub struct Site {
    child: Child,
    port: u16,
    /// It also ends with its input, whatever becomes of this program.
    _input: ChildStdin,
}

impl Site {
    /// Serves the project on a database.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn serve(django: Django, database: &Database) -> Result<Self> {
        let mut child = django
            .command(&project_file("serve.py"), database)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the server has no input or output".into());
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.strip_prefix("READY ").map(|port| port.trim().parse());
        let Some(Ok(port)) = port else {
            let _ = child.kill();
            return Err(format!("the server does not start ({})", child.wait()?).into());
        };
        Ok(Self {
            child,
            port,
            _input: input,
        })
    }

    /// Where the synctool's routes are.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}/sync/", self.port)
    }

    /// Where uploaded files are.
    pub fn media_url(&self) -> String {
        format!("http://127.0.0.1:{}/media/", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash of the machine would.
    ///
    /// # Errors
    ///
    /// When it has ended already.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
