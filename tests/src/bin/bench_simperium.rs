//! `cargo xtask bench simperium`; see [`sync_tests::bench::simperium`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::simperium::main()
}
