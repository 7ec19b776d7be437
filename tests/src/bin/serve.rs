//! `cargo xtask serve`: the services that have a server of their own, for
//! trying things out.

use std::error::Error;
use std::process::ExitCode;

use lexopt::prelude::*;
use ocss::emulator::{Emulator, Layout};

const HELP: &str = "\
serve ocss [--port N] [--page-size N] [--layout default|moved] [--strict] [--https-links]

Serves until it is interrupted. The first line is READY and the base URL.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut parser = lexopt::Parser::from_env();
    let mut builder = Emulator::builder();
    let mut named = false;
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Long("port") => builder.port(parser.value()?.parse()?),
            Long("page-size") => builder.page_size(parser.value()?.parse()?),
            Long("layout") => match parser.value()?.string()?.as_str() {
                "default" => builder.layout(Layout::Default),
                "moved" => builder.layout(Layout::Moved),
                other => return Err(format!("there is no layout `{other}`").into()),
            },
            Long("strict") => builder.strict(true),
            Long("https-links") => builder.https_links(true),
            Long("help") | Short('h') => {
                println!("{HELP}");
                return Ok(());
            }
            Value(name) if name == "ocss" => {
                named = true;
                builder
            }
            other => return Err(other.unexpected().into()),
        };
    }
    if !named {
        return Err("which service? There is `ocss`".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let emulator = builder.start().await?;
        println!("READY {}", emulator.url());
        println!(
            "\nalice signs with consumer-key-alice, consumer-secret-alice, access-key-alice, \
             access-secret-alice.\nFaults, the log and the clock: POST {}/_lab/…",
            emulator.origin()
        );
        std::future::pending::<()>().await;
        Ok(())
    })
}
