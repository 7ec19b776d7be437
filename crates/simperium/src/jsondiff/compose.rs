//! Two differences, one after the other, as one.

use serde_json::{Number, Value};

use super::apply::{apply, apply_op};
use super::error::{DiffError, DiffErrorKind};
use super::object::Compare;
use super::op::{Diff, Op};
use super::policy::{OpType, Policy};
use super::value::Object;
use super::work::Work;
use super::{number, text};

fn as_number(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

/// What does to `base` what `first` and then `second` do.
pub(crate) fn compose(
    base: &Object,
    first: &Diff,
    second: &Diff,
    levels: usize,
    work: &mut Work,
) -> Result<Diff, DiffError> {
    // That both can be done at all.
    let middle = apply(base, first, levels)?;
    apply(&middle, second, levels)?;
    let levels = levels
        .checked_sub(1)
        .ok_or_else(|| DiffError::new(DiffErrorKind::TooDeep))?;
    let mut out = Diff::new();
    for (key, op) in first.iter() {
        let op = match second.get(key) {
            None => Some(op.clone()),
            Some(then) => {
                ops(base.get(key), op, then, levels, work).map_err(|error| error.within(key))?
            }
        };
        if let Some(op) = op.filter(|op| !op.is_identity()) {
            out.insert(key, op);
        }
    }
    for (key, op) in second
        .iter()
        .filter(|(key, op)| first.get(key).is_none() && !op.is_identity())
    {
        out.insert(key, op.clone());
    }
    Ok(out)
}

fn ops(
    base: Option<&Value>,
    first: &Op,
    second: &Op,
    levels: usize,
    work: &mut Work,
) -> Result<Option<Op>, DiffError> {
    match (first, second, base) {
        (Op::Object(first), Op::Object(second), Some(Value::Object(base))) => {
            return compose(base, first, second, levels, work)
                .map(Op::Object)
                .map(Some);
        }
        (Op::Text(first), Op::Text(second), _) => {
            let delta = text::compose(first, second).map_err(DiffError::new)?;
            return Ok(Some(Op::Text(delta)));
        }
        (Op::Increment(first), Op::Increment(second), Some(base)) => {
            let integers = [Some(first), Some(second), as_number(base)];
            if integers.into_iter().flatten().all(number::is_integer) {
                if let Some(sum) = number::add(first, second) {
                    // Of a boolean, a count of nothing makes a number.
                    let changes = base.is_boolean() || sum.as_i64() != Some(0);
                    return Ok(changes.then_some(Op::Increment(sum)));
                }
            }
        }
        _ => {}
    }
    let middle = apply_op(base, first, levels)?;
    let end = apply_op(middle.as_ref(), second, levels)?;
    let otype = match (first, second) {
        (Op::List(_), Op::List(_)) => OpType::List,
        (Op::ListText(_), Op::ListText(_)) => OpType::ListDmp,
        // Doubles, whose sum depends on what is added first.
        (Op::Increment(_), Op::Increment(_)) => OpType::Integer,
        _ => OpType::Replace,
    };
    let policy = Policy {
        otype,
        ..Policy::default()
    };
    match (base, end) {
        (Some(base), Some(end)) => Compare { work, levels }.values(base, &end, Some(&policy)),
        (None, Some(end)) => Ok(Some(Op::Add(end))),
        (Some(_), None) => Ok(Some(Op::Remove)),
        (None, None) => Ok(None),
    }
}
