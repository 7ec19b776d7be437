//! `cargo xtask serve`.

use super::Task;
use crate::cargo::cargo;
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "serve",
    usage: "ocss [--port N] [SERVER-OPTIONS]",
    about: "Run a service's local server until it is interrupted",
    details: "\
  ocss                    the SyncServer, in memory, with the data of its
                          documentation
      --port N            listen there; by default where the system says
      --page-size N       entries on a page (100)
      --layout moved      no path is where clients take it to be
      --strict            only what is documented: datastore clients stay
      --https-links       links as behind a proxy that ends TLS

Builds and runs the program `serve` of the package `sync-tests`. It listens on
127.0.0.1 and says where.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let arguments: Vec<_> = parser.raw_args()?.collect();
    let session = run::session()?;
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "sync-tests"])
        .args(["--features", "serve", "--bin", "serve", "--"])
        .args(arguments);
    session.adopt(&mut command);
    run::run(&mut command)
}
