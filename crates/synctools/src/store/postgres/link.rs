//! Connections to the server.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[cfg(feature = "postgres-tls")]
use sync_core::hyper::TlsConfig;
#[cfg(feature = "postgres-tls")]
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls, SimpleQueryMessage, SimpleQueryRow, Socket};

#[cfg(feature = "postgres-tls")]
use super::tls::{self, Connector};
use crate::store::{StoreError, StoreErrorKind};

/// How many connections wait for the next sync or snapshot.
const IDLE: usize = 4;

/// What every connection is set to: texts are read and written in one form.
const SESSION: &str = "SET client_encoding = 'UTF8'; SET datestyle = 'ISO, YMD'; \
     SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET bytea_output = 'hex'; \
     SET extra_float_digits = 1; SET standard_conforming_strings = on; \
     SET client_min_messages = 'error'";

/// The server, and connections to it that are free.
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) lock_timeout: Duration,
    #[cfg(feature = "postgres-tls")]
    pub(super) tls: TlsConfig,
    pub(super) idle: Mutex<Vec<Client>>,
}

impl Server {
    /// A connection that nobody else has.
    pub(super) async fn connect(&self) -> Result<Link, StoreError> {
        loop {
            let idle = self.idle().pop();
            match idle {
                Some(client) if client.is_closed() => {}
                Some(client) => return Ok(Link { client }),
                None => break,
            }
        }
        let client = self.open().await?;
        let link = Link { client };
        let timeout = self.lock_timeout.as_millis();
        link.run(&format!("{SESSION}; SET lock_timeout = {timeout}"))
            .await?;
        Ok(link)
    }

    /// A new connection.
    async fn open(&self) -> Result<Client, StoreError> {
        #[cfg(feature = "postgres-tls")]
        if self.config.get_ssl_mode() != SslMode::Disable {
            return self.open_over(Connector::new(&self.tls)).await;
        }
        self.open_over(NoTls).await
    }

    async fn open_over<T>(&self, tls: T) -> Result<Client, StoreError>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, connection) = self.config.connect(tls).await.map_err(unreachable)?;
        // It ends with the client, and its errors come from there.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to PostgreSQL has ended");
            }
        });
        Ok(client)
    }

    /// Takes back a connection that is in no transaction.
    pub(super) fn put_back(&self, link: Link) {
        let mut idle = self.idle();
        if idle.len() < IDLE && !link.client.is_closed() {
            idle.push(link.client);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreachable(error: Error) -> StoreError {
    #[cfg(feature = "postgres-tls")]
    let error = match tls::failure(error) {
        Ok(failure) => return failure,
        Err(other) => other,
    };
    let kind = match StoreError::from(error) {
        error if error.kind() == StoreErrorKind::Other => StoreErrorKind::Io,
        error => return error,
    };
    StoreError::new(kind, "no connection")
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest of the configuration may hold a password.
        f.debug_struct("Server")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .finish()
    }
}

/// A connection.
pub(super) struct Link {
    pub(super) client: Client,
}

impl Link {
    /// Runs statements.
    pub(super) async fn run(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    /// Runs a statement, and says how many rows it was about.
    pub(super) async fn execute(&self, sql: &str) -> Result<u64, Error> {
        let messages = self.client.simple_query(sql).await?;
        Ok(messages
            .iter()
            .rev()
            .find_map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                _ => None,
            })
            .unwrap_or(0))
    }

    /// The rows of a query.
    pub(super) async fn rows(&self, sql: &str) -> Result<Vec<SimpleQueryRow>, Error> {
        let messages = self.client.simple_query(sql).await?;
        Ok(messages
            .into_iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .collect())
    }

    /// The numbers of the only row of a query; `NULL` is nothing.
    pub(super) async fn numbers(&self, sql: &str) -> Result<Vec<Option<i64>>, Error> {
        let rows = self.rows(sql).await?;
        let Some(row) = rows.first() else {
            return Ok(Vec::new());
        };
        Ok((0..row.len())
            .map(|at| column(row, at).and_then(|text| text.parse().ok()))
            .collect())
    }

    /// A count.
    pub(super) async fn count(&self, sql: &str) -> Result<u64, Error> {
        let numbers = self.numbers(sql).await?;
        Ok(numbers
            .first()
            .copied()
            .flatten()
            .unwrap_or(0)
            .unsigned_abs())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

/// A column of a row; nothing for `NULL`, and for one that is not there.
pub(super) fn column(row: &SimpleQueryRow, at: usize) -> Option<&str> {
    row.try_get(at).ok().flatten()
}
