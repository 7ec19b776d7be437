//! What an edit comes to: on its own version, and on top of later ones.

use serde_json::Value;
use sync_core::json::RawJson;

use super::document::Document;
use super::submit::Edit;
use crate::jsondiff::{Diff, DiffError, Differ};

/// What an edit comes to on top of the newest object.
#[derive(Debug)]
pub(super) struct Rebased {
    pub(super) object: Value,
    /// From the newest object to this one.
    pub(super) diff: Diff,
}

/// An edit of the newest object.
pub(super) fn onto(edit: Edit, newest: &Document, differ: &Differ) -> Result<Rebased, DiffError> {
    let (diff, object) = resolve(edit, newest, differ)?;
    let object = match object {
        Some(object) => object,
        None => differ.apply(newest.value(), &diff)?,
    };
    Ok(Rebased { object, diff })
}

/// An edit of an older object, put over everything that came since.
pub(super) fn over(
    edit: Edit,
    base: &Document,
    newest: &Document,
    differ: &Differ,
) -> Result<Rebased, DiffError> {
    let (local, _) = resolve(edit, base, differ)?;
    let since = differ.diff(base.value(), newest.value())?;
    let diff = differ.transform(base.value(), &local, &since)?.diff;
    let object = differ.apply(newest.value(), &diff)?;
    Ok(Rebased { object, diff })
}

/// An edit as a diff, with the object it makes where that is known.
fn resolve(
    edit: Edit,
    base: &Document,
    differ: &Differ,
) -> Result<(Diff, Option<Value>), DiffError> {
    let object = match edit {
        Edit::Diff(diff) => return Ok((diff, None)),
        Edit::Replace(object) => Value::Object(object),
        Edit::Merge(patch) => base.merged(patch),
    };
    let diff = differ.diff(base.value(), &object)?;
    Ok((diff, Some(object)))
}

/// A diff as it is sent.
pub(super) fn to_json(diff: &Diff) -> Option<RawJson> {
    serde_json::value::to_raw_value(diff)
        .ok()
        .map(RawJson::from)
}
