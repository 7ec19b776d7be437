//! What the names and values of queries and options stand for.

use crate::schema::{Field, FieldKind, Model, Schema};
use crate::store::{Clean, Query, StoreError, StoreErrorKind, SyncOptions};
use crate::value::{Date, DateTime, Decimal, Duration, Time, Uuid, Value};

/// The model that a query asks for, and the one whose table it is.
pub(super) fn models<'a>(
    schema: &'a Schema,
    query: &Query,
) -> Result<(&'a Model, &'a Model), StoreError> {
    let model = schema.model(query.model.as_str()).ok_or_else(|| {
        StoreError::new(StoreErrorKind::Schema, "no such model").with_model(query.model.clone())
    })?;
    Ok((model, schema.concrete(model)))
}

/// A field by its name, or `pk`.
pub(super) fn field<'a>(model: &'a Model, name: &str) -> Result<&'a Field, StoreError> {
    if name == "pk" {
        return Ok(model.pk());
    }
    model.field_named(name).ok_or_else(|| {
        StoreError::new(StoreErrorKind::Schema, "no such field with a column")
            .with_model(model.label().clone())
            .with_field(name)
    })
}

/// A value as the kind of a field: text stands for what it says.
pub(super) fn coerce(model: &Model, field: &Field, value: &Value) -> Result<Value, StoreError> {
    let Value::Text(text) = value else {
        return Ok(value.clone());
    };
    let read = match field.kind() {
        kind if kind.is_text() => Some(value.clone()),
        kind if kind.is_integer() => text.parse().ok().map(Value::Int),
        FieldKind::Boolean => match &**text {
            "true" | "True" | "t" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "f" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        FieldKind::Float => text.parse().ok().map(Value::Float),
        FieldKind::Decimal { .. } => Decimal::parse(text).ok().map(Value::Decimal),
        FieldKind::Uuid => Uuid::parse(text).map(Value::Uuid),
        FieldKind::Date => Date::parse(text).ok().map(Value::Date),
        FieldKind::Time => Time::parse(text).ok().map(Value::Time),
        FieldKind::Duration => Duration::parse(text).map(Value::Duration),
        FieldKind::DateTime { aware } => {
            DateTime::parse(text)
                .ok()
                .and_then(|time| match (aware, time.offset()) {
                    (true, None) => time.with_offset(0).map(Value::DateTime),
                    (false, Some(_)) => time
                        .to_utc()
                        .map(|time| Value::DateTime(DateTime::new(time.date(), time.time()))),
                    _ => Some(Value::DateTime(time)),
                })
        }
        _ => Some(value.clone()),
    };
    read.ok_or_else(|| {
        StoreError::new(StoreErrorKind::Value, "no value of this field")
            .with_model(model.label().clone())
            .with_field(field.name())
            .with_value(format!("{text:?}"))
    })
}

/// Which models a sync cleans, of those that came and all others: concrete
/// ones, once each.
pub(super) fn cleaned<'s>(
    schema: &'s Schema,
    options: &SyncOptions,
    came: &[usize],
) -> Result<Vec<&'s Model>, StoreError> {
    let mut models: Vec<&Model> = Vec::new();
    match &options.clean {
        Clean::No => {}
        Clean::Before | Clean::Stale => {
            models.extend(came.iter().filter_map(|at| schema.models().get(*at)));
        }
        Clean::Tables(labels) => {
            for label in labels {
                let model = schema.model(label.as_str()).ok_or_else(|| {
                    StoreError::new(StoreErrorKind::Schema, "no such model to clean")
                        .with_model(label.clone())
                })?;
                let model = schema.concrete(model);
                if !models.iter().any(|other| other.id() == model.id()) {
                    models.push(model);
                }
            }
        }
    }
    Ok(models)
}
