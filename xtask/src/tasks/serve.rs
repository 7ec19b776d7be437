//! `cargo xtask serve`.

use xtask::serve::Service;

use super::Task;
use crate::cargo::cargo;
use crate::error::Failure;
use crate::run;

pub(super) const TASK: Task = Task {
    name: "serve",
    usage: "contentstack|ocss|simperium|synctools [--port N] [SERVER-OPTIONS]",
    about: "Run a service's local server until it is interrupted",
    details: "
  contentstack            the Sync API, in memory, with content from a seed
      --port N            listen there; by default on a free port
      --page-size N       items on a page (100)
      --items N           entries and assets that are published (250)
      --latency-ms N      how long each answer takes (0)
      --rate-limit N      so many requests a second, then 429
      --seed N            what everything follows from (0)
  ocss                    the SyncServer, in memory, with the data of its
                          documentation
      --port N            listen there; by default on a free port
      --page-size N       entries on a page (100)
      --layout moved      no path is where clients take it to be
      --strict            only what is documented: datastore clients stay
      --https-links       links as behind a proxy that ends TLS
  simperium               the HTTP API and the websocket protocol, in memory
      --port N            listen there; by default on a free port
      --notes N           objects in the bucket `note` of the app `demo` (0)
      --latency-ms N      how long each answer takes (0)
      --hold SECONDS      how long polls wait for a change (30)
      --seed N            what all chance follows from (0)
  synctools               a route on a SQLite database as Django makes them
      --port N            listen there; by default on a free port
      --rows N            products in the app `shop` (1000)
      --token TOKEN       the token that clients have to know (\"open sesame\")
      --public            clients need no token
      --like-2.2          the bytes and the order of Django 2.2

Builds and runs the program `serve` of the package `sync-tests`. It listens on
127.0.0.1 and says where.",
    run,
};

fn run(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let arguments: Vec<_> = parser.raw_args()?.collect();
    // A build is a long time to wait for being told of a mistake.
    Service::read(lexopt::Parser::from_args(&arguments))?;
    let session = run::session()?;
    let mut command = cargo();
    command
        .args(["run", "--package", "sync-tests"])
        .args(["--features", "serve", "--bin", "serve", "--"])
        .args(arguments);
    session.adopt(&mut command);
    run::run(&mut command)
}
