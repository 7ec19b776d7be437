//! `cargo xtask bench synctools`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::synctools::main()
}
