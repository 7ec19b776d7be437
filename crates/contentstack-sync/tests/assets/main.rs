//! Download of asset files.

#![cfg(feature = "assets")]
// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod broken;
mod changes;
mod emulator;
mod files;
mod requests;
mod site;
mod tool;
