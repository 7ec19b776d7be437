//! The stores of the syncer: the suite over those that there are and over
//! broken ones, and what a file adds.
#![cfg(feature = "test-kit")]
#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

mod broken;
#[cfg(feature = "sqlite")]
mod sqlite;
mod suite;
#[cfg(feature = "sqlite")]
mod support;
