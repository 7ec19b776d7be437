//! Simulation: whatever the editors, the service, the network and the process
//! do, in the end the mirror is what the service has.
//!
//! A failure names its seed. To run it alone: `SIM_SEED=<seed> cargo test -p
//! contentstack-sync --all-features --test sim`. How many seeds each test runs
//! is `SIM_SEEDS`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as the tests do"
)]

#[path = "../mirror/server/mod.rs"]
mod server;

mod reader;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use world::{Division, Medium, World};

/// Runs seeds from `first` on, or the one that was asked for.
fn run(first: u64, count: u64, simulate: impl Fn(u64)) {
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let seeds = match (number("SIM_SEED"), number("SIM_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count_instead) => first..first + count_instead.unwrap_or(count),
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| simulate(seed))) {
            eprintln!("to run it again: SIM_SEED={seed}");
            resume_unwind(panic);
        }
    }
}

fn simulate(seed: u64, medium: &Medium, division: Division) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { World::new(seed, medium, division).await.live().await });
}

#[test]
fn one_chain_in_memory() {
    run(0, 1500, |seed| {
        simulate(seed, &Medium::Memory, Division::None)
    });
}

#[test]
fn several_chains_in_memory() {
    run(1_000_000, 1000, |seed| {
        simulate(seed, &Medium::Memory, Division::Any)
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn one_or_several_chains_in_a_file() {
    run(2_000_000, 100, |seed| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("sim-{}-{seed}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let medium = Medium::File(folder.join("mirror.db"));
        let division = if seed % 2 == 0 {
            Division::None
        } else {
            Division::Any
        };
        simulate(seed, &medium, division);
        std::fs::remove_dir_all(&folder).unwrap();
    });
}
