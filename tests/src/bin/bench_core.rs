//! `cargo xtask bench core`; see [`sync_tests::bench::core`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::core::main()
}
