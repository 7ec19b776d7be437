//! The machine of the syncer, frame by frame.
#![cfg(feature = "sync")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod changes;
mod codes;
mod conflicts;
mod connecting;
mod garbage;
mod index;
mod lab;
mod official_bugs;
mod reloads;
mod resent;
mod revisions;
mod sending;
mod untold;
