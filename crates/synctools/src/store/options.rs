//! How a sync is written into a store.

use crate::schema::{Label, MissingFields};

/// What happens to rows that were there and did not come.
///
/// Nothing is removed before everything has come, and a row that came is never
/// removed. Rows of automatic many-to-many tables go with the rows that they
/// join, and are not counted as references.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clean {
    /// They stay.
    #[default]
    No,
    /// What `clean=True` of the Python client is for: of every model that came,
    /// the table holds afterwards what came and nothing else. Fields that an
    /// object does not have get the default of the model, and many-to-many
    /// lists that it does not have become empty.
    ///
    /// Unlike there, rows of other models do not disappear on the way.
    Before,
    /// Rows of models that came are removed if their key did not come. A model
    /// of which no row came at all keeps its rows: see [`Clean::Tables`].
    Stale,
    /// Rows of these models, and no others, are removed if their key did not
    /// come; also when no row of the model came.
    Tables(Vec<Label>),
}

/// What happens to rows that did not come and refer to a row that is
/// [removed](Clean).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnReferenced {
    /// The sync fails with
    /// [`StoreErrorKind::Referenced`](super::StoreErrorKind::Referenced).
    #[default]
    Restrict,
    /// They refer to nothing afterwards. Where that cannot be, because the
    /// column does not take `NULL`, it is as with `Restrict`.
    SetNull,
    /// They are removed too, and what refers to them, and so on.
    Cascade,
}

/// How a sync is written into a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SyncOptions {
    /// What happens to rows that did not come.
    pub clean: Clean,
    /// What happens to rows that refer to rows that are removed.
    pub on_referenced: OnReferenced,
    /// How much of the rows that a table had may be removed by
    /// [`clean`](Self::clean), from 0 to 1; `None` is all of them. When it is
    /// more, the sync fails with
    /// [`StoreErrorKind::TooManyDeleted`](super::StoreErrorKind::TooManyDeleted).
    pub max_delete_ratio: Option<f64>,
    /// What fields mean that an object does not have.
    pub missing_fields: MissingFields,
    /// Sets what the database counts keys with to the highest key of every
    /// table that was written to.
    pub reset_sequences: bool,
    /// Does everything, and takes it back at the end.
    pub dry_run: bool,
}

impl Default for SyncOptions {
    /// Nothing is removed, missing fields are kept, sequences are reset.
    fn default() -> Self {
        Self {
            clean: Clean::No,
            on_referenced: OnReferenced::Restrict,
            max_delete_ratio: None,
            missing_fields: MissingFields::Keep,
            reset_sequences: true,
            dry_run: false,
        }
    }
}

impl SyncOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happens to rows that did not come.
    #[must_use]
    pub fn clean(mut self, clean: Clean) -> Self {
        self.clean = clean;
        self
    }

    /// What happens to rows that refer to rows that are removed.
    #[must_use]
    pub fn on_referenced(mut self, on_referenced: OnReferenced) -> Self {
        self.on_referenced = on_referenced;
        self
    }

    /// How much of a table may be removed, from 0 to 1.
    #[must_use]
    pub fn max_delete_ratio(mut self, ratio: impl Into<Option<f64>>) -> Self {
        self.max_delete_ratio = ratio.into();
        self
    }

    /// What fields mean that an object does not have.
    #[must_use]
    pub fn missing_fields(mut self, missing_fields: MissingFields) -> Self {
        self.missing_fields = missing_fields;
        self
    }

    /// Whether sequences are reset.
    #[must_use]
    pub fn reset_sequences(mut self, reset: bool) -> Self {
        self.reset_sequences = reset;
        self
    }

    /// Whether everything is taken back at the end.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }
}
