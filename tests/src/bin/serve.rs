//! `cargo xtask serve`: the services that have a server of their own, for
//! trying things out. The first line is READY and the base URL.

use std::error::Error;
use std::process::ExitCode;

use contentstack_sync::emulator::{Emulator as Contentstack, Fill};
use ocss::emulator::{Emulator as Ocss, Layout};
use simperium::emulator::Emulator as Simperium;
use sync_tests::synctools::{Folder, TOKEN, sample};
use synctools::route::{ModelOrder, Route};
use synctools::store::SqliteStore;
use synctools::wire::Profile;
use tokio::signal::unix::{SignalKind, signal};
use xtask::serve::{self, Service};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let service = match Service::read(lexopt::Parser::from_env()) {
        Ok(service) => service,
        Err(error) => {
            eprintln!("serve: {error}; see `cargo xtask help serve`");
            return ExitCode::from(2);
        }
    };
    match run(service) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_port_taken(&*error) => {
            eprintln!("serve: {error}; choose another --port, or none for a free one");
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

fn run(service: Service) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match service {
            Service::Contentstack(asked) => serve_contentstack(asked).await,
            Service::Ocss(asked) => serve_ocss(asked).await,
            Service::Simperium(asked) => serve_simperium(asked).await,
            Service::Synctools(asked) => serve_synctools(asked).await,
        }
    })
}

async fn serve_contentstack(asked: serve::Contentstack) -> Outcome {
    let mut builder = Contentstack::builder()
        .port(asked.port)
        .configure(|options| {
            options.latency = asked.latency;
            options.rate_limit = asked.rate_limit;
        });
    if let Some(size) = asked.page_size {
        builder = builder.page_size(size);
    }
    if let Some(seed) = asked.seed {
        builder = builder.seed(seed);
    }
    let emulator = builder.start().await?;
    let items = asked.items;
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

async fn serve_ocss(asked: serve::Ocss) -> Outcome {
    let layout = match asked.moved {
        true => Layout::Moved,
        false => Layout::Default,
    };
    let mut builder = Ocss::builder()
        .port(asked.port)
        .layout(layout)
        .strict(asked.strict)
        .https_links(asked.https_links);
    if let Some(size) = asked.page_size {
        builder = builder.page_size(size);
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

async fn serve_simperium(asked: serve::Simperium) -> Outcome {
    const TOKEN: &str = "lab-demo";
    let (notes, latency) = (asked.notes, asked.latency);
    let mut builder = Simperium::builder().port(asked.port).configure(|config| {
        config.latency = latency..latency;
        if let Some(hold) = asked.hold {
            config.hold = hold;
        }
    });
    if let Some(seed) = asked.seed {
        builder = builder.seed(seed);
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

async fn serve_synctools(asked: serve::Synctools) -> Outcome {
    let serve::Synctools { port, rows, .. } = asked;
    let token = asked.token.unwrap_or_else(|| TOKEN.to_owned());
    let (profile, order) = match asked.like_2_2 {
        true => (Profile::Django2, ModelOrder::Declared),
        false => (Profile::Django5, ModelOrder::ParentsFirst),
    };
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
    let route = match asked.public {
        true => route.public(),
        false => route.token(token.clone()),
    };
    let server = route.build()?.listen(([127, 0, 0, 1], port).into()).await?;
    let url = format!("http://{}/sync/", server.address());
    println!("READY {url}");
    let (who, login) = match asked.public {
        true => ("Everybody may read".to_owned(), String::new()),
        false => (format!("The token is {token:?}"), login(&token)),
    };
    println!(
        "\n{who}: {rows} products and what they refer to at the path shop.\n\
         To see them   curl {login}{url}shop/\n\
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

/// The token as an option for curl, within a shell: it's the user, with any
/// password. One with a colon is the password of nobody.
fn login(token: &str) -> String {
    let user = match token.contains(':') {
        true => format!(":{token}"),
        false => format!("{token}:"),
    };
    format!("-u '{}' ", user.replace('\'', "'\\''"))
}
