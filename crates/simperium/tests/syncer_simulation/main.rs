//! Devices that edit the same objects, over connections that break, with a
//! server that forgets, repeats and refuses, in a time of their own.
//!
//! Every run is made from its seed. It ends with the devices and the server
//! having the same, with every word that was written in it or in a conflict
//! that was reported, and with none twice; and it looks after every
//! transaction whether what the store holds is what a device may go on from.
//!
//! A run that fails names its seed. `SIMPERIUM_SIMULATION=profile:seed` makes
//! that one alone, and tells what happens; `SIMPERIUM_SIMULATION_RUNS=n` makes
//! so many of each profile, and `SIMPERIUM_SIMULATION_FROM=n` begins at that seed.
#![cfg(all(feature = "sync", feature = "emulator"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod check;
mod device;
mod edits;
mod history;
mod profile;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::profile::Profile;
use self::world::World;

/// Runs of each profile, unless told otherwise.
const RUNS: u64 = 350;

fn simulate(profile: Profile) {
    if let Ok(one) = std::env::var("SIMPERIUM_SIMULATION") {
        if let Some(seed) = one.strip_prefix(profile.name()) {
            let seed = seed.trim_start_matches(':').parse().unwrap();
            World::new(profile, seed, true).run();
        }
        return;
    }
    let number = |name, otherwise| {
        let number = std::env::var(name);
        number.map_or(otherwise, |number| number.parse().unwrap())
    };
    let runs = number("SIMPERIUM_SIMULATION_RUNS", RUNS);
    let from = number("SIMPERIUM_SIMULATION_FROM", 0);
    let mut changes = 0;
    let mut failed = Vec::new();
    for seed in from..from + runs {
        let run = AssertUnwindSafe(|| World::new(profile, seed, false).run());
        match catch_unwind(run) {
            Ok(made) => changes += made,
            Err(_) => failed.push(format!("SIMPERIUM_SIMULATION={}:{seed}", profile.name())),
        }
    }
    println!(
        "{}: {runs} runs from {from}, {changes} changes",
        profile.name()
    );
    assert!(
        failed.is_empty(),
        "these make runs that fail: {}",
        failed.join(" ")
    );
    // Runs in which nothing happens show nothing.
    assert!(changes > runs * 10);
}

#[test]
fn devices_converge_over_slow_connections() {
    simulate(Profile::Slow);
}

#[test]
fn devices_converge_though_connections_break() {
    simulate(Profile::Kicks);
}

#[test]
fn devices_converge_though_they_are_killed() {
    simulate(Profile::Crashes);
}

#[test]
fn devices_converge_though_the_server_forgets() {
    simulate(Profile::Forgetful);
}

#[test]
fn devices_converge_though_the_server_refuses() {
    simulate(Profile::Refusals);
}

#[test]
fn devices_converge_whatever_happens() {
    simulate(Profile::Everything);
}
