//! What a caller does with every object before it is written.

use crate::row::Row;
use crate::schema::{Label, Model};
use crate::value::Value;

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is written.
    Keep,
    /// It is left out, as if the server did not have it: where rows that did
    /// not come are removed, that holds for its row, too.
    Skip,
    /// The sync ends, and nothing of it is kept. The text says why, and
    /// becomes part of the error.
    Stop(String),
}

/// An object on its way into the database, to look at and to change.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub(super) model: &'a Model,
    pub(super) row: &'a mut Row,
}

impl Incoming<'_> {
    /// The name of its model.
    pub fn label(&self) -> &Label {
        self.model.label()
    }

    /// Its model.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// Its primary key; `None` for a new row.
    pub fn pk(&self) -> Option<&Value> {
        self.row.pk()
    }

    /// The value of a field; `None` if it did not come, or the model has no
    /// such field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.row.get_named(self.model, field)
    }

    /// Sets the value of a field. `false` if the model has no such field.
    ///
    /// Whether the value is of the field's kind is for the database to say.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> bool {
        match self.model.field_named(field) {
            Some(field) => {
                self.row.set(field.index(), value.into());
                true
            }
            None => false,
        }
    }

    /// The row, with everything in it.
    pub fn row_mut(&mut self) -> &mut Row {
        self.row
    }
}
