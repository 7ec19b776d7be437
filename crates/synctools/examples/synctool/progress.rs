//! A bar that says how far a sync is.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use synctools::client::{Phase, Progress};

/// A bar on the terminal; nothing, if there is none.
#[derive(Default)]
pub(crate) struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    pub(crate) fn show(&self, path: &str, progress: &Progress<'_>) {
        let mut bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| new(path, progress.total_bytes));
        bar.set_position(progress.bytes);
        bar.set_message(match (progress.phase, progress.model) {
            (Phase::Objects, Some(model)) => format!("{} objects, {model}", progress.objects),
            (Phase::Images, _) => {
                format!("{} objects, {} images", progress.objects, progress.images)
            }
            (Phase::Finishing, _) => format!("{} objects, checking", progress.objects),
            _ => format!("{} objects", progress.objects),
        });
    }

    /// Makes room for other lines.
    pub(crate) fn clear(&self) {
        let mut bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// A server that writes as it reads does not say how much there will be.
fn new(path: &str, total: Option<u64>) -> ProgressBar {
    let (bar, style) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{prefix} {wide_bar} {bytes} of {total_bytes}  {msg}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{prefix} {spinner} {bytes}, {bytes_per_sec}  {msg}",
        ),
    };
    let bar = match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    bar.with_prefix(path.to_owned())
}
