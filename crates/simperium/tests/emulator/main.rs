//! The service by itself: no client of this crate is in these tests.
#![cfg(feature = "emulator")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod admin;
mod auth;
mod captures;
mod changes;
mod faults;
mod following;
mod index;
mod items;
mod listening;
mod rebasing;
mod sockets;
mod support;
mod virtual_time;
