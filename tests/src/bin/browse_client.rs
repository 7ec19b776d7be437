//! Browses a folder and says what that cost; see [`sync_tests::browse`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_tests::browse::main()
}
