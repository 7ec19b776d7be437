//! Objects as the server keeps them: as values, and as the text it sends.

use std::sync::Arc;

use serde_json::{Map, Value};
use sync_core::json::RawJson;

/// The fields of a JSON object.
pub(super) type Object = Map<String, Value>;

/// One version of an entity's object.
#[derive(Clone, Debug)]
pub(super) struct Document {
    object: Arc<Value>,
    text: Arc<RawJson>,
}

impl Document {
    /// `None` for what cannot be written as JSON, which no object is.
    pub(super) fn new(object: Value) -> Option<Self> {
        let text = serde_json::value::to_raw_value(&object).ok()?;
        Some(Self {
            object: Arc::new(object),
            text: Arc::new(text.into()),
        })
    }

    /// An object without fields.
    pub(super) fn empty() -> Option<Self> {
        Self::new(Value::Object(Object::new()))
    }

    /// The object.
    pub(super) fn value(&self) -> &Value {
        &self.object
    }

    /// The object's JSON.
    pub(super) fn raw(&self) -> &RawJson {
        &self.text
    }

    pub(super) fn text(&self) -> &str {
        self.text.as_str()
    }

    /// The object with the top-level keys of another put over its own.
    pub(super) fn merged(&self, patch: Object) -> Value {
        let mut object = self.object.as_object().cloned().unwrap_or_default();
        object.extend(patch);
        Value::Object(object)
    }
}
