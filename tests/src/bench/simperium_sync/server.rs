//! A server in a process of its own.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use simperium::emulator::Emulator;

use crate::Result;

pub(super) const APP: &str = "bench";
/// Whose bucket it is.
pub(super) const TOKEN: &str = "lab-bench";
pub(super) const BUCKET: &str = "note";
/// About the size of a note, in bytes.
const SIZE: usize = 300;

/// Serves a bucket of so many notes, with so many milliseconds of latency,
/// until standard input ends.
pub(super) fn serve(count: usize, latency: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let latency = Duration::from_millis(latency);
        let emulator = Emulator::builder()
            .log_limit(0)
            .configure(|config| config.latency = latency..latency)
            .start()
            .await?;
        emulator.seed(APP, TOKEN, BUCKET, count, SIZE);
        println!("{}", emulator.host());
        // A child's end closes the pipe, and so does its parent's.
        let ended = tokio::task::spawn_blocking(|| {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())
        });
        ended.await??;
        Ok(())
    })
}

/// That process, ended with this value.
pub(super) struct Server {
    child: Child,
    pub(super) host: String,
}

impl Server {
    pub(super) fn start(program: &Path, count: u32, latency: u32) -> Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", &count.to_string(), &latency.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut host = String::new();
        std::io::BufReader::new(stdout).read_line(&mut host)?;
        let host = host.trim().to_owned();
        Ok(Self { child, host })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
