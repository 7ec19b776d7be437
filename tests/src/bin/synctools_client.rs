//! Syncs once, and says how far it is: `synctools-client URL SCHEMA DATABASE`,
//! where the schema is a file and the database a file or a URL. It's there to be
//! killed.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use sync_tests::synctools::{Backend, TOKEN, store};
use synctools::client::{Phase, Verdict};
use synctools::{Client, Schema};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(sync()),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("failed {error:?}"));
            ExitCode::FAILURE
        }
    }
}

async fn sync() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(schema), Some(database)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("synctools-client URL SCHEMA DATABASE".into());
    };
    let backend = if database.starts_with("postgresql://") {
        Backend::Postgres
    } else {
        Backend::Sqlite
    };
    let client = Client::builder()
        .token(TOKEN)
        .schema(Schema::from_django_json(&std::fs::read_to_string(schema)?)?)
        .store(store(backend, &database).await?)
        .attempts(1)
        .build()?;
    let mut objects = 0_u64;
    let report = client
        .sync_url(url)
        .map(move |_| {
            objects += 1;
            if objects % 100 == 0 {
                say(&format!("objects {objects}"));
            }
            Verdict::Keep
        })
        .on_progress(|progress| {
            if progress.phase == Phase::Finishing {
                say("finishing");
            }
        })
        .await?;
    say(&format!("done {}", report.objects));
    Ok(())
}

fn say(what: &str) {
    // Whoever reads it may be gone.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}
