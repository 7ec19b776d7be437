//! Objects compared and merged.

use serde_json::Value;

use super::check;
use crate::jsondiff::{self, Diff, Lost, LostKind, Path, Side};
use crate::store::{Json, StoreError, StoreErrorKind};

/// The value of an object of the store.
pub(super) fn value(json: &Json) -> Result<Value, StoreError> {
    let value: Result<Value, _> = json.decode();
    value
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, "what is kept is no object"))
}

/// An object for the store.
pub(super) fn json(value: &Value) -> Result<Json, StoreError> {
    Json::of(value).map_err(|error| {
        StoreError::new(StoreErrorKind::Other, "an object that cannot be written")
            .with_source(error)
    })
}

/// An object without keys.
pub(super) fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Whether two objects are the same, however they are written.
pub(super) fn same(a: &Json, b: &Json) -> Result<bool, StoreError> {
    if a == b {
        return Ok(true);
    }
    Ok(jsondiff::same(&value(a)?, &value(b)?))
}

/// An object out of two, and what is not in it. `local` wins where both cannot
/// be kept.
pub(super) fn merge(base: &Value, local: &Value, remote: &Value) -> (Value, Vec<Lost>) {
    if jsondiff::same(base, local) {
        return (remote.clone(), Vec::new());
    }
    if jsondiff::same(base, remote) || jsondiff::same(local, remote) {
        return (local.clone(), Vec::new());
    }
    match jsondiff::merge(base, local, remote) {
        Ok(mut merged) => {
            check::cuts(base, local, remote, &merged.value, &mut merged.lost);
            (merged.value, merged.lost)
        }
        // Nested too deeply to be compared.
        Err(_) => {
            let lost = Lost {
                path: Path::default(),
                side: Side::Remote,
                kind: LostKind::Value(remote.clone()),
            };
            (local.clone(), vec![lost])
        }
    }
}

/// The difference between two objects; `None` if they are nested too deeply to
/// be compared.
pub(super) fn diff(old: &Value, new: &Value) -> Option<Diff> {
    jsondiff::diff(old, new).ok()
}

/// Whether any of what was lost is more than a number or a switch of another
/// device, which the next one replaces anyway.
pub(super) fn is_dear(lost: &[Lost]) -> bool {
    lost.iter().any(|lost| match &lost.kind {
        LostKind::Text { inserted, .. } => !inserted.is_empty(),
        LostKind::Value(_) if lost.side == Side::Local => true,
        LostKind::Value(Value::String(text)) => !text.is_empty(),
        LostKind::Value(Value::Array(list)) => !list.is_empty(),
        LostKind::Value(Value::Object(map)) => !map.is_empty(),
        LostKind::Value(_) | LostKind::Removal => false,
    })
}
