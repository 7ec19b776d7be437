//! Conditions and orders, without a database.

use std::cmp::Ordering;

use crate::schema::{FieldIndex, Model};
use crate::store::{Condition, Operator, Query, StoreError, lookup};
use crate::value::Value;

/// A value that can be a key of a map. Values of one field are all of one kind;
/// those of different kinds have an order too, any.
#[derive(Clone, Debug)]
pub(super) struct Key(pub(super) Value);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

/// How two values compare; `NULL` is the least of all.
pub(super) fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Int(one), Value::Int(other)) => one.cmp(other),
        (Value::Float(one), Value::Float(other)) => one.total_cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => {
            // Near enough to put them in order, and the text decides the rest.
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            number(one.as_str())
                .total_cmp(&number(other.as_str()))
                .then_with(|| one.as_str().cmp(other.as_str()))
        }
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Bytes(one), Value::Bytes(other)) => one.cmp(other),
        (Value::Uuid(one), Value::Uuid(other)) => one.cmp(other),
        (Value::DateTime(one), Value::DateTime(other)) => one
            .utc_micros()
            .unwrap_or(one.wall_micros())
            .cmp(&other.utc_micros().unwrap_or(other.wall_micros())),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Time(one), Value::Time(other)) => one.cmp(other),
        (Value::Duration(one), Value::Duration(other)) => one.as_micros().cmp(&other.as_micros()),
        (Value::Json(one), Value::Json(other)) => one.as_str().cmp(other.as_str()),
        _ => (one.kind(), one.to_string()).cmp(&(other.kind(), other.to_string())),
    }
}

/// A condition with its fields found.
pub(super) enum Test {
    Compare(FieldIndex, Operator, Value),
    In(FieldIndex, Vec<Value>),
    IsNull(FieldIndex),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
}

impl Test {
    pub(super) fn new(model: &Model, condition: &Condition) -> Result<Self, StoreError> {
        let all = |conditions: &[Condition]| {
            conditions
                .iter()
                .map(|condition| Self::new(model, condition))
                .collect::<Result<_, _>>()
        };
        Ok(match condition {
            Condition::Compare {
                field,
                operator,
                value,
            } => {
                let field = lookup::field(model, field)?;
                let value = lookup::coerce(model, field, value)?;
                Self::Compare(field.index(), *operator, value)
            }
            Condition::In { field, values } => {
                let field = lookup::field(model, field)?;
                let values = values
                    .iter()
                    .map(|value| lookup::coerce(model, field, value))
                    .collect::<Result<_, _>>()?;
                Self::In(field.index(), values)
            }
            Condition::IsNull { field } => Self::IsNull(lookup::field(model, field)?.index()),
            Condition::All(conditions) => Self::All(all(conditions)?),
            Condition::Any(conditions) => Self::Any(all(conditions)?),
            Condition::Not(condition) => Self::Not(Box::new(Self::new(model, condition)?)),
        })
    }

    /// Whether it holds; `None` where `NULL` leaves it open.
    fn holds(&self, values: &[Value]) -> Option<bool> {
        let value = |field: &FieldIndex| values.get(field.get()).unwrap_or(&Value::Null);
        match self {
            Self::Compare(field, operator, with) => {
                let value = value(field);
                if value.is_null() || with.is_null() {
                    return None;
                }
                let order = compare(value, with);
                Some(match operator {
                    Operator::Equal => order == Ordering::Equal,
                    Operator::NotEqual => order != Ordering::Equal,
                    Operator::Less => order == Ordering::Less,
                    Operator::LessOrEqual => order != Ordering::Greater,
                    Operator::Greater => order == Ordering::Greater,
                    Operator::GreaterOrEqual => order != Ordering::Less,
                })
            }
            Self::In(_, values) if values.is_empty() => Some(false),
            Self::In(field, values) => {
                let value = value(field);
                if value.is_null() {
                    return None;
                }
                let mut any = values.iter();
                Some(any.any(|other| compare(value, other) == Ordering::Equal))
            }
            Self::IsNull(field) => Some(value(field).is_null()),
            Self::All(tests) => {
                let results: Vec<_> = tests.iter().map(|test| test.holds(values)).collect();
                match results {
                    results if results.contains(&Some(false)) => Some(false),
                    results if results.contains(&None) => None,
                    _ => Some(true),
                }
            }
            Self::Any(tests) => {
                let results: Vec<_> = tests.iter().map(|test| test.holds(values)).collect();
                match results {
                    results if results.contains(&Some(true)) => Some(true),
                    results if results.contains(&None) => None,
                    _ => Some(false),
                }
            }
            Self::Not(test) => test.holds(values).map(|holds| !holds),
        }
    }
}

/// Which of these rows a query asks for, in its order.
pub(super) fn select<'r>(
    model: &Model,
    query: &Query,
    rows: impl Iterator<Item = &'r Vec<Value>>,
) -> Result<Vec<&'r Vec<Value>>, StoreError> {
    let tests = query
        .filter
        .iter()
        .map(|condition| Test::new(model, condition))
        .collect::<Result<Vec<_>, _>>()?;
    let mut order = Vec::with_capacity(query.order.len());
    for by in &query.order {
        order.push((lookup::field(model, &by.field)?.index(), by.descending));
    }
    order.push((model.pk_index(), false));
    let mut rows: Vec<_> = rows
        .filter(|row| tests.iter().all(|test| test.holds(row) == Some(true)))
        .collect();
    rows.sort_by(|one, other| {
        let mut result = Ordering::Equal;
        for (field, descending) in &order {
            let by = compare(&one[field.get()], &other[field.get()]);
            result = result.then(if *descending { by.reverse() } else { by });
        }
        result
    });
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    rows.drain(..size(query.offset).min(rows.len()));
    if let Some(limit) = query.limit {
        rows.truncate(size(limit));
    }
    Ok(rows)
}
