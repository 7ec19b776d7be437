//! JSON values, compared strictly and without recursion.

use serde_json::{Map, Value};

use super::error::{DiffError, DiffErrorKind};
use super::number;

pub(crate) type Object = Map<String, Value>;

/// The object that a value is.
pub(crate) fn object(value: &Value) -> Result<&Object, DiffError> {
    value
        .as_object()
        .ok_or_else(|| DiffError::new(DiffErrorKind::NotAnObject))
}

/// Whether two values are the same: of one type, and numbers by value.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    // Most values have nothing inside, and need no list of what is open.
    let (mut open, mut next) = (Vec::new(), Some((a, b)));
    while let Some((a, b)) = next {
        let same = match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => number::same(a, b),
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => {
                open.extend(a.iter().zip(b));
                a.len() == b.len()
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| match b.get(key) {
                        Some(other) => {
                            open.push((value, other));
                            true
                        }
                        None => false,
                    })
            }
            _ => false,
        };
        if !same {
            return false;
        }
        next = open.pop();
    }
    true
}

/// An error if a value has more than `levels` levels of lists and objects.
pub(crate) fn check_depth(value: &Value, levels: usize) -> Result<(), DiffError> {
    let (mut open, mut next) = (Vec::new(), Some((value, levels)));
    while let Some((value, left)) = next {
        let inner: &mut dyn Iterator<Item = &Value> = match value {
            Value::Array(list) => &mut list.iter(),
            Value::Object(map) => &mut map.values(),
            _ => return Ok(()),
        };
        let left = left
            .checked_sub(1)
            .ok_or_else(|| DiffError::new(DiffErrorKind::TooDeep))?;
        // Plain values need no more looking at.
        open.extend(
            inner
                .filter(|value| value.is_array() || value.is_object())
                .map(|value| (value, left)),
        );
        next = open.pop();
    }
    Ok(())
}

/// How long a value takes to be compared, in steps; 0 if it is small.
pub(crate) fn size(value: &Value) -> usize {
    let mut open = vec![value];
    let mut size = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => size += text.len() / 64,
            Value::Array(list) => {
                size += 16 * list.len();
                open.extend(list);
            }
            Value::Object(map) => {
                size += 16 * map.len();
                open.extend(map.values());
            }
            _ => {}
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_kept_apart() {
        assert!(!same(&json!(true), &json!(1)));
        assert!(!same(&json!([0]), &json!([false])));
        assert!(!same(&json!(null), &json!({})));
        assert!(same(
            &json!({"a": [1, {"b": 2.0}]}),
            &json!({"a": [1.0, {"b": 2}]})
        ));
        assert!(!same(&json!({"a": 1}), &json!({"b": 1})));
        assert!(!same(&json!([1]), &json!([1, 2])));
    }

    #[test]
    fn depth_is_that_of_lists_and_objects() {
        assert!(check_depth(&json!(1), 0).is_ok());
        assert!(check_depth(&json!([[1]]), 2).is_ok());
        assert!(check_depth(&json!([[1]]), 1).is_err());
    }
}
