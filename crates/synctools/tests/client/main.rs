//! The client, end to end, into a SQLite database as Django lays it out.

#![cfg(feature = "sqlite")]
// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod behaviour;
mod clean;
mod conditional;
mod differences;
mod faults;
mod hooks;
#[cfg(feature = "images")]
mod images;
#[cfg(feature = "images")]
mod media;
mod requests;
mod responses;
mod secrets;
mod setup;
mod support;
#[cfg(all(feature = "images", feature = "server", unix))]
mod tool;
