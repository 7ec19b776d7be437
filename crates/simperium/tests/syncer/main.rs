//! The syncer as a program uses it, over the emulator.
#![cfg(all(feature = "emulator", feature = "sync"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod connection;
mod devices;
mod editing;
mod events;
mod faults;
mod opening;
#[cfg(feature = "sqlite")]
mod restart;
mod secrets;
mod stopping;
mod stores;
mod support;
mod tokens;
