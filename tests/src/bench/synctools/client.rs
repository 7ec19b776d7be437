//! The ways to sync that are measured, each in a process of its own.

use std::path::Path;

use synctools::{Client, Schema};
use tokio::time::Instant;

use super::{Result, Run, floor, memory};
use crate::synctools::{Backend, TOKEN, store};

/// What is asked for.
pub(super) const PATH: &str = "app/big";

/// A way to sync everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Our client.
    Ours(Into),
    /// The same by hand.
    Floor(Into),
}

/// What it goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Into {
    Sqlite,
    Postgres,
}

impl Way {
    const ALL: [Self; 4] = [
        Self::Ours(Into::Sqlite),
        Self::Floor(Into::Sqlite),
        Self::Ours(Into::Postgres),
        Self::Floor(Into::Postgres),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ours(Into::Sqlite) => "ours-sqlite",
            Self::Floor(Into::Sqlite) => "floor-sqlite",
            Self::Ours(Into::Postgres) => "ours-postgres",
            Self::Floor(Into::Postgres) => "floor-postgres",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        Ok(found.ok_or_else(|| format!("there is no way `{name}`"))?)
    }
}

/// Syncs once from 127.0.0.1:`port`.
pub(super) fn run(way: Way, port: u16, schema: &Path, database: &str) -> Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match way {
            Way::Ours(into) => ours(into, port, schema, database).await,
            Way::Floor(into) => by_hand(into, port, database).await,
        }
    })
}

async fn ours(into: Into, port: u16, schema: &Path, database: &str) -> Result<Run> {
    let backend = match into {
        Into::Sqlite => Backend::Sqlite,
        Into::Postgres => Backend::Postgres,
    };
    let client = Client::builder()
        .api_url(format!("http://127.0.0.1:{port}/sync/"))
        .token(TOKEN)
        .schema(Schema::from_django_json(&std::fs::read_to_string(schema)?)?)
        .store(store(backend, database).await?)
        .build()?;
    let idle_kib = memory("self", "VmRSS")?;
    let begun = Instant::now();
    let report = client.sync(PATH).await?;
    let run = ended(begun, idle_kib)?;
    std::hint::black_box(report);
    Ok(run)
}

async fn by_hand(into: Into, port: u16, database: &str) -> Result<Run> {
    let target = format!("/sync/{PATH}/");
    let idle_kib = memory("self", "VmRSS")?;
    let begun = Instant::now();
    let rows = match into {
        Into::Sqlite => floor::sqlite::sync(port, &target, database.as_ref())?,
        Into::Postgres => floor::postgres::sync(port, &target, database).await?,
    };
    std::hint::black_box(rows);
    ended(begun, idle_kib)
}

fn ended(begun: Instant, idle_kib: u64) -> Result<Run> {
    Ok(Run {
        seconds: begun.elapsed().as_secs_f64(),
        idle_kib,
        peak_kib: memory("self", "VmHWM")?,
    })
}
