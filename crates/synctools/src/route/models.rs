//! The models of an app, in the order in which they are sent.

use std::collections::HashMap;

use super::builder::{Manager, ModelOrder};
use super::family::Family;
use super::queryset::Queryset;
use crate::schema::{Model, ModelId, Schema};
use crate::store::Query;

/// What apps are made of.
pub(super) struct Models {
    pub(super) schema: Schema,
    pub(super) fingerprint: String,
    pub(super) managers: HashMap<ModelId, Manager>,
    pub(super) order: ModelOrder,
}

impl Models {
    /// All rows of each model of an app, or of the one model of a label; `None`
    /// if there is no such app or model.
    pub(super) fn of(&self, label: &str) -> Option<Vec<Queryset>> {
        let found: Vec<&Model> = if label.contains('.') {
            vec![self.schema.model(label)?]
        } else {
            self.schema.app(label).collect()
        };
        if found.is_empty() {
            return None;
        }
        let own = found.into_iter().filter(|one| !one.is_proxy());
        let own: Vec<ModelId> = own.map(Model::id).collect();
        let ordered = match self.order {
            ModelOrder::ParentsFirst => self.schema.sort(&own),
            ModelOrder::Declared => own,
        };
        let ordered = ordered.into_iter().filter_map(|id| self.schema.get(id));
        Some(ordered.map(|model| self.all(model)).collect())
    }

    fn all(&self, model: &Model) -> Queryset {
        let all = Query::model(model.label().clone());
        let query = match self.managers.get(&model.id()) {
            Some(manager) => manager(all),
            None => all,
        };
        let by_key = query.order.is_empty() && self.order == ModelOrder::ParentsFirst;
        let mut queryset = Queryset::new(query);
        queryset.family = by_key.then(|| Family::of(model)).flatten();
        queryset
    }
}
