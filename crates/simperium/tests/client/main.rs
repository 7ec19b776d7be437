//! The client of the HTTP API, against recorded answers and the emulator.
#![cfg(feature = "emulator")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod admin;
mod auth;
mod bulk;
mod changes;
mod faults;
mod history;
mod index;
mod names;
mod reads;
mod recorded;
mod requests;
mod secrets;
mod support;
mod tokens;
mod writes;
