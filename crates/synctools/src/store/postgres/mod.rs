//! A database on a PostgreSQL server.

mod address;
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
#[cfg(feature = "postgres-tls")]
mod tls;
mod unnamed;
mod upsert;
mod value;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
#[cfg(feature = "postgres-tls")]
use sync_core::hyper::TlsConfig;

use self::link::Server;
use super::{Snapshot, Store, StoreError, SyncOptions, SyncTransaction};
use crate::schema::{Introspection, Schema};

/// How a server is reached.
#[derive(Clone)]
pub struct PostgresOptions {
    url: String,
    connect_timeout: Duration,
    lock_timeout: Duration,
    #[cfg(feature = "postgres-tls")]
    tls: Option<TlsConfig>,
}

impl PostgresOptions {
    /// A server by its connection string, as in
    /// `postgresql://user:password@127.0.0.1:5432/database` or
    /// `host=127.0.0.1 user=user dbname=database`. It is given 10 s to answer,
    /// and others 60 s to finish what they hold.
    ///
    /// Tables are those of the search path, which `options=-csearch_path=…`
    /// sets.
    ///
    /// # Encryption
    ///
    /// What `sslmode` says, with the feature `postgres-tls`:
    ///
    /// | `sslmode` | the connection |
    /// |---|---|
    /// | `disable` | is in the clear |
    /// | `prefer`, or none | is encrypted if the server can, and else in the clear |
    /// | `require`, `verify-ca`, `verify-full` | is encrypted, or there is none |
    ///
    /// What is encrypted is always verified: the certificate has to be valid,
    /// issued by somebody who is trusted, and for the host of the connection
    /// string (`host`, also where `hostaddr` says where that is). So all of the
    /// last line are libpq's `verify-full`, while its `require` takes any
    /// certificate. `prefer` does not go on in the clear with a server whose
    /// certificate is not trusted; as an attacker can say that a server has no
    /// TLS, only the last line protects from one. `allow` is not known.
    ///
    /// Trusted are the roots of the operating system, or whom
    /// `PostgresOptions::tls` names: files, as `sslrootcert`, are not read from
    /// the connection string, nor is libpq's `~/.postgresql`. Sockets of this
    /// machine are never encrypted, whatever `sslmode` says, as with libpq.
    /// Passwords are bound to the encrypted connection (`SCRAM-SHA-256-PLUS`)
    /// where the server offers it, and `channel_binding=require` demands that.
    ///
    /// Without the feature `prefer` is in the clear, and what demands encryption
    /// is refused.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(60),
            #[cfg(feature = "postgres-tls")]
            tls: None,
        }
    }

    /// Whom to trust, and who we are, instead of the roots of the operating
    /// system and nobody.
    ///
    /// Whoever says that wants no connection in the clear: `sslmode=prefer`, which
    /// is also what a connection string without one means, is then `require`.
    /// Only `disable` still turns encryption off.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use synctools::TlsConfig;
    /// use synctools::store::PostgresOptions;
    ///
    /// let tls = TlsConfig::builder()
    ///     .add_root_pem(std::fs::read("authorities-of-the-provider.pem")?)
    ///     .only_added_roots()
    ///     .build()?;
    /// let store = PostgresOptions::new("postgresql://user@db.example.org/site")
    ///     .tls(tls)
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "postgres-tls")]
    #[must_use]
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.tls = Some(config);
        self
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
        let mut config = address::read(&self.url)?;
        config.connect_timeout(self.connect_timeout);
        if config.get_application_name().is_none() {
            config.application_name("synctools");
        }
        #[cfg(not(feature = "postgres-tls"))]
        address::refuse_encrypted(&config)?;
        #[cfg(feature = "postgres-tls")]
        let tls = match self.tls {
            None => TlsConfig::default(),
            Some(tls) => {
                address::demand_encrypted(&mut config);
                tls
            }
        };
        let server = Server {
            config,
            lock_timeout: self.lock_timeout,
            #[cfg(feature = "postgres-tls")]
            tls,
            idle: Mutex::default(),
        };
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
    /// reached, or does not let this user in,
    /// [`StoreErrorKind::Tls`](super::StoreErrorKind::Tls) if it has no TLS and
    /// that is demanded, or if its certificate is not trusted, and
    /// [`StoreErrorKind::Unsupported`](super::StoreErrorKind::Unsupported) if TLS
    /// is demanded and the feature `postgres-tls` is off.
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
