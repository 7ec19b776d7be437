//! A process that edits and syncs is killed (SIGKILL), at every step and at
//! any time: nothing is lost, and nothing is there twice.
//!
//! The test starts itself as that process. `CRASH_KILLS` says how often it is
//! killed at any time; the steps it is killed at are all there are.
#![cfg(all(feature = "emulator", feature = "sqlite"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod child;
mod gates;
mod process;
mod world;

use fastrand::Rng;

use crate::process::{At, Process, Until};
use crate::world::{Mishap, World};

/// How often every step is gone through. What a process finds when it starts,
/// and so what its steps do, is each time something else.
const ROUNDS: usize = 2;

/// Kills the process at its first step, then its next run at its second, and
/// so on until a run has no more steps. Each run begins with what the one
/// before has left.
async fn kill_at_every_step(name: &str, mishap: Mishap) {
    let mut world = World::start(name).await;
    let mut killed: Vec<At> = Vec::new();
    for _ in 0..ROUNDS {
        for step in 1.. {
            world.begin_run(mishap).await;
            let process = Process::start(&world, true);
            let at = world.run(process, Until::Step(step), mishap).await;
            world.check_so_far();
            let Some(at) = at else {
                break;
            };
            killed.push(at);
            assert!(step < 200, "it never ends: {killed:?}");
        }
    }
    let done = |what: &str, place: &str| {
        killed
            .iter()
            .any(|at| at.place == place && at.what.contains(what))
    };
    for what in ["edited", "made", "acknowledged", "received"] {
        for place in ["inside", "after"] {
            assert!(done(what, place), "never {what}, {place}: {killed:?}");
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_step_it_loses_nothing_and_repeats_nothing() {
    kill_at_every_step("steps", Mishap::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_step_while_answers_are_lost_it_repeats_nothing() {
    kill_at_every_step("answers", Mishap::LostAnswers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_step_while_sockets_are_kicked_it_loses_nothing() {
    kill_at_every_step("kicks", Mishap::Kicks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_time_it_loses_nothing_and_repeats_nothing() {
    let kills = std::env::var("CRASH_KILLS").ok();
    let kills: usize = kills.and_then(|text| text.parse().ok()).unwrap_or(30);
    let mut rng = Rng::with_seed(7);
    let mut world = World::start("any-time").await;
    let mut done = 0;
    for _ in 0..kills {
        let mishap = *rng.choice(&Mishap::ALL).unwrap();
        world.begin_run(mishap).await;
        let process = Process::start(&world, false);
        let until = Until::Lines(rng.usize(1..40));
        done += usize::from(world.run(process, until, mishap).await.is_none());
        world.check_so_far();
    }
    assert!(done < kills, "it was never killed in the middle");
    world.finish().await;
}
