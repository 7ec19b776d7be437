//! What the tests against real daemons, the benchmarks and the demo are made of.

#[cfg(feature = "bench")]
pub mod bench;
