//! A database on a PostgreSQL server.

mod catalog;
mod check;
mod clean;
mod error;
mod introspect;
mod keys;
mod link;
mod locate;
mod natural;
mod pairs;
mod read;
mod replace;
mod sequences;
mod stage;
mod sync;
mod unnamed;
mod upsert;
mod value;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::link::Server;
use super::{Snapshot, Store, StoreError, StoreErrorKind, SyncOptions, SyncTransaction};
use crate::schema::{Introspection, Schema};

/// How a server is reached.
#[derive(Clone)]
pub struct PostgresOptions {
    url: String,
    connect_timeout: Duration,
    lock_timeout: Duration,
}

impl PostgresOptions {
    /// A server by its connection string, as in
    /// `postgresql://user:password@127.0.0.1:5432/database` or
    /// `host=127.0.0.1 user=user dbname=database`. It is given 10 s to answer,
    /// and others 60 s to finish what they hold.
    ///
    /// The connection is not encrypted: with `sslmode=require` it is refused.
    /// Tables are those of the search path, which `options=-csearch_path=…`
    /// sets.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(60),
        }
    }

    /// How long the server may take to answer at first.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long to wait for what somebody else holds: rows, tables, another
    /// sync.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// As [`PostgresStore::connect`].
    pub async fn connect(self) -> Result<PostgresStore, StoreError> {
        let mut config: tokio_postgres::Config = self.url.parse().map_err(|_| {
            // What is wrong with it may be the password.
            StoreError::new(StoreErrorKind::Io, "not a connection string of PostgreSQL")
        })?;
        config.connect_timeout(self.connect_timeout);
        if config.get_application_name().is_none() {
            config.application_name("synctools");
        }
        let server = Server::new(config, self.lock_timeout);
        let link = server.connect().await?;
        server.put_back(link);
        Ok(PostgresStore {
            server: Arc::new(server),
        })
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection string may hold a password.
        f.debug_struct("PostgresOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

/// A database on a PostgreSQL server, as Django makes it.
///
/// Each sync and each snapshot has a connection of its own. Rows are copied into
/// temporary tables while they come, and written into their own tables at the
/// end, by one statement for each model. Syncs through this type wait for each
/// other.
///
/// References are checked at the end also where they are not deferrable, as far
/// as the order of the models, or `NULL` for a while, makes that possible.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    server: Arc<Server>,
}

impl PostgresStore {
    /// Connects to a server, with the default [`PostgresOptions`].
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Io`](super::StoreErrorKind::Io) if it cannot be
    /// reached, or does not let this user in.
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreError> {
        PostgresOptions::new(url).connect().await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin(
        &self,
        schema: &Schema,
        options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        let sync = sync::begin(&self.server, schema, options).await?;
        Ok(Box::new(sync))
    }

    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError> {
        let snapshot = read::begin(&self.server, schema).await?;
        Ok(Box::new(snapshot))
    }

    async fn introspect(&self) -> Result<Introspection, StoreError> {
        let link = self.server.connect().await?;
        let introspection = introspect::read(&link).await?;
        self.server.put_back(link);
        Ok(introspection)
    }
}
