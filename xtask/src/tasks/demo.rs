//! `cargo xtask demo`.

use xtask::peers::Use;

use super::{Task, test};
use crate::cargo::cargo;
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "demo",
    usage: "[DEMO-OPTIONS]",
    about: "Show the clients at work on real daemons",
    details: "\
Fetches the peers, then builds and runs the program `demo` of the package
`sync-tests` with all options given here. Everything runs on loopback in
temporary folders and is ended and removed in the end.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let arguments: Vec<_> = parser.raw_args()?.collect();
    let session = run::session()?;
    let found = test::obtain(Use::Tests, false)?;
    let mut command = cargo();
    command
        .args(["run", "--package", "sync-tests"])
        .args(["--features", "demo", "--bin", "demo", "--"])
        .args(arguments);
    session.adopt(&mut command);
    test::pass_on(&found, &mut command);
    let result = run::run(&mut command);
    session.end_peers();
    result
}
