//! The server by itself: no client of this crate is in these tests.
#![cfg(feature = "emulator")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod contents;
mod http_rules;
mod random;
mod signatures;
mod socket;
mod support;
mod wire;
mod world;
