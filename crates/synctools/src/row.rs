//! Rows: what travels between the wire and the stores.

use crate::schema::{FieldIndex, ManyToManyIndex, Model, ModelId};
use crate::value::Value;

/// One object of one model, as a row of its table and the lists of its
/// many-to-many fields.
///
/// A value that is absent is not known, which is not the same as `NULL`: when
/// the row is there already its column is left alone, and a new row gets
/// [`Field::missing`](crate::schema::Field::missing). An absent list leaves the
/// pairs alone, and an empty one removes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    model: ModelId,
    pk: FieldIndex,
    values: Vec<Option<Value>>,
    many_to_many: Vec<Option<Vec<Value>>>,
}

impl Row {
    /// A row of a model without any values.
    pub fn new(model: &Model) -> Self {
        Self {
            model: model.id(),
            pk: model.pk_index(),
            values: vec![None; model.fields().len()],
            many_to_many: vec![None; model.many_to_many().len()],
        }
    }

    /// Which model it belongs to.
    pub fn model(&self) -> ModelId {
        self.model
    }

    /// The primary key; `None` and `NULL` both say that the row is a new one,
    /// whose key the database finds.
    pub fn pk(&self) -> Option<&Value> {
        self.get(self.pk).filter(|pk| !pk.is_null())
    }

    /// The value of a field, the primary key among them.
    pub fn get(&self, field: FieldIndex) -> Option<&Value> {
        self.values.get(field.get()).and_then(Option::as_ref)
    }

    /// The value of a field by name.
    pub fn get_named(&self, model: &Model, name: &str) -> Option<&Value> {
        self.get(model.field_named(name)?.index())
    }

    /// Sets the value of a field.
    ///
    /// Nothing happens for an index that is not one of its model's.
    pub fn set(&mut self, field: FieldIndex, value: Value) {
        if let Some(place) = self.values.get_mut(field.get()) {
            *place = Some(value);
        }
    }

    /// Takes away the value of a field.
    pub fn take(&mut self, field: FieldIndex) -> Option<Value> {
        self.values.get_mut(field.get()).and_then(Option::take)
    }

    /// All values, in the order of [`Model::fields`].
    pub fn values(&self) -> &[Option<Value>] {
        &self.values
    }

    /// All values, to take or to change.
    pub fn values_mut(&mut self) -> &mut [Option<Value>] {
        &mut self.values
    }

    /// The keys of a many-to-many field's targets, as the wire has them.
    pub fn related(&self, field: ManyToManyIndex) -> Option<&[Value]> {
        self.many_to_many
            .get(field.get())
            .and_then(|keys| keys.as_deref())
    }

    /// Sets the keys of a many-to-many field.
    ///
    /// Nothing happens for an index that is not one of its model's.
    pub fn set_related(&mut self, field: ManyToManyIndex, keys: Vec<Value>) {
        if let Some(place) = self.many_to_many.get_mut(field.get()) {
            *place = Some(keys);
        }
    }

    /// All many-to-many lists, in the order of [`Model::many_to_many`].
    pub fn many_to_many(&self) -> &[Option<Vec<Value>>] {
        &self.many_to_many
    }

    /// All many-to-many lists, to take or to change.
    pub fn many_to_many_mut(&mut self) -> &mut [Option<Vec<Value>>] {
        &mut self.many_to_many
    }
}
