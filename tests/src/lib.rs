//! What the tests against real daemons, the benchmarks and the demo are made of.

#[cfg(feature = "bench")]
pub mod bench;
pub mod browse;
pub mod contentstack;
pub mod cost;
#[cfg(feature = "demo")]
pub mod demo;
pub mod simperium;
pub mod syncthing;
pub mod synctools;

use std::error::Error;

/// What can go wrong here is told to a person.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Compiles the examples of the workspace's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
