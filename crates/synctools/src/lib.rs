//! The Django synctool, client and server, on real databases.
//!
//! `django-synctool` copies tables from one Django site to another: the one
//! serves an app as JSON, the other asks for it and stores it. Here are both
//! sides, for databases that Django laid out; neither side of an existing
//! installation notices.
//!
//! # A first look
//!
//! ```no_run
//! # #[cfg(feature = "sqlite")]
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use synctools::store::{Clean, SqliteStore};
//! use synctools::{Client, Schema};
//!
//! // What `scripts/export_schema.py` of this crate printed in the project.
//! let schema = Schema::from_django_json(&std::fs::read_to_string("models.json")?)?;
//! let client = Client::builder()
//!     .api_url("https://example.org/sync/")
//!     .token("sekret-token")
//!     .schema(schema)
//!     .store(SqliteStore::open("db.sqlite3").await?)
//!     .build()?;
//! let report = client.sync("blog").clean(Clean::Stale).await?;
//! println!("{} new, {} gone", report.inserted(), report.deleted());
//! # Ok(())
//! # }
//! ```
//!
//! # How it behaves
//!
//! * **A sync** is one transaction. Nothing is committed before the last
//!   bracket and the clean end of the body, and references are checked when all
//!   is there: rows may come in any order.
//! * **Memory** is constant: one object, and batches of rows on their way.
//! * **Values are exact**: no integer or decimal goes through a float, and
//!   floats come back as the same bits.
//! * **Reading is as lenient as Django** (`"42"` is an integer, 1 is true),
//!   [or strict](schema::DecodeOptions::strict); what makes no sense is an error
//!   that [says where](SyncErrorExt::sync_error).
//! * **Writing is byte for byte** what [a Django](wire::Profile) would send.
//! * **Tokens** are never shown, and never sent to another host unless that is
//!   asked for.
//!
//! # Where things are
//!
//! | what | where |
//! |---|---|
//! | syncing from a server | [`Client`], [`client`] |
//! | serving | `route` (feature `server`) |
//! | what a model is, and where that is known from | [`schema`] |
//! | databases | [`store`] |
//! | files of image fields | `images` (feature `images`) |
//! | bodies, to read and to write | [`wire`] |
//! | rows and their values | [`row`], [`value`] |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tls` | yes | HTTPS |
//! | `http2` | yes | HTTP/2 |
//! | `sqlite` | yes | databases in a SQLite file |
//! | `postgres` | no | databases on a PostgreSQL server |
//! | `postgres-tls` | no | TLS to a PostgreSQL server |
//! | `images` | no | download of the files of image fields |
//! | `server` | no | routes that answer as the Django application does |
//! | `test-kit` | no | the tests that every store must pass |
//!
//! What is deliberately different from `django-synctool`, client and server, is
//! listed in the README of the crate.

pub mod client;
mod error;
#[cfg(feature = "images")]
pub mod images;
#[cfg(feature = "server")]
pub mod route;
pub mod row;
pub mod schema;
pub mod store;
pub mod value;
pub mod wire;

/// What all services share: transports, TLS, policies, errors.
pub use sync_core;
#[cfg(feature = "postgres-tls")]
pub use sync_core::hyper::{ExactCertificate, TlsConfig, TlsConfigBuilder};
pub use sync_core::policy::{Backoff, Redirects, RetryPolicy};
pub use sync_core::{CallOptions, Clock, Error, ErrorKind, Secret};

pub use crate::client::{Client, ClientBuilder, SyncReport};
pub use crate::error::{SyncError, SyncErrorExt};
pub use crate::row::Row;
pub use crate::schema::{Label, Model, Schema};
pub use crate::value::Value;

/// The examples of the README, compiled.
#[cfg(all(doctest, feature = "postgres-tls", feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;
