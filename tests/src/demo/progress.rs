//! Progress: bars on a terminal, now and then a line elsewhere.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::Result;

/// Several bars, one below the other.
pub(super) struct Bars {
    all: MultiProgress,
    on_terminal: bool,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self {
            all: MultiProgress::new(),
            on_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// One more, for bytes.
    pub(super) fn add(&self, name: &str) -> Result<Bar> {
        let style = "{prefix:>9} [{bar:40}] {bytes:>10} of {total_bytes:<10} {msg}";
        self.add_with(name, style, "bytes")
    }

    /// One more, for items.
    pub(super) fn add_items(&self, name: &str) -> Result<Bar> {
        let style = "{prefix:>9} [{bar:40}] {pos:>10} of {len:<10} {msg}";
        self.add_with(name, style, "items")
    }

    fn add_with(&self, name: &str, style: &str, unit: &'static str) -> Result<Bar> {
        let bar = self.all.add(ProgressBar::new(0));
        bar.set_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
        bar.set_prefix(name.to_owned());
        Ok(Bar {
            bar,
            lines: (!self.on_terminal).then(|| Lines {
                name: name.to_owned(),
                unit,
                last: None,
            }),
        })
    }
}

/// One of them.
pub(super) struct Bar {
    bar: ProgressBar,
    lines: Option<Lines>,
}

/// What takes the place of a bar where there is no terminal.
struct Lines {
    name: String,
    unit: &'static str,
    /// What the last line said: tenths done, and the message.
    last: Option<(u64, String)>,
}

impl Bar {
    /// Shows how far it is.
    pub(super) fn set(&mut self, done: u64, total: u64, message: &str) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(message.to_owned());
        if let Some(lines) = &mut self.lines {
            if let Some(line) = lines.next(done, total, message) {
                eprintln!("{line}");
            }
        }
    }

    /// Leaves it as it is.
    pub(super) fn finish(&self, message: &str) {
        self.bar.finish_with_message(message.to_owned());
    }
}

impl Lines {
    /// The next line, if there is news that is worth one.
    fn next(&mut self, done: u64, total: u64, message: &str) -> Option<String> {
        let tenths = (done * 10).checked_div(total).unwrap_or(0);
        let now = (tenths, message.to_owned());
        if self.last.as_ref() == Some(&now) {
            return None;
        }
        self.last = Some(now);
        let Self { name, unit, .. } = self;
        let percent = tenths * 10;
        Some(format!("{name}: {percent} % of {total} {unit}, {message}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_a_line_comes_only_with_news() {
        let mut lines = Lines {
            name: "two".to_owned(),
            unit: "bytes",
            last: None,
        };
        let mut next = |done, message| lines.next(done, 100, message);
        assert_eq!(
            next(0, "scanning").unwrap(),
            "two: 0 % of 100 bytes, scanning"
        );
        assert_eq!(next(9, "scanning"), None);
        assert!(next(10, "scanning").is_some());
        assert!(next(11, "syncing").is_some());
        assert_eq!(
            lines.next(0, 0, "idle").unwrap(),
            "two: 0 % of 0 bytes, idle"
        );
    }
}
