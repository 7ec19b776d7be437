//! What a process says about its own cost.
//!
//! Peak memory can only be told of a whole process, so that whatever is to be
//! measured is done in one of its own.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::Result;

/// What a client's process prints, as JSON, when it's done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Cost {
    /// Wall time of the work, without start and end of the process.
    pub seconds: f64,
    /// Processor time of the main thread since its start; 0 where the kernel
    /// doesn't tell.
    pub cpu_seconds: f64,
    /// The most memory the process has had (`VmHWM`), in KiB.
    pub peak_kib: u64,
    /// How many bytes of bodies it has seen.
    pub bytes: u64,
}

impl Cost {
    /// The cost of this process until now, of which `seconds` were spent on the
    /// work.
    ///
    /// # Errors
    ///
    /// There is no `/proc`.
    pub fn until_now(seconds: f64, bytes: u64) -> Result<Self> {
        Ok(Self {
            seconds,
            cpu_seconds: cpu_seconds().unwrap_or(0.0),
            peak_kib: peak_kib()?,
            bytes,
        })
    }
}

/// The most memory that this process has had, in KiB.
fn peak_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(peak_in(&status).ok_or("no VmHWM in /proc/self/status")?)
}

/// The most memory that a process has had, in KiB, from its `/proc/…/status`.
pub fn peak_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Processor time of the main thread, to the nanosecond.
fn cpu_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_peak_memory() {
        let before = peak_kib().unwrap();
        let much = vec![1_u8; 32 << 20];
        assert!(peak_kib().unwrap() >= before.max(32 << 10));
        drop(much);
    }
}
