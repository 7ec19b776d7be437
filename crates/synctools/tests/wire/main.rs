//! The body of a sync: what is read of it, and what is written.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bodies;
mod broken;
mod limits;
mod pieces;
mod random;
mod support;
