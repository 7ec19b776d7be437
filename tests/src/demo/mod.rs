//! The clients at work on real services: one module for each service, and a
//! table of what was synced.

mod contentstack;
mod ocss;
mod progress;
mod simperium;
mod simperium_sync;
mod syncthing;
mod synctools;

use std::process::ExitCode;
use std::time::Duration;

use xtask::table::Table;

use crate::Result;

/// What a service has synced, as a row of the closing table.
struct Synced {
    /// The service, with its version.
    service: String,
    /// What was synced.
    what: String,
    items: u64,
    bytes: u64,
    time: Duration,
    /// Where it can be looked at while the demo runs.
    place: String,
}

/// Runs the demo of every service that is here.
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(&wanted)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(rows) => {
            println!("\n{}", table(&rows));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("demo: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  because: {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// One of these, or all of them.
const PARTS: [&str; 6] = [
    "syncthing",
    "ocss",
    "contentstack",
    "simperium",
    "simperium-sync",
    "synctools",
];

async fn run(wanted: &[String]) -> Result<Vec<Synced>> {
    if let Some(unknown) = wanted.iter().find(|name| !PARTS.contains(&name.as_str())) {
        return Err(format!("there is no demo {unknown:?}, only {}", PARTS.join(", ")).into());
    }
    let mut rows = Vec::new();
    for part in PARTS {
        if !wanted.is_empty() && wanted.iter().all(|name| name != part) {
            continue;
        }
        rows.extend(match part {
            "syncthing" => syncthing::run().await?,
            "ocss" => Some(ocss::run().await?),
            "contentstack" => Some(contentstack::run().await?),
            "simperium" => Some(simperium::run().await?),
            "simperium-sync" => Some(simperium_sync::run().await?),
            _ => Some(synctools::run().await?),
        });
    }
    Ok(rows)
}

fn table(rows: &[Synced]) -> Table {
    let mut table = Table::new(["service", "what", "items", "bytes", "time", "where"]);
    for row in rows {
        table.row([
            row.service.clone(),
            row.what.clone(),
            row.items.to_string(),
            indicatif::HumanBytes(row.bytes).to_string(),
            format!("{:.1} s", row.time.as_secs_f64()),
            row.place.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_a_row_of_its_own() {
        let row = |service: &str| Synced {
            service: service.to_owned(),
            what: "a folder".to_owned(),
            items: 300,
            bytes: 3 << 20,
            time: Duration::from_millis(1250),
            place: "http://127.0.0.1:1".to_owned(),
        };
        let text = table(&[row("one"), row("two")]).to_string();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(
            text.contains("3.00 MiB") && text.contains("1.2 s"),
            "{text}"
        );
    }
}
