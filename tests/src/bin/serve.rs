//! `cargo xtask serve`: the services that have a server of their own, for
//! trying things out.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use contentstack_sync::emulator::{Emulator as Contentstack, Fill};
use lexopt::prelude::*;
use ocss::emulator::{Emulator as Ocss, Layout};
use simperium::emulator::Emulator as Simperium;
use sync_tests::synctools::{Folder, TOKEN, sample};
use synctools::route::{ModelOrder, Route};
use synctools::store::SqliteStore;
use synctools::wire::Profile;
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
serve contentstack [--port N] [--page-size N] [--items N] [--latency-ms N]
                   [--rate-limit N] [--seed N]
serve ocss [--port N] [--page-size N] [--layout default|moved] [--strict] [--https-links]
serve simperium [--port N] [--seed N] [--latency-ms N] [--hold SECONDS] [--notes N]
serve synctools [--port N] [--rows N] [--token TOKEN] [--public] [--like-2.2]

Serves until it is interrupted. The first line is READY and the base URL.";

const SERVICES: &str = "There are `contentstack`, `ocss`, `simperium` and `synctools`.";

/// Items in a stack that nobody has asked for more or fewer of.
const ITEMS: usize = 250;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_port_taken(&*error) => {
            eprintln!("serve: {error}; choose another --port, or leave it to the system");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_port_taken(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::AddrInUse)
    })
}

fn run() -> Outcome {
    let mut parser = lexopt::Parser::from_env();
    let service = match parser.next()? {
        Some(Long("help") | Short('h')) => {
            println!("{HELP}");
            return Ok(());
        }
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
        None => return Err(format!("which service? {SERVICES}").into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match service.as_str() {
            "contentstack" => serve_contentstack(parser).await,
            "ocss" => serve_ocss(parser).await,
            "simperium" => serve_simperium(parser).await,
            "synctools" => serve_synctools(parser).await,
            other => Err(format!("there is no service `{other}`. {SERVICES}").into()),
        }
    })
}

async fn serve_contentstack(mut parser: lexopt::Parser) -> Outcome {
    let mut builder = Contentstack::builder();
    let mut items = ITEMS;
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Long("port") => builder.port(parser.value()?.parse()?),
            Long("page-size") => builder.page_size(parser.value()?.parse()?),
            Long("seed") => builder.seed(parser.value()?.parse()?),
            Long("latency-ms") => {
                let latency = Duration::from_millis(parser.value()?.parse()?);
                builder.configure(|options| options.latency = latency)
            }
            Long("rate-limit") => {
                let limit = parser.value()?.parse()?;
                builder.configure(|options| options.rate_limit = Some(limit))
            }
            Long("items") => {
                items = parser.value()?.parse()?;
                builder
            }
            other => return Err(other.unexpected().into()),
        };
    }
    let emulator = builder.start().await?;
    emulator.fill(&Fill::new(items));
    println!("READY {}", emulator.url());
    println!(
        "\n{items} items in the environment {}; api_key {}, access_token {}.\n\
         Changes, faults and the log: POST {}/emulator/…",
        emulator.environment(),
        emulator.api_key(),
        emulator.access_token(),
        emulator.url(),
    );
    std::future::pending::<()>().await;
    Ok(())
}

async fn serve_ocss(mut parser: lexopt::Parser) -> Outcome {
    let mut builder = Ocss::builder();
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
            other => return Err(other.unexpected().into()),
        };
    }
    let emulator = builder.start().await?;
    println!("READY {}", emulator.url());
    println!(
        "\nalice signs with consumer-key-alice, consumer-secret-alice, access-key-alice, \
         access-secret-alice.\nFaults, the log and the clock: POST {}/_lab/…",
        emulator.origin()
    );
    std::future::pending::<()>().await;
    Ok(())
}

async fn serve_simperium(mut parser: lexopt::Parser) -> Outcome {
    const TOKEN: &str = "lab-demo";
    let mut builder = Simperium::builder();
    let mut notes = 0;
    while let Some(argument) = parser.next()? {
        builder = match argument {
            Long("port") => builder.port(parser.value()?.parse()?),
            Long("seed") => builder.seed(parser.value()?.parse()?),
            Long("latency-ms") => {
                let latency = Duration::from_millis(parser.value()?.parse()?);
                builder.configure(|config| config.latency = latency..latency)
            }
            Long("hold") => {
                let hold = Duration::try_from_secs_f64(parser.value()?.parse()?)?;
                builder.configure(|config| config.hold = hold)
            }
            Long("notes") => {
                notes = parser.value()?.parse()?;
                builder
            }
            other => return Err(other.unexpected().into()),
        };
    }
    let emulator = builder.start().await?;
    emulator.seed("demo", TOKEN, "note", notes, 300);
    println!("READY {}", emulator.origin());
    println!(
        "\nApp demo, token {TOKEN}, {notes} objects in the bucket note; any other app, and any \
         token lab-…, is good, too. lab-admin is an administrator.\n\
         Sockets: {}\nFaults and the log: POST {}/_lab/…",
        emulator.socket_url("demo"),
        emulator.origin(),
    );
    std::future::pending::<()>().await;
    Ok(())
}

async fn serve_synctools(mut parser: lexopt::Parser) -> Outcome {
    let (mut port, mut rows, mut token, mut is_public) = (0, 1000, TOKEN.to_owned(), false);
    let mut profile = Profile::Django5;
    let mut order = ModelOrder::ParentsFirst;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => port = parser.value()?.parse()?,
            Long("rows") => rows = parser.value()?.parse()?,
            Long("token") => token = parser.value()?.string()?,
            Long("public") => is_public = true,
            Long("like-2.2") => (profile, order) = (Profile::Django2, ModelOrder::Declared),
            other => return Err(other.unexpected().into()),
        }
    }
    let folder = Folder::of("synctools")?;
    let (there, here) = (
        folder.path().join("site.sqlite3"),
        folder.path().join("empty.sqlite3"),
    );
    let schema = folder.path().join("schema.json");
    sample::create(&there)?;
    sample::create(&here)?;
    sample::fill(&there, rows)?;
    std::fs::write(&schema, sample::SCHEMA)?;

    let route = Route::builder(SqliteStore::open(&there).await?, sample::schema()?)
        .prefix("/sync/")
        .profile(profile)
        .order(order)
        .app("shop", "shop");
    let route = match is_public {
        true => route.public(),
        false => route.token(token.clone()),
    };
    let server = route.build()?.listen(([127, 0, 0, 1], port).into()).await?;
    println!("READY http://{}/sync/", server.address());
    let who = match is_public {
        true => "Everybody may read".to_owned(),
        false => format!("The token is {token:?}"),
    };
    println!(
        "\n{who}: {rows} products and what they refer to at the path shop.\n\
         The database  {}\nAn empty one  {}\nTheir models  {}",
        there.display(),
        here.display(),
        schema.display(),
    );
    // The folder goes with this.
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
