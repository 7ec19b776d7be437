//! Waiting until folders are in sync, with a progress bar.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use syncthing_rest::Client;
use syncthing_rest::wait::{Snapshot, State, WaitError, WaitReason, decide};
use tokio::time::Instant;

use crate::args::Wait;
use crate::show::{bytes, name};
use crate::{Outcome, Result};
use sync_core::tool::say;

pub(crate) async fn wait(client: &Client, what: Wait) -> Result {
    let all = client.config().folders().await?;
    let deadline = what.timeout.map(|timeout| Instant::now() + timeout);
    let mut outcome = Outcome::Good;
    for folder in &what.folders {
        if all.iter().all(|known| known.id != *folder) {
            return Err(format!("no folder has the ID {folder}").into());
        }
    }
    for folder in &all {
        let wanted = match what.folders.is_empty() {
            true => !folder.paused,
            false => what.folders.contains(&folder.id),
        };
        if !wanted {
            continue;
        }
        let bar = bar(name(folder))?;
        let mut wait = client
            .folder(&folder.id)
            .wait_until_in_sync()
            .on_progress(|now| show(&bar, now));
        if what.here {
            wait = wait.only_here();
        } else if !what.devices.is_empty() {
            wait = wait.with_devices(what.devices.iter().copied());
        }
        if what.scan {
            wait = wait.scan_first();
        }
        if what.keep {
            wait = wait.keep_waiting();
        }
        if let Some(deadline) = deadline {
            wait = wait.deadline(deadline.saturating_duration_since(Instant::now()));
        }
        let result = wait.await;
        bar.finish_and_clear();
        match result {
            Ok(snapshot) => {
                let total = i64::try_from(snapshot.bytes_total()).unwrap_or(i64::MAX);
                say!("{}: in sync, {}", name(folder), bytes(total));
            }
            Err(WaitError {
                reason: WaitReason::Failed(error),
                ..
            }) => return Err(error.into()),
            Err(error) => {
                outcome = Outcome::Bad;
                say!("{}: {error}", name(folder));
            }
        }
    }
    Ok(outcome)
}

fn bar(prefix: String) -> Result<ProgressBar> {
    let bar = ProgressBar::new(0).with_prefix(prefix);
    let template = "{spinner} {prefix} {wide_bar} {binary_bytes}/{binary_total_bytes} {msg}";
    bar.set_style(ProgressStyle::with_template(template)?);
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}

fn show(bar: &ProgressBar, now: &Snapshot) {
    bar.set_length(now.bytes_total());
    bar.set_position(now.bytes_done());
    bar.set_message(match decide(now) {
        State::InSync => String::from("in sync"),
        other => other.to_string(),
    });
}
