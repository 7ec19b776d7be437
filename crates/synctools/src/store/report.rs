//! What a sync did to a store.

use crate::schema::Label;

/// What a sync did, or would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreReport {
    /// Every model of which rows came or were removed, in the order in which
    /// they came. Rows of a proxy count for the model whose table it uses.
    pub models: Vec<ModelReport>,
    /// What happened to rows that referred to rows that were removed.
    pub references: Vec<ReferenceReport>,
    /// Whether it was taken back at the end.
    pub dry_run: bool,
}

impl StoreReport {
    /// The report of one model.
    pub fn model(&self, label: &Label) -> Option<&ModelReport> {
        self.models.iter().find(|report| report.model == *label)
    }

    /// Whether the store holds something else than before.
    pub fn changed(&self) -> bool {
        self.models.iter().any(ModelReport::changed)
            || self.references.iter().any(|reference| reference.rows > 0)
    }
}

/// What a sync did to the rows of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelReport {
    /// The model.
    pub model: Label,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that were there and are different now.
    pub updated: u64,
    /// Rows that came and were there as they came.
    pub unchanged: u64,
    /// Rows that were removed because they did not come.
    pub deleted: u64,
    /// Rows that are new in the many-to-many tables of the model.
    pub pairs_added: u64,
    /// Rows that were removed from the many-to-many tables of the model.
    pub pairs_removed: u64,
}

impl ModelReport {
    /// A report of nothing.
    pub fn new(model: Label) -> Self {
        Self {
            model,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
            pairs_added: 0,
            pairs_removed: 0,
        }
    }

    /// How many rows came. One that came twice counts twice.
    pub fn received(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }

    /// Whether the table, or a many-to-many table of the model, holds something
    /// else than before.
    pub fn changed(&self) -> bool {
        self.inserted + self.updated + self.deleted + self.pairs_added + self.pairs_removed > 0
    }
}

/// What happened to rows that referred to rows that were removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReferenceReport {
    /// Their table, which need not be one of the schema.
    pub table: String,
    /// The column that referred to rows that were removed.
    pub column: String,
    /// Whether they were removed, or refer to nothing now.
    pub action: ReferenceAction,
    /// How many they are.
    pub rows: u64,
}

/// What happened to a row that referred to one that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReferenceAction {
    /// It refers to nothing now.
    SetNull,
    /// It was removed too.
    Removed,
}
