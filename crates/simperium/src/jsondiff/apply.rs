//! Differences applied, wholly or not at all.

use serde_json::{Number, Value};

use super::error::{DiffError, DiffErrorKind};
use super::op::{Diff, Op};
use super::value::{Object, check_depth};
use super::{list, number, text};

/// What a key becomes, once everything is known to fit.
enum Change<'a> {
    /// A value, or nothing.
    To(Option<Value>),
    Inside(Plan<'a>),
}

/// Changes of keys, in order.
type Plan<'a> = Vec<(&'a str, Change<'a>)>;

/// Applies a difference to an object, which is left as it was if it fails.
pub(crate) fn apply_to(object: &mut Object, diff: &Diff, levels: usize) -> Result<(), DiffError> {
    let plan = plan(object, diff, levels)?;
    commit(object, plan);
    Ok(())
}

/// The object that a difference makes of another.
pub(crate) fn apply(object: &Object, diff: &Diff, levels: usize) -> Result<Object, DiffError> {
    let mut object = object.clone();
    change_keys(&mut object, diff, levels)?;
    Ok(object)
}

/// The value that an operation makes of another; `None` if it removes it.
/// `base` is `None` if there is nothing.
pub(crate) fn apply_op(
    base: Option<&Value>,
    op: &Op,
    levels: usize,
) -> Result<Option<Value>, DiffError> {
    if let Op::Add(value) | Op::Replace(value) = op {
        check_depth(value, levels)?;
        return Ok(Some(value.clone()));
    }
    let base = base.ok_or_else(|| DiffError::new(DiffErrorKind::Missing))?;
    Ok(Some(match (op, base) {
        (Op::Remove, _) => return Ok(None),
        (Op::Object(diff), Value::Object(base)) => apply(base, diff, levels)?.into(),
        (Op::Text(delta), Value::String(base)) => {
            text::apply(base, delta).map_err(DiffError::new)?.into()
        }
        // Booleans count as 0 and 1, as they do in all official programs.
        (Op::Increment(by), Value::Bool(base)) => add(&Number::from(u8::from(*base)), by)?,
        (Op::Increment(by), Value::Number(base)) => add(base, by)?,
        (Op::List(diff), Value::Array(base)) => list::apply(base, diff, levels)?.into(),
        (Op::ListText(delta), Value::Array(base)) => list::apply_lines(base, delta, levels)?.into(),
        _ => return Err(DiffError::new(DiffErrorKind::WrongType)),
    }))
}

fn add(base: &Number, by: &Number) -> Result<Value, DiffError> {
    let sum = number::add(base, by).ok_or_else(|| DiffError::new(DiffErrorKind::NumberRange))?;
    Ok(Value::Number(sum))
}

fn inner(levels: usize) -> Result<usize, DiffError> {
    levels
        .checked_sub(1)
        .ok_or_else(|| DiffError::new(DiffErrorKind::TooDeep))
}

/// Changes one key after the other: an object of which no one has another
/// view, so that it does not matter what a failure leaves of it.
fn change_keys(object: &mut Object, diff: &Diff, levels: usize) -> Result<(), DiffError> {
    let levels = inner(levels)?;
    for (key, op) in diff.iter() {
        let changed = match (op, object.get_mut(key)) {
            (Op::Object(diff), Some(Value::Object(object))) => change_keys(object, diff, levels),
            (op, base) => apply_op(base.as_deref(), op, levels).map(|to| set(object, key, to)),
        };
        changed.map_err(|error| error.within(key))?;
    }
    Ok(())
}

fn plan<'a>(object: &Object, diff: &'a Diff, levels: usize) -> Result<Plan<'a>, DiffError> {
    let levels = inner(levels)?;
    diff.iter()
        .map(|(key, op)| {
            let change = match (op, object.get(key)) {
                (Op::Object(diff), Some(Value::Object(object))) => {
                    plan(object, diff, levels).map(Change::Inside)
                }
                (op, base) => apply_op(base, op, levels).map(Change::To),
            };
            change
                .map(|change| (key, change))
                .map_err(|error| error.within(key))
        })
        .collect()
}

fn commit(object: &mut Object, plan: Plan<'_>) {
    for (key, change) in plan {
        match change {
            Change::To(value) => set(object, key, value),
            Change::Inside(plan) => {
                if let Some(Value::Object(object)) = object.get_mut(key) {
                    commit(object, plan);
                }
            }
        }
    }
}

fn set(object: &mut Object, key: &str, value: Option<Value>) {
    match (object.get_mut(key), value) {
        (Some(place), Some(value)) => *place = value,
        (None, Some(value)) => {
            object.insert(key.to_owned(), value);
        }
        (_, None) => {
            object.remove(key);
        }
    }
}
