//! What the tasks of this repository share with its tests: the [peers], real
//! programs that the clients are tested against, the [workspace] they live in, and
//! what the task [serve] can be asked for.
//!
//! The library is plain `std` without a runtime, so that `cargo xtask` is built
//! in seconds. Everything here blocks; call it from `spawn_blocking` where that
//! matters.

// The workspace bans wall-clock calls for the sake of virtual time in tests.
// Here real processes are waited for, and they know no other clock.
#![allow(clippy::disallowed_methods)]

pub mod peers;
pub mod serve;
pub mod table;
pub mod workspace;
