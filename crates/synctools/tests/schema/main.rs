//! Schemas, and the rows that they make of objects.

#![allow(clippy::unwrap_used, clippy::panic)]

mod behaviour;
#[cfg(feature = "sqlite")]
mod database;
mod decode;
mod exported;
mod introspected;
mod natural;
mod order;
mod written;
