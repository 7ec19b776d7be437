//! Natural keys: fields by which a row is known where its primary key is not.
//!
//! Django has no list of such fields: a manager looks rows up with
//! `get_by_natural_key`, and a model says its own with `natural_key()`. Here it
//! is a list of names, each of a field or, with `__`, of a field of the row that
//! a relation leads to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::schema::convert::{self, Convert};
use crate::schema::model::Place;
use crate::schema::{
    DecodeErrorKind, Field, FieldIndex, Inner, Label, Model, ModelId, Schema, SchemaError,
};
use crate::value::Value;
use crate::wire::{RawArray, RawValue};

/// The fields by which rows of a model are known: its natural key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaturalKey {
    parts: Box<[NaturalPart]>,
}

/// One field of a natural key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NaturalPart {
    name: Box<str>,
    path: Box<[FieldIndex]>,
}

impl NaturalKey {
    /// Its fields, in the order of the values on the wire.
    pub fn parts(&self) -> &[NaturalPart] {
        &self.parts
    }
}

impl NaturalPart {
    /// Its name, as in `content_type__app_label`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is reached: a field of the model, and, as long as there are more,
    /// one of the model that the field before refers to.
    pub fn path(&self) -> &[FieldIndex] {
        &self.path
    }
}

impl Schema {
    /// The same schema, with a natural key for a model: the names of its fields,
    /// as in `["codename", "content_type__app_label"]`. Other models keep
    /// theirs.
    ///
    /// # Errors
    ///
    /// [`SchemaError::UnknownModel`] for a model and [`SchemaError::NaturalKey`]
    /// for a field that is not there.
    ///
    /// ```
    /// use synctools::schema::{FieldKind, ModelBuilder, Schema};
    ///
    /// let schema = Schema::builder()
    ///     .model(ModelBuilder::new("blog.tag").field("name", FieldKind::Text))
    ///     .build()?
    ///     .with_natural_key("blog.tag", ["name"])?;
    /// let key = schema.model("blog.tag").unwrap().natural_key().unwrap();
    /// assert_eq!(key.parts()[0].name(), "name");
    /// # Ok::<(), synctools::schema::SchemaError>(())
    /// ```
    pub fn with_natural_key<S: AsRef<str>>(
        &self,
        model: &str,
        fields: impl IntoIterator<Item = S>,
    ) -> Result<Self, SchemaError> {
        let id = self
            .id(model)
            .ok_or_else(|| SchemaError::UnknownModel(model.to_owned()))?;
        let mut models = self.inner.models.clone();
        let fields: Vec<S> = fields.into_iter().collect();
        set(&mut models, &[(id, fields.iter().map(S::as_ref).collect())])?;
        Ok(Self {
            inner: Arc::new(Inner {
                models,
                by_label: self.inner.by_label.clone(),
            }),
        })
    }

    /// The natural key of a model.
    pub(crate) fn natural_key(&self, model: ModelId) -> Option<&NaturalKey> {
        self.get(model)?.natural_key()
    }

    /// The field at the end of a path that begins at a model.
    pub fn follow<'a>(&'a self, model: &'a Model, path: &[FieldIndex]) -> Option<&'a Field> {
        let (first, rest) = path.split_first()?;
        let field = model.field(*first)?;
        if rest.is_empty() {
            return Some(field);
        }
        self.follow(self.get(field.relation()?.model()?)?, rest)
    }

    /// A natural key on the wire, as the values of its fields. A relation among
    /// them may be a natural key again.
    pub(crate) fn read_natural_key(
        &self,
        target: Option<ModelId>,
        list: RawArray<'_>,
        how: &Convert,
    ) -> Result<Value, DecodeErrorKind> {
        let target = target.and_then(|id| self.get(id));
        let Some((model, key)) = target.and_then(|model| Some((model, model.natural_key()?)))
        else {
            return Err(DecodeErrorKind::NaturalKey);
        };
        let wrong = DecodeErrorKind::Invalid {
            expected: "a natural key with one value for each of its fields",
        };
        let mut values = Vec::with_capacity(key.parts.len());
        let mut parts = key.parts.iter();
        for raw in list.iter() {
            let part = parts.next().ok_or(wrong)?;
            let field = self.follow(model, &part.path).ok_or(wrong)?;
            values.push(match (raw, field.relation()) {
                (RawValue::Array(list), Some(relation)) => {
                    self.read_natural_key(relation.model(), list, how)?
                }
                (raw, _) => convert::value(field.kind(), true, raw, how)?,
            });
        }
        match parts.next() {
            None => Ok(Value::NaturalKey(values.into())),
            Some(_) => Err(wrong),
        }
    }
}

/// Sets the natural keys of these models, and of proxies that have none of
/// their own.
pub(super) fn set(models: &mut [Model], keys: &[(ModelId, Vec<&str>)]) -> Result<(), SchemaError> {
    for (id, names) in keys {
        let Some(model) = models.get(id.get()) else {
            continue;
        };
        let unknown = |name: &str| SchemaError::NaturalKey {
            model: model.label().clone(),
            field: name.to_owned(),
        };
        if names.is_empty() {
            return Err(unknown(""));
        }
        let parts = names
            .iter()
            .map(|name| {
                Ok(NaturalPart {
                    name: (*name).into(),
                    path: path(models, model, name).ok_or_else(|| unknown(name))?,
                })
            })
            .collect::<Result<_, SchemaError>>()?;
        models[id.get()].natural_key = Some(NaturalKey { parts });
    }
    let places: HashMap<Label, usize> = models
        .iter()
        .map(|model| (model.label().clone(), model.id().get()))
        .collect();
    for at in 0..models.len() {
        let mut target = at;
        // Every step leads nearer to a model with a table: the builder saw to it.
        while models[target].natural_key.is_none() {
            let next = models[target].proxy_for().and_then(|to| places.get(to));
            let Some(next) = next else { break };
            target = *next;
        }
        if target != at {
            models[at].natural_key = models[target].natural_key.clone();
        }
    }
    Ok(())
}

/// The fields that a name with `__` leads through.
fn path(models: &[Model], model: &Model, name: &str) -> Option<Box<[FieldIndex]>> {
    let mut path = Vec::new();
    let mut at = Some(model);
    for name in name.split("__") {
        let field = own_or_inherited(models, at?, name, &mut path, 0)?;
        at = field
            .relation()
            .and_then(|relation| models.get(relation.model()?.get()));
    }
    Some(path.into())
}

/// A field of a model or of one of those that it inherits from.
fn own_or_inherited<'a>(
    models: &'a [Model],
    model: &'a Model,
    name: &str,
    path: &mut Vec<FieldIndex>,
    depth: usize,
) -> Option<&'a Field> {
    if let Some(Place::Field(index)) = model.by_name.get(name) {
        path.push(*index);
        return model.field(*index);
    }
    model
        .parents()
        .iter()
        .filter(|_| depth < 16)
        .find_map(|to| {
            let length = path.len();
            path.push(to.field());
            let parent = models.get(to.model()?.get())?;
            let found = own_or_inherited(models, parent, name, path, depth + 1);
            if found.is_none() {
                path.truncate(length);
            }
            found
        })
}
