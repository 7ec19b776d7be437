//! What is worth a warning, noticed on the way.

use std::collections::BTreeSet;

use super::report::Warning;
use crate::row::Row;
use crate::schema::{FieldIndex, Label, Model, ModelId, Schema, Unknown};
use crate::value::Value;

/// Models whose keys every database makes for itself, so that the same key may
/// be another row on the other side.
const LOCAL: [&str; 3] = ["contenttypes.contenttype", "auth.permission", "sites.site"];

/// What was noticed in one attempt.
pub(super) struct Notes {
    /// For each model, the fields that refer to [`LOCAL`] ones.
    local: Vec<Vec<FieldIndex>>,
    /// Which of them had values.
    used: BTreeSet<(ModelId, FieldIndex)>,
    came: Vec<bool>,
    last: Option<ModelId>,
}

impl Notes {
    pub(super) fn new(schema: &Schema) -> Self {
        let local = schema.models().iter().map(|model| {
            let fields = model.fields().iter().filter(|field| {
                let to = field.relation().map(|relation| relation.to().as_str());
                to.is_some_and(|to| LOCAL.contains(&to))
            });
            fields.map(|field| field.index()).collect()
        });
        Self {
            local: local.collect(),
            used: BTreeSet::new(),
            came: vec![false; schema.models().len()],
            last: None,
        }
    }

    /// Notices a row.
    pub(super) fn row(&mut self, row: &Row) {
        let model = row.model();
        if self.last != Some(model) {
            self.last = Some(model);
            if let Some(came) = self.came.get_mut(model.get()) {
                *came = true;
            }
        }
        for field in self.local.get(model.get()).into_iter().flatten() {
            // By their natural keys they are the same row everywhere.
            let is_key = |value: &Value| !matches!(value, Value::Null | Value::NaturalKey(_));
            if row.get(*field).is_some_and(is_key) {
                self.used.insert((model, *field));
            }
        }
    }

    /// The model of the last row.
    pub(super) fn last<'a>(&self, schema: &'a Schema) -> Option<&'a Label> {
        schema.get(self.last?).map(Model::label)
    }

    /// The models that came, in order of declaration.
    pub(super) fn came<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = &'a Model> {
        let models = schema.models().iter().zip(&self.came);
        models.filter(|(_, came)| **came).map(|(model, _)| model)
    }

    /// What is to be said at the end.
    pub(super) fn warnings(&self, schema: &Schema, unknown: &Unknown) -> Vec<Warning> {
        let has_come = |label: &Label| {
            self.came(schema)
                .any(|model| schema.concrete(model).label() == label)
        };
        let mut warnings = Vec::new();
        for (model, field) in &self.used {
            let Some(model) = schema.get(*model) else {
                continue;
            };
            let Some(field) = model.field(*field) else {
                continue;
            };
            if let Some(relation) = field.relation().filter(|relation| !has_come(relation.to())) {
                warnings.push(Warning::LocalKeys {
                    model: model.label().clone(),
                    field: field.name().to_owned(),
                    to: relation.to().clone(),
                });
            }
        }
        for model in self.came(schema) {
            for parent in model.parents() {
                if !has_come(parent.to()) {
                    warnings.push(Warning::NoParents {
                        model: model.label().clone(),
                        parent: parent.to().clone(),
                    });
                }
            }
        }
        for (model, objects) in &unknown.models {
            warnings.push(Warning::UnknownModel {
                model: model.clone(),
                objects: *objects,
            });
        }
        for ((model, field), objects) in &unknown.fields {
            warnings.push(Warning::UnknownField {
                model: model.clone(),
                field: field.clone(),
                objects: *objects,
            });
        }
        warnings
    }
}
