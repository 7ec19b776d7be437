//! The server that everybody asks.

use std::path::Path;

use simperium::emulator::Emulator;

use super::calls::TOKEN;
use super::socket::Socket;
use crate::Result;
use crate::bench::core::Cores;
use crate::bench::served::{Served, tell};

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
        tell(emulator.host())?;
        std::future::pending().await
    })
}

/// A server in a process of its own.
pub(super) struct Server(Served);

impl Server {
    pub(super) fn start(program: &Path, cores: Cores, count: u32) -> Result<Self> {
        let mut command = cores.command(program);
        let served = Served::start(command.args(["serve", &count.to_string()]))?;
        Ok(Self(served))
    }

    pub(super) fn host(&self) -> &str {
        self.0.place()
    }

    /// How many entities there are now.
    pub(super) fn entries(&self) -> Result<u32> {
        let mut socket = Socket::open(self.host(), TOKEN)?;
        let text = socket.text("GET", "/_lab/state", "")?;
        let state: serde_json::Value = serde_json::from_str(&text)?;
        let objects = state["apps"]["bench"]["objects"].as_u64();
        Ok(u32::try_from(objects.ok_or("no count of objects")?)?)
    }
}
