//! The emulator, asked without the client: what it says is taken apart here.

#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

mod content;
mod control;
mod faults;
mod files;
mod paging;
mod refusals;
mod support;
