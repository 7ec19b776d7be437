//! What a database holds: models, their columns, and how they hang together.
//!
//! A [`Schema`] comes from one of three sources: written in Rust with
//! [`Schema::builder`], exported from the Django project with
//! `scripts/export_schema.py` ([`Schema::from_django_json`]), or read from a
//! database ([`Schema::introspected`]), which knows less than it seems: see
//! there.

mod assemble;
mod build;
mod convert;
mod decode;
mod django;
mod field;
mod guess;
mod introspect;
mod label;
mod model;
mod natural;
mod order;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub use self::build::{FieldBuilder, ManyToManyBuilder, ModelBuilder, SchemaBuilder, SchemaError};
pub use self::decode::{
    DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, MissingFields, Unknown,
    UnknownPolicy,
};
pub use self::field::{Field, FieldIndex, FieldKind, ForeignKey};
pub use self::introspect::{Ambiguity, ColumnInfo, Database, Introspection, Overrides, TableInfo};
pub use self::label::{InvalidLabel, Label};
pub use self::model::{ManyToMany, ManyToManyIndex, Model, ModelId, Parent, Through};
pub use self::natural::{NaturalKey, NaturalPart};

/// All models of a database, in order of declaration. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    inner: Arc<Inner>,
}

struct Inner {
    models: Vec<Model>,
    by_label: HashMap<Label, ModelId>,
}

impl Schema {
    /// Writes a schema down in Rust.
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// The models, in order of declaration.
    pub fn models(&self) -> &[Model] {
        &self.inner.models
    }

    /// A model by its index.
    pub fn get(&self, id: ModelId) -> Option<&Model> {
        self.inner.models.get(id.get())
    }

    /// A model by its label, as in `"blog.post"`. The app's name is
    /// case-sensitive and the model's is not, as in Django.
    pub fn model(&self, label: &str) -> Option<&Model> {
        self.get(self.id(label)?)
    }

    /// The index of a model by its label.
    pub fn id(&self, label: &str) -> Option<ModelId> {
        let label: Label = label.parse().ok()?;
        self.inner.by_label.get(&label).copied()
    }

    /// The models of one app, in order of declaration, proxies among them.
    pub fn app<'a>(&'a self, app_label: &'a str) -> impl Iterator<Item = &'a Model> + 'a {
        self.models()
            .iter()
            .filter(move |model| model.app_label() == app_label)
    }

    /// The models that a proxy stands for, or the model itself: the one whose
    /// table it is.
    pub fn concrete<'a>(&'a self, model: &'a Model) -> &'a Model {
        let mut model = model;
        // Every step leads to an earlier model: the builder sees to it.
        while let Some(target) = model
            .proxy_for()
            .and_then(|label| self.model(label.as_str()))
        {
            model = target;
        }
        model
    }

    /// The models in an order in which parents come before their children, as
    /// far as there is one; see [`Schema::sort`].
    pub fn dependency_order(&self) -> Vec<ModelId> {
        let ids: Vec<ModelId> = self.models().iter().map(Model::id).collect();
        self.sort(&ids)
    }

    /// Brings models into an order in which those that others refer to (by
    /// foreign key, many-to-many field, or as parent of a table) come first.
    ///
    /// Where the references run in a circle, one that may be null, or a
    /// many-to-many one, is given up before one that must be there; what is
    /// free keeps its order.
    pub fn sort(&self, models: &[ModelId]) -> Vec<ModelId> {
        order::sort(self, models)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.models().iter().map(Model::label))
            .finish()
    }
}
