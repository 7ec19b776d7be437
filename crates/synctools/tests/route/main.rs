//! The route, asked over sockets: what is sent is compared byte for byte.

#![cfg(all(feature = "server", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

mod answers;
mod mounting;
mod snapshots;
mod streaming;
mod support;
mod vectors;
