//! Browsing a folder in a process of its own, whose memory can be measured.

use std::env;
use std::fmt;
use std::ops::ControlFlow;
use std::process::{Command, ExitCode, Stdio};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use syncthing_rest::Client;
use tokio::time::Instant;

use crate::Result;
use crate::cost::Cost;
use crate::syncthing::Lab;

/// The environment variable with the API key.
const KEY: &str = "API_KEY";

/// How a folder is browsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Into a tree.
    Collected,
    /// File by file, keeping nothing.
    Visited,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Collected => "collected",
            Self::Visited => "visited",
        })
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "collected" => Ok(Self::Collected),
            "visited" => Ok(Self::Visited),
            other => Err(format!("`{other}` is neither collected nor visited")),
        }
    }
}

/// What browsing found and cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Browsed {
    /// Files and directories.
    pub entries: usize,
    /// What it cost.
    pub cost: Cost,
}

/// The program: `browse-client URL FOLDER collected|visited`, with the API key
/// in the environment variable `API_KEY`. Prints a [`Browsed`] as JSON.
pub fn main() -> ExitCode {
    let result = run().and_then(|browsed| Ok(serde_json::to_string(&browsed)?));
    match result {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("browse-client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Browsed> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, folder, mode] = arguments.as_slice() else {
        return Err("usage: browse-client URL FOLDER collected|visited".into());
    };
    let mode: Mode = mode.parse()?;
    let client = Client::builder(url).api_key(env::var(KEY)?).build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(browse(&client, folder, mode))
}

async fn browse(client: &Client, folder: &str, mode: Mode) -> Result<Browsed> {
    let begun = Instant::now();
    let browse = client.folder(folder).browse();
    let entries = match mode {
        Mode::Collected => browse.await?.iter().map(|node| node.count()).sum(),
        Mode::Visited => {
            let mut entries = 0;
            let visit = browse.visit(|_| {
                entries += 1;
                ControlFlow::<()>::Continue(())
            });
            // Nothing breaks it off.
            let _ = visit.await?;
            entries
        }
    };
    let cost = Cost::until_now(begun.elapsed().as_secs_f64(), 0)?;
    Ok(Browsed { entries, cost })
}

/// Runs the program on a folder of `lab`.
///
/// # Errors
///
/// It fails.
pub fn in_a_process(program: &str, lab: &Lab, folder: &str, mode: Mode) -> Result<Browsed> {
    let output = Command::new(program)
        .args([&lab.daemon.url(), folder, &mode.to_string()])
        .env(KEY, lab.daemon.api_key())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
