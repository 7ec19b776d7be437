//! Every fault of the server with every operation of the client: the
//! documented class of error, a client that works on, nothing done twice that
//! must not be, and no secret in anything that is printed.
#![cfg(feature = "emulator")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

mod matrix;
mod operations;
mod run;
