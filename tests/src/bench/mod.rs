//! Benchmarks: ours beside bare hyper, and beside other people's clients.
//!
//! A client is measured in a process of its own, started anew for every round,
//! so that peak memory is its own and no client warms anything up for the next.
//! Rounds are interleaved: whatever the machine does meanwhile meets all alike.
//! Only where a call takes some microseconds, all callers are in one process,
//! and they take turns.

pub mod contentstack;
pub mod core;
mod figures;
mod goal;
pub mod ocss;
mod program;
mod served;
pub mod simperium;
pub mod simperium_sync;
mod stats;
pub mod syncthing;
pub mod synctools;
mod turns;

use crate::Result;
