//! `cargo xtask bench syncthing`; see [`sync_tests::bench::syncthing`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::bench::syncthing::main()
}
