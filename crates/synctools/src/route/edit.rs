//! What is done to objects before they are sent.

use std::fmt;

use super::BoxError;
use crate::row::Row;
use crate::schema::{Label, Model, Schema};
use crate::value::Value;

/// An object on its way out, with its fields by name.
pub struct Object<'a> {
    model: &'a Model,
    row: &'a mut Row,
}

/// A field that a model doesn't have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{model} has no field {field:?}")]
pub struct NoSuchField {
    model: Label,
    field: String,
}

impl<'a> Object<'a> {
    pub(super) const fn new(model: &'a Model, row: &'a mut Row) -> Self {
        Self { model, row }
    }

    /// Its model.
    pub const fn model(&self) -> &Model {
        self.model
    }

    /// The row itself.
    pub const fn row(&mut self) -> &mut Row {
        self.row
    }

    /// The primary key.
    pub fn pk(&self) -> Option<&Value> {
        self.row.pk()
    }

    /// The value of a field; `None` also when the object doesn't have it.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.row.get_named(self.model, field)
    }

    /// The keys of a many-to-many field.
    pub fn related(&self, field: &str) -> Option<&[Value]> {
        self.row
            .related(self.model.many_to_many_named(field)?.index())
    }

    /// Sets the value of a field.
    ///
    /// # Errors
    ///
    /// When the model has no such field.
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> Result<(), NoSuchField> {
        let found = self.model.field_named(field);
        let index = found.ok_or_else(|| no_such(self.model, field))?.index();
        self.row.set(index, value.into());
        Ok(())
    }

    /// Sets the keys of a many-to-many field.
    ///
    /// # Errors
    ///
    /// When the model has no such field.
    pub fn set_related(&mut self, field: &str, keys: Vec<Value>) -> Result<(), NoSuchField> {
        let found = self.model.many_to_many_named(field);
        let index = found.ok_or_else(|| no_such(self.model, field))?.index();
        self.row.set_related(index, keys);
        Ok(())
    }

    /// Nulls a field, or empties a many-to-many field.
    ///
    /// # Errors
    ///
    /// When the model has no such field.
    pub fn null(&mut self, field: &str) -> Result<(), NoSuchField> {
        if self.model.many_to_many_named(field).is_some() {
            self.set_related(field, Vec::new())
        } else {
            self.set(field, Value::Null)
        }
    }

    /// Leaves a field out, so that the receiver doesn't learn it.
    ///
    /// # Errors
    ///
    /// When the model has no such field.
    pub fn omit(&mut self, field: &str) -> Result<(), NoSuchField> {
        if let Some(found) = self.model.field_named(field) {
            self.row.take(found.index());
            return Ok(());
        }
        let found = self.model.many_to_many_named(field);
        let index = found.ok_or_else(|| no_such(self.model, field))?.index();
        if let Some(keys) = self.row.many_to_many_mut().get_mut(index.get()) {
            *keys = None;
        }
        Ok(())
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("model", self.model.label())
            .field("pk", &self.row.pk())
            .finish_non_exhaustive()
    }
}

fn no_such(model: &Model, field: &str) -> NoSuchField {
    NoSuchField {
        model: model.label().clone(),
        field: field.to_owned(),
    }
}

/// One thing that is done to each object.
pub(super) enum Edit {
    Null(String),
    Set(String, Value),
    Omit(String),
    Map(Map),
    Retain(Retain),
}

/// Changes an object.
type Map = Box<dyn FnMut(&mut Object<'_>) -> Result<(), BoxError> + Send>;

/// Says whether an object is sent.
type Retain = Box<dyn FnMut(&Object<'_>) -> bool + Send>;

impl Edit {
    /// Whether it can be done to objects of this model.
    ///
    /// # Errors
    ///
    /// When the model doesn't have the field.
    pub(super) fn check(&self, model: &Model) -> Result<(), NoSuchField> {
        match self {
            Self::Null(field) | Self::Set(field, _) | Self::Omit(field) => {
                let is_there = model.field_named(field).is_some()
                    || (model.many_to_many_named(field).is_some()
                        && !matches!(self, Self::Set(..)));
                is_there.then_some(()).ok_or_else(|| no_such(model, field))
            }
            Self::Map(_) | Self::Retain(_) => Ok(()),
        }
    }

    /// Whether the object is still to be sent.
    fn apply(&mut self, object: &mut Object<'_>) -> Result<bool, BoxError> {
        match self {
            Self::Null(field) => object.null(field)?,
            Self::Set(field, value) => object.set(field, value.clone())?,
            Self::Omit(field) => object.omit(field)?,
            Self::Map(map) => map(object)?,
            Self::Retain(retain) => return Ok(retain(object)),
        }
        Ok(true)
    }
}

/// Does all edits; whether the object is still to be sent.
///
/// # Errors
///
/// Those of the edits, and when the row is of no model of the schema.
pub(super) fn apply(edits: &mut [Edit], schema: &Schema, row: &mut Row) -> Result<bool, BoxError> {
    if edits.is_empty() {
        return Ok(true);
    }
    let model = schema.get(row.model()).ok_or("a row of another schema")?;
    let mut object = Object::new(model, row);
    for edit in edits {
        if !edit.apply(&mut object)? {
            return Ok(false);
        }
    }
    Ok(true)
}
