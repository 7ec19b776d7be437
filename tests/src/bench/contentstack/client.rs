//! The ways to sync that are measured, each in a process of its own.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Result, Run, bare, ours};

/// A way to sync everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Our stream of pages, whose items are looked at and dropped.
    Stream,
    /// The same by hand: hyper, flate2 and serde_json.
    Floor,
    /// Our mirror in a SQLite file.
    Mirror,
    /// The rows of the mirror written into SQLite by hand, without fetching.
    Sqlite,
    /// Our mirror, with a chain for each content type and locale.
    Sharded,
    /// A delta that brings nothing: requests instead of items.
    EmptyDelta,
}

impl Way {
    pub(super) const ALL: [Self; 6] = [
        Self::Stream,
        Self::Floor,
        Self::Mirror,
        Self::Sqlite,
        Self::Sharded,
        Self::EmptyDelta,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Floor => "floor",
            Self::Mirror => "mirror",
            Self::Sqlite => "sqlite",
            Self::Sharded => "sharded",
            Self::EmptyDelta => "empty-delta",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        Ok(found.ok_or_else(|| format!("there is no way `{name}`"))?)
    }
}

/// The server, and a folder with its authority, where files may be put.
pub(super) struct Place<'a> {
    pub(super) port: u16,
    pub(super) folder: &'a Path,
    pub(super) authority: String,
}

/// Syncs once from 127.0.0.1:`port`.
pub(super) fn run(way: Way, port: u16, folder: &Path) -> Result<Run> {
    let place = Place {
        port,
        folder,
        authority: fs::read_to_string(folder.join("ca.pem"))?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match way {
            Way::Stream => ours::stream(&place).await,
            Way::Floor => bare::stream(&place).await,
            Way::Mirror => ours::mirror(&place).await,
            Way::Sqlite => bare::write(&place).await,
            Way::Sharded => ours::sharded(&place).await,
            Way::EmptyDelta => ours::empty_delta(&place).await,
        }
    })
}

/// How long a page may take to come.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
