//! What the options of a bucket ask for.
//!
//! That schemas are kept by buckets and refused with 400 is known, and so are
//! their policies for differences. In which language they describe objects is
//! not: here it is as much of JSON Schema as is usual, and keywords that are
//! not known ask for nothing.

use serde_json::{Map, Value};

use crate::jsondiff::{Differ, Policy, same};

use super::account::OPTIONS_BUCKET;
use super::config::Config;
use super::state::State;
use super::submit::Place;

/// How a bucket is to be dealt with.
#[derive(Debug)]
pub(super) struct Rules {
    /// With as many versions as the bucket's options say.
    pub(super) config: Config,
    /// How many entities there may be.
    pub(super) capacity: Option<usize>,
    /// What objects must look like,
    schema: Option<Value>,
    /// and what they must look like to be deleted.
    delete_schema: Option<Value>,
}

impl State {
    pub(super) fn rules_of(&mut self, place: &Place) -> Rules {
        let mut rules = Rules {
            config: self.config.clone(),
            capacity: None,
            schema: None,
            delete_schema: None,
        };
        if place.bucket == OPTIONS_BUCKET {
            return rules;
        }
        let (app, _) = self.app(&place.app);
        let Some(options) = app.options(&place.bucket) else {
            return rules;
        };
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let number = |name| options.get(name).and_then(Value::as_u64);
        let schema = |name| options.get(name).filter(|schema| schema.is_object());
        if let Some(kept) = number("version_max") {
            rules.config.versions_kept = kept;
        }
        if let Some(kept) = number("version10_max") {
            rules.config.tenths_kept = size(kept);
        }
        rules.capacity = number("capacity").map(size);
        rules.schema = schema("schema").cloned();
        rules.delete_schema = schema("delete-schema").cloned();
        rules
    }
}

impl Rules {
    /// Compares objects as the schema wants it.
    pub(super) fn differ(&self) -> Differ {
        let policy = self.schema.clone().map(serde_json::from_value::<Policy>);
        match policy {
            Some(Ok(policy)) => Differ::new().policy(policy),
            _ => Differ::new(),
        }
    }

    /// Whether an object may be kept.
    pub(super) fn accepts(&self, object: &Value) -> bool {
        self.schema
            .as_ref()
            .is_none_or(|schema| fits(object, schema))
    }

    /// Whether an object may be deleted.
    pub(super) fn lets_go(&self, object: &Value) -> bool {
        let schema = self.delete_schema.as_ref();
        schema.is_none_or(|schema| fits(object, schema))
    }
}

/// Whether a value is as a schema wants it.
fn fits(value: &Value, schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else {
        return *schema != Value::Bool(false);
    };
    schema
        .iter()
        .all(|(keyword, wanted)| match keyword.as_str() {
            "type" => match wanted {
                Value::Array(types) => types.iter().any(|wanted| is_of(value, wanted)),
                wanted => is_of(value, wanted),
            },
            "const" => same(value, wanted),
            "enum" => all(wanted).any(|wanted| same(value, wanted)),
            "minimum" => compare(value.as_f64(), wanted, |value, least| value >= least),
            "maximum" => compare(value.as_f64(), wanted, |value, most| value <= most),
            "minLength" => compare(length(value), wanted, |len, least| len >= least),
            "maxLength" => compare(length(value), wanted, |len, most| len <= most),
            "items" => all(value).all(|value| fits(value, wanted)),
            "required" => value.as_object().is_none_or(|value| {
                let mut names = all(wanted).filter_map(Value::as_str);
                names.all(|name| value.contains_key(name))
            }),
            "properties" => fields(value, |name, value| {
                wanted.get(name).is_none_or(|schema| fits(value, schema))
            }),
            "additionalProperties" => fields(value, |name, value| {
                let known = schema.get("properties").and_then(|known| known.get(name));
                known.is_some() || fits(value, wanted)
            }),
            _ => true,
        })
}

fn is_of(value: &Value, wanted: &Value) -> bool {
    match (wanted.as_str(), value) {
        (Some("integer"), Value::Number(number)) => {
            let whole = || number.as_f64().is_some_and(|number| number.fract() == 0.0);
            number.is_i64() || number.is_u64() || whole()
        }
        (Some(wanted), value) => {
            wanted
                == match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                }
        }
        // What is said otherwise is not known.
        (None, _) => true,
    }
}

fn all(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn fields(value: &Value, mut fits: impl FnMut(&str, &Value) -> bool) -> bool {
    let fields = value.as_object().into_iter().flat_map(Map::iter);
    fields.into_iter().all(|(name, value)| fits(name, value))
}

fn length(value: &Value) -> Option<f64> {
    let len = value.as_str()?.chars().count();
    Some(f64::from(u32::try_from(len).unwrap_or(u32::MAX)))
}

/// A limit says nothing of values of other types.
fn compare(value: Option<f64>, limit: &Value, holds: fn(f64, f64) -> bool) -> bool {
    match (value, limit.as_f64()) {
        (Some(value), Some(limit)) => holds(value, limit),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_says_what_a_value_looks_like() {
        let note = json!({
            "type": "object",
            "required": ["content"],
            "properties": {
                "content": {"type": "string", "minLength": 1, "maxLength": 3},
                "tags": {"type": "array", "items": {"type": "string"}},
                "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 5},
                "kind": {"enum": ["a", 1]},
                "done": {"const": false},
            },
            "additionalProperties": false,
        });
        for good in [
            json!({"content": "é日😀"}),
            json!({"content": "a", "tags": ["x"], "n": 5, "kind": "a", "done": false}),
            json!({"content": "a", "tags": [], "n": 2.0, "kind": 1.0}),
            json!({"content": "a", "n": null}),
        ] {
            assert!(fits(&good, &note), "{good}");
        }
        for bad in [
            json!({}),
            json!({"content": 1}),
            json!({"content": ""}),
            json!({"content": "abcd"}),
            json!({"content": "a", "tags": "x"}),
            json!({"content": "a", "tags": [1]}),
            json!({"content": "a", "n": 1.5}),
            json!({"content": "a", "n": 6}),
            json!({"content": "a", "n": 0}),
            json!({"content": "a", "kind": "b"}),
            json!({"content": "a", "done": true}),
            json!({"content": "a", "other": 1}),
        ] {
            assert!(!fits(&bad, &note), "{bad}");
        }
    }

    #[test]
    fn what_is_not_known_asks_for_nothing() {
        for schema in [
            json!({}),
            json!({"format": "date", "type": 3}),
            json!(true),
            json!(null),
        ] {
            assert!(fits(&json!({"a": 1}), &schema), "{schema}");
        }
        assert!(!fits(&json!(1), &json!(false)));
    }
}
