//! `cargo xtask demo`; see [`sync_tests::demo`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::demo::main()
}
