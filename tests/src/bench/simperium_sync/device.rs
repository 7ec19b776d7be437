//! This project's syncer, doing one thing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use simperium::store::SqliteStore;
use simperium::syncer::Syncer;
use tokio::time::Instant;

use super::server::{APP, BUCKET, TOKEN};
use crate::Result;
use crate::cost::Cost;

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(120);

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// A first sync of so many notes.
    First,
    /// So many new notes, until the service has acknowledged them all.
    Push,
    /// Nothing.
    Idle,
}

impl Task {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Push => "push",
            Self::Idle => "idle",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let all = [Self::First, Self::Push, Self::Idle];
        let found = all.into_iter().find(|task| task.name() == name);
        Ok(found.ok_or_else(|| format!("there is no task `{name}`"))?)
    }
}

/// Where the notes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Keeps {
    Memory,
    Sqlite,
}

impl Keeps {
    pub(super) const ALL: [Self; 2] = [Self::Memory, Self::Sqlite];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|keeps| keeps.name() == name);
        Ok(found.ok_or_else(|| format!("nothing is kept in `{name}`"))?)
    }
}

/// A file that is removed in the end, with its log.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        let name = format!("bench-simperium-sync-{}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}

pub(super) fn run(task: Task, keeps: Keeps, host: &str, count: usize) -> Result<Cost> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let file = File::new();
    runtime.block_on(async {
        let mut builder = Syncer::builder(APP, TOKEN)
            .host(format!("http://{host}"))
            .bucket(BUCKET);
        if keeps == Keeps::Sqlite {
            builder = builder.store(SqliteStore::open(file.path())?);
        }
        let begun = Instant::now();
        let syncer = builder.start().await?;
        let notes = syncer.bucket(BUCKET)?;
        syncer.wait_synced(LIMIT).await?;
        let mut seconds = begun.elapsed().as_secs_f64();
        if task == Task::Push {
            let new: Vec<(String, Value)> = (0..count).map(note).collect();
            let begun = Instant::now();
            let all = new.iter().map(|(key, note)| (key.as_str(), note));
            notes.put_all(all).await?;
            syncer.wait_synced(LIMIT).await?;
            seconds = begun.elapsed().as_secs_f64();
        }
        let cost = Cost::until_now(seconds, 0)?;
        let there = notes.all().await?.len();
        if there != count {
            return Err(format!("{there} notes instead of {count}").into());
        }
        syncer.stop().await?;
        Ok(cost)
    })
}

/// A new note, as npm's has them too.
fn note(number: usize) -> (String, Value) {
    let text = "lorem ipsum dolor sit amet ".repeat(10);
    let note = json!({"content": format!("{number} {text}"), "tags": [], "number": number});
    (format!("new{number}"), note)
}
