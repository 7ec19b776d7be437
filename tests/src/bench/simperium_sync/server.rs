//! The server that devices sync with.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use simperium::emulator::Emulator;

use crate::Result;
use crate::bench::served::{Served, tell};

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
        tell(emulator.host())?;
        std::future::pending().await
    })
}

/// The same as a process of its own.
pub(super) fn start(program: &Path, count: u32, latency: u32) -> Result<Served> {
    let mut command = Command::new(program);
    Served::start(command.args(["serve", &count.to_string(), &latency.to_string()]))
}
