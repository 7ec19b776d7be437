//! The server that everybody asks.

use std::path::Path;
use std::process::{Child, Stdio};

use simperium::emulator::Emulator;

use super::calls::TOKEN;
use super::socket::Socket;
use crate::Result;
use crate::bench::core::Cores;

/// About the size of a note.
const SIZE: usize = 300;

/// Serves a bucket of so many objects until standard input ends.
pub(super) fn serve(count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let emulator = Emulator::builder().log_limit(0).start().await?;
        emulator.seed("bench", TOKEN, "note", count, SIZE);
        println!("{}", emulator.host());
        // A child's end closes the pipe, and so does its parent's.
        let ended = tokio::task::spawn_blocking(|| {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())
        });
        ended.await??;
        Ok(())
    })
}

/// A server in a process of its own.
pub(super) struct Server {
    child: Child,
    pub(super) host: String,
}

impl Server {
    pub(super) fn start(program: &Path, cores: Cores, count: u32) -> Result<Self> {
        use std::io::BufRead as _;
        let mut child = cores
            .command(program)
            .args(["serve", &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut host = String::new();
        std::io::BufReader::new(stdout).read_line(&mut host)?;
        let host = host.trim().to_owned();
        Ok(Self { child, host })
    }

    /// How many entities there are now.
    pub(super) fn entries(&self) -> Result<u32> {
        let mut socket = Socket::open(&self.host, TOKEN)?;
        let text = socket.text("GET", "/_lab/state", "")?;
        let state: serde_json::Value = serde_json::from_str(&text)?;
        let objects = state["apps"]["bench"]["objects"].as_u64();
        Ok(u32::try_from(objects.ok_or("no count of objects")?)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
