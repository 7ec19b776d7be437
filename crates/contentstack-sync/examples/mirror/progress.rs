//! A line that says how far a run is.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use contentstack_sync::assets::DownloadEvent;
use contentstack_sync::mirror::Progress;

/// A line on the terminal; nothing, if there is none.
#[derive(Default)]
pub(crate) struct Line(Mutex<State>);

#[derive(Default)]
struct State {
    /// Items of each chain, and how many there will be.
    chains: BTreeMap<String, (u64, Option<u64>)>,
    files: u64,
    bytes: u64,
    is_shown: bool,
}

impl Line {
    pub(crate) fn synced(&self, progress: &Progress) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let chain = (progress.items, progress.total);
        state
            .chains
            .insert(progress.chain.as_str().to_owned(), chain);
        let items: u64 = state.chains.values().map(|(items, _)| items).sum();
        let total: Option<u64> = state.chains.values().map(|(_, total)| *total).sum();
        let text = match total {
            Some(total) if progress.loading => format!("{items} of {total} items"),
            _ => format!("{items} items"),
        };
        state.show(&text);
    }

    pub(crate) fn downloaded(&self, event: &DownloadEvent<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            DownloadEvent::Received { bytes, .. } => state.bytes += bytes,
            DownloadEvent::Done { .. } => state.files += 1,
            _ => {}
        }
        let megabytes = state.bytes as f64 / 1e6;
        let text = format!("{} files, {megabytes:.1} MB", state.files);
        state.show(&text);
    }

    /// Makes room for other lines.
    pub(crate) fn clear(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut state.is_shown) {
            eprint!("\r\x1b[K");
        }
        state.chains.clear();
    }
}

impl State {
    fn show(&mut self, text: &str) {
        if std::io::stderr().is_terminal() {
            self.is_shown = true;
            eprint!("\r\x1b[K{text}");
            // A terminal that cannot be written to shows nothing.
            let _ = std::io::stderr().flush();
        }
    }
}
