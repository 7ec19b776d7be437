//! `cargo xtask bench ocss`; see [`sync_tests::bench::ocss`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::ocss::main()
}
