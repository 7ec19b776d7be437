//! Readers of a feed, each in a process of its own.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;

use ocss::atom::ReadOptions;
use tokio::time::Instant;

use super::bare;
use crate::Result;
use crate::cost::Cost;

const URL: &str = "https://api.obexcode.com/v2/services/datastore/my-datastore-client-id/content/";

/// How a feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Our reader, everything kept.
    Collected,
    /// quick-xml alone, everything kept.
    Bare,
    /// Our reader, entry by entry from the file, nothing kept.
    Streamed,
    /// Not at all: what a process needs anyway.
    Idle,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Collected, Self::Bare, Self::Streamed, Self::Idle];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Bare => "bare",
            Self::Streamed => "streamed",
            Self::Idle => "idle",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        Ok(found.ok_or_else(|| format!("there is no way `{name}`"))?)
    }
}

/// Reads the feed and sees that it has this many entries.
pub(super) fn read(way: Way, file: &Path, entries: usize) -> Result<Cost> {
    let (seconds, found) = match way {
        Way::Collected => {
            let document = fs::read(file)?;
            let begun = Instant::now();
            let feed = ReadOptions::new(URL).feed(&document)?;
            (begun.elapsed(), black_box(&feed).entries.len())
        }
        Way::Bare => {
            let document = fs::read_to_string(file)?;
            let begun = Instant::now();
            let all = bare::read(&document)?;
            (begun.elapsed(), black_box(&all).len())
        }
        Way::Streamed => {
            let begun = Instant::now();
            let found = stream(file)?;
            (begun.elapsed(), found)
        }
        Way::Idle => (std::time::Duration::ZERO, entries),
    };
    if found != entries {
        return Err(format!("{}: {found} of {entries} entries", way.name()).into());
    }
    Cost::until_now(seconds.as_secs_f64(), fs::metadata(file)?.len())
}

fn stream(file: &Path) -> Result<usize> {
    let mut file = File::open(file)?;
    let mut reader = ReadOptions::new(URL).reader();
    let mut chunk = vec![0; 64 << 10];
    let mut found = 0;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            reader.finish()?;
        } else {
            reader.push(&chunk[..read])?;
        }
        while let Some(item) = reader.next_item()? {
            found += usize::from(black_box(item).into_entry().is_some());
        }
        if read == 0 {
            return Ok(found);
        }
    }
}
