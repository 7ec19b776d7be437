//! The stores: what they promise, and what they leave in their databases.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod kit;

#[cfg(feature = "sqlite")]
mod cleaning;
#[cfg(feature = "sqlite")]
mod contents;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
mod postgres;
#[cfg(feature = "sqlite")]
mod random;
#[cfg(feature = "sqlite")]
mod references;
#[cfg(feature = "sqlite")]
mod rows;
#[cfg(feature = "postgres")]
mod server;
#[cfg(feature = "sqlite")]
mod site;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod support;
