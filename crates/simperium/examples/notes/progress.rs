//! A bar that says how far the first sync is.

use std::future::Future;
use std::pin::pin;

use indicatif::{ProgressBar, ProgressStyle};
use simperium::syncer::{Event, Events};

/// Waits, and shows a bar on the terminal while notes come in.
pub(crate) async fn during<T>(mut events: Events, wait: impl Future<Output = T>) -> T {
    let mut wait = pin!(wait);
    let mut bar = None;
    let result = loop {
        tokio::select! {
            result = &mut wait => break result,
            Some(event) = events.next() => {
                if let Event::Indexing { done, total } = event {
                    let bar = bar.get_or_insert_with(|| new(total));
                    bar.set_position(done);
                    if let Some(total) = total {
                        bar.set_length(total);
                    }
                }
            }
        }
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    result
}

/// The service does not say how many notes there are before the last of them.
fn new(total: Option<u64>) -> ProgressBar {
    let (bar, style) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "first sync {wide_bar} {human_pos} of {human_len} notes",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{spinner} first sync: {human_pos} notes, {per_sec}",
        ),
    };
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
