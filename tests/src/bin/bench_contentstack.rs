//! `cargo xtask bench contentstack`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::contentstack::main()
}
