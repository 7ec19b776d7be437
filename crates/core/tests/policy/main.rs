//! The policy loop from outside: what is repeated, waited for, followed,
//! authorized, decoded, and said when it fails. No sockets; time is virtual.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod answers;
mod auth;
mod bodies;
mod codings;
mod errors;
mod faults;
mod polls;
mod redirects;
mod retry;
mod support;
mod timeouts;
