//! `cargo xtask bench simperium-sync`; see [`sync_tests::bench::simperium_sync`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::simperium_sync::main()
}
