//! The mirror and its stores, against a model of the service.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic as the tests do"
)]

#[path = "server/mod.rs"]
mod server;

mod basics;
mod changes;
#[cfg(feature = "sqlite")]
mod crash;
mod datasync;
mod events;
mod scenarios;
mod shards;
mod sqlite;
#[cfg(feature = "test-kit")]
mod stores;
mod support;
mod verify;
mod watch;
