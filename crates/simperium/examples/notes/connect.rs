//! The notes, opened.

use std::time::Duration;

use serde_json::{Map, Value};
use simperium::model::Key;
use simperium::store::SqliteStore;
use simperium::syncer::{SyncError, SyncState, SyncedBucket, Syncer, SyncerBuilder};
use simperium::{Auth, Secret};

use crate::Result;
use crate::args::Connect;
use crate::progress;
use crate::show::connection;

/// A note: its text, and whatever else other apps keep with it.
pub(crate) type Note = Map<String, Value>;

/// Where the text of a note is.
pub(crate) const TEXT: &str = "content";

/// The text of a note.
pub(crate) fn text(note: &Note) -> &str {
    note.get(TEXT).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) struct Notes {
    pub(crate) bucket: SyncedBucket<Note>,
    pub(crate) offline: bool,
    wait: Duration,
}

impl Notes {
    /// Opens the file, and begins to connect.
    pub(crate) async fn open(connect: &Connect) -> Result<Self> {
        let mut builder = builder(connect)?
            .bucket(connect.bucket.as_str())
            .store(SqliteStore::open(&connect.db)?)
            .paused(connect.offline);
        if let Some(url) = &connect.url {
            builder = builder.host(url);
        }
        let syncer = builder.start().await?;
        Ok(Self {
            bucket: syncer.bucket_as(connect.bucket.as_str())?,
            offline: connect.offline,
            wait: connect.wait,
        })
    }

    /// Brings everything here and there, as far as the service can be reached,
    /// and says on standard error what could not be done.
    pub(crate) async fn sync(&self) -> Result<bool> {
        if self.offline {
            return Ok(false);
        }
        match progress::during(self.bucket.subscribe(), self.bucket.wait_synced(self.wait)).await {
            Ok(()) => Ok(true),
            Err(SyncError::TimedOut { pending }) => {
                let pending = match pending {
                    0 => String::new(),
                    1 => "; 1 note is to be sent".to_owned(),
                    more => format!("; {more} notes are to be sent"),
                };
                let status = connection(self.bucket.syncer().status());
                eprintln!("notes: not in step with the service ({status}){pending}");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How it stands with a note, in one letter.
    pub(crate) async fn mark(&self, key: &Key) -> Result<char> {
        Ok(match self.bucket.status(key).await?.state {
            SyncState::Synced | SyncState::Absent => ' ',
            SyncState::Rejected(_) => '!',
            _ => '*',
        })
    }

    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.bucket.syncer().stop().await?)
    }
}

/// A syncer with its tokens, from where other users of the machine cannot see
/// them: the arguments of a process are for all to read.
fn builder(connect: &Connect) -> Result<SyncerBuilder> {
    let app = &connect.app;
    if connect.offline {
        // Nobody gets to see it.
        return Ok(Syncer::builder(app, "offline".to_owned()));
    }
    if let Some(user) = &connect.user {
        let mut auth = Auth::builder(app, variable("SIMPERIUM_API_KEY")?);
        if let Some(url) = &connect.url {
            auth = auth.host(url);
        }
        let password = Secret::new(variable("SIMPERIUM_PASSWORD")?);
        let login = auth.build()?.login(user, password);
        return Ok(Syncer::builder_with_source(app, login));
    }
    let token = match &connect.token_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?,
        None => variable("SIMPERIUM_TOKEN")?,
    };
    Ok(Syncer::builder(app, token.trim().to_owned()))
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| format!("set {name}; or see --help").into())
}
