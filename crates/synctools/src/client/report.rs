//! What a sync did.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "images")]
use crate::images::ImageReport;
use crate::schema::Label;
use crate::store::{ModelReport, ReferenceReport, StoreReport};

/// What a sync did, or, in a dry run, would have done.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SyncReport {
    /// The server said that nothing has changed since the last sync (304).
    /// Nothing was read, and nothing written.
    pub not_modified: bool,
    /// Everything was taken back at the end.
    pub dry_run: bool,
    /// What happened to each model, in the order in which they came.
    pub models: Vec<ModelReport>,
    /// What happened to rows that referred to rows that were removed.
    pub references: Vec<ReferenceReport>,
    /// Objects that came.
    pub objects: u64,
    /// Objects among them that were not written: skipped by a hook, or of
    /// models that are not known.
    pub skipped: u64,
    /// Bytes of the body, decompressed.
    pub bytes: u64,
    /// How often it was begun; 1 if all went well at once.
    pub attempts: u32,
    /// How long it took, from the first request to the commit.
    pub elapsed: Duration,
    /// What may not be as it was meant.
    pub warnings: Vec<Warning>,
    /// What came of the images, if they were asked for.
    #[cfg(feature = "images")]
    pub images: Option<ImageReport>,
}

impl SyncReport {
    /// What happened to one model, by its label as in `"blog.post"`.
    pub fn model(&self, label: &str) -> Option<&ModelReport> {
        let label: Label = label.parse().ok()?;
        self.models.iter().find(|report| report.model == label)
    }

    /// Whether the database holds something else than before, or would.
    pub fn changed(&self) -> bool {
        self.models.iter().any(ModelReport::changed)
            || self.references.iter().any(|reference| reference.rows > 0)
    }

    /// Rows that are new.
    pub fn inserted(&self) -> u64 {
        self.models.iter().map(|model| model.inserted).sum()
    }

    /// Rows that were there and are different now.
    pub fn updated(&self) -> u64 {
        self.models.iter().map(|model| model.updated).sum()
    }

    /// Rows that were there as they came.
    pub fn unchanged(&self) -> u64 {
        self.models.iter().map(|model| model.unchanged).sum()
    }

    /// Rows that were removed.
    pub fn deleted(&self) -> u64 {
        self.models.iter().map(|model| model.deleted).sum()
    }

    pub(super) fn stored(&mut self, stored: StoreReport) {
        self.models = stored.models;
        self.references = stored.references;
        self.dry_run = stored.dry_run;
    }
}

/// Something that may not be as it was meant. Nothing failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Rows refer to rows of another model that did not come with them, and
    /// whose keys are made by each database for itself (content types,
    /// permissions, sites): the same key may be another row here. Sync that
    /// model too, or leave the field out.
    LocalKeys {
        /// The model of the rows.
        model: Label,
        /// Their field.
        field: String,
        /// The model that did not come.
        to: Label,
    },
    /// Objects of a model came without any of the model it inherits from. What
    /// their parents hold stays as it was.
    NoParents {
        /// The model that came.
        model: Label,
        /// The model that did not.
        parent: Label,
    },
    /// Objects came of a model that is not in the schema, and were left out.
    UnknownModel {
        /// The name of the model, as it came.
        model: String,
        /// How many there were.
        objects: u64,
    },
    /// Objects came with a field that the model does not have, and were taken
    /// without it.
    UnknownField {
        /// The model.
        model: Label,
        /// The name of the field, as it came.
        field: String,
        /// How many there were.
        objects: u64,
    },
    /// Rows were to be removed of models that came, and none came: nothing was
    /// removed. Name the models to remove rows of an empty answer, too.
    NothingToClean,
    /// The token went over a connection that anybody on the way can read.
    TokenInTheOpen,
    /// What the server says about this state of its data could not be kept:
    /// the next sync asks for everything.
    ValidatorNotKept {
        /// Why.
        error: String,
    },
    /// The images could not be looked for, or nowhere written.
    Images {
        /// Why.
        error: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalKeys { model, field, to } => write!(
                f,
                "{model}.{field} refers to {to}, which did not come and has keys of its own in every database"
            ),
            Self::NoParents { model, parent } => {
                write!(f, "{model} came without {parent}, which it inherits from")
            }
            Self::UnknownModel { model, objects } => {
                write!(
                    f,
                    "{objects} objects of the unknown model {model:?} were left out"
                )
            }
            Self::UnknownField {
                model,
                field,
                objects,
            } => write!(
                f,
                "the unknown field {field:?} of {objects} objects of {model} was left out"
            ),
            Self::NothingToClean => {
                f.write_str("no object came, so no row was removed: name the models to clean")
            }
            Self::TokenInTheOpen => f.write_str("the token went over plain HTTP"),
            Self::ValidatorNotKept { error } => {
                write!(f, "the next sync will ask for everything: {error}")
            }
            Self::Images { error } => write!(f, "no images: {error}"),
        }
    }
}
