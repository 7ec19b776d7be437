//! Where rows are kept: a database that Django laid out.
//!
//! A [`Store`] takes a sync as one transaction, and gives rows back from one
//! state of the database. There are these: [`MemoryStore`], and
#![cfg_attr(feature = "sqlite", doc = "[`SqliteStore`], a file,")]
#![cfg_attr(
    not(feature = "sqlite"),
    doc = "`SqliteStore` (feature `sqlite`), a file,"
)]
//! and
#![cfg_attr(feature = "postgres", doc = "[`PostgresStore`], a server.")]
#![cfg_attr(
    not(feature = "postgres"),
    doc = "`PostgresStore` (feature `postgres`), a server."
)]
//! Any other passes the suite in `store::kit` (feature `test-kit`) first.
//!
//! # What every store promises
//!
//! * A sync happens as a whole or not at all, also when the process is killed.
//! * Rows may come in any order: a row may refer to one that comes later, rows
//!   may refer to each other in a circle and to themselves, and two rows may
//!   swap values that are unique. References are checked when all has come.
//! * A row that is there is updated, and never removed and inserted again where
//!   somebody could see it: what refers to it stays. Only fields that came are
//!   written. A row whose values are as they came is not written at all.
//! * A row without a key is the row with the same
//!   [natural key](crate::schema::NaturalKey), if its model has one and there is
//!   such a row when all others are there; otherwise it is a new row, whose key
//!   is made after all others are there.
//! * A reference may be a natural key ([`Value::NaturalKey`](crate::Value)). It
//!   is the row that has it when all rows are there; none, or several, fail the
//!   sync.
//! * A key that comes twice: the last row wins, field by field.
//! * Of a many-to-many list that came, the pairs that are there already keep
//!   their rows; duplicates are one; a symmetrical one is kept in both
//!   directions. Only tables that Django makes by itself are written to.
//! * Parents of inheritance are objects of their own, and are not made up.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod clean;
mod error;
#[cfg(feature = "test-kit")]
pub mod kit;
mod lookup;
mod memory;
mod natural;
mod options;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
mod report;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod worker;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::error::{StoreError, StoreErrorKind};
pub use self::memory::MemoryStore;
pub use self::options::{Clean, OnReferenced, SyncOptions};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresOptions, PostgresStore};
pub use self::query::{Condition, Operator, Order, Query};
pub use self::report::{ModelReport, ReferenceAction, ReferenceReport, StoreReport};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteOptions, SqliteStore};
use crate::row::Row;
pub use crate::schema::MissingFields;
use crate::schema::{Introspection, Schema};

/// A database that Django laid out, or one like it.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Begins a sync. Nobody else sees anything of it before it is
    /// [finished](SyncTransaction::finish).
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Busy`] when another sync holds the database for too
    /// long, and [`StoreErrorKind::Schema`] for a model of `options` that is not
    /// in the schema.
    async fn begin(
        &self,
        schema: &Schema,
        options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError>;

    /// Takes one state of the database to read from. What is written while it
    /// is read does not show.
    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Reads which tables there are, with their columns and constraints.
    async fn introspect(&self) -> Result<Introspection, StoreError>;
}

/// A sync that is being written.
///
/// Dropping it takes back everything.
#[async_trait]
pub trait SyncTransaction: Send + fmt::Debug {
    /// Takes rows, in the order in which they came. They may be written later;
    /// an error may come with a later batch, or at the end. It waits while more
    /// is on its way than should be kept in memory.
    ///
    /// # Errors
    ///
    /// After an error there is nothing but to drop the transaction: everything
    /// else fails with [`StoreErrorKind::Closed`].
    async fn write(&mut self, batch: Vec<Row>) -> Result<(), StoreError>;

    /// Writes what is left, removes what is to be removed, checks every
    /// reference, resets sequences and makes it last, or, in a
    /// [dry run](SyncOptions::dry_run), takes it back.
    ///
    /// When the future is dropped, the sync happens as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::ForeignKey`], [`StoreErrorKind::Unique`],
    /// [`StoreErrorKind::Referenced`], [`StoreErrorKind::TooManyDeleted`] and
    /// all others; then everything was taken back.
    async fn finish(self: Box<Self>) -> Result<StoreReport, StoreError>;

    /// Takes back everything, and waits until that is done.
    async fn rollback(self: Box<Self>) -> Result<(), StoreError>;
}

/// One state of a database.
///
/// ```no_run
/// # async fn example(
/// #     mut snapshot: Box<dyn synctools::store::Snapshot>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use synctools::store::Query;
///
/// snapshot.select(Query::model("lab.blog".parse()?)).await?;
/// while let Some(rows) = snapshot.next().await? {
///     for row in rows {
///         println!("{:?}", row.pk());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait Snapshot: Send + fmt::Debug {
    /// Chooses which rows [`next`](Self::next) gives. What is left of the query
    /// before is skipped.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Schema`] for a model or field that is not in the schema
    /// or not in the database.
    async fn select(&mut self, query: Query) -> Result<(), StoreError>;

    /// The next rows, never none of them; `None` at the end. Each has all its
    /// columns and the lists of its automatic many-to-many fields, which are
    /// read alongside.
    async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError>;

    /// Names the state of the database: as long as this store gives the same
    /// text, nothing was changed. `None` where the database cannot say it.
    fn version(&self) -> Option<&str>;
}

#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    async fn begin(
        &self,
        schema: &Schema,
        options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        (**self).begin(schema, options).await
    }

    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError> {
        (**self).snapshot(schema).await
    }

    async fn introspect(&self) -> Result<Introspection, StoreError> {
        (**self).introspect().await
    }
}
