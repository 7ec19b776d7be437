//! The client: every request, every answer, every fault.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkpoints;
mod content_types;
mod errors;
mod faults;
mod follow;
mod guards;
mod limits;
mod paging;
mod props;
mod recorded;
mod requests;
mod responses;
mod secrets;
mod setup;
mod support;
mod tokens;
