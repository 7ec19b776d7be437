//! What an answer depends on, for its entity tag.

use super::edit::Edit;
use super::queryset::{Depends, Queryset, Source};
use super::validator::Tag;
use crate::schema::{Model, Schema};
use crate::store::{Condition, Query};
use crate::value::Value;

/// All of a schema that shows in an answer.
pub(super) fn schema(schema: &Schema) -> String {
    let mut tag = Tag::new();
    schema.models().iter().for_each(|one| model(&mut tag, one));
    tag.finish()
}

fn model(tag: &mut Tag, model: &Model) {
    tag.add(model.label().as_str());
    tag.add(model.table());
    tag.add(&format!("{:?}", model.pk_index()));
    for field in model.fields() {
        // A default, the one part that isn't shown whole, shows in no answer.
        tag.add(&format!("{field:?}"));
    }
    for field in model.many_to_many() {
        tag.add(&format!("{field:?}"));
    }
}

/// What a queryset sends; whether that is known.
pub(super) fn queryset(tag: &mut Tag, queryset: &Queryset) -> bool {
    match (&queryset.source, &queryset.depends) {
        (_, Depends::Unknown) => return false,
        (_, Depends::Text(text)) => tag.add(text),
        (_, Depends::Nothing) => {}
    }
    match &queryset.source {
        Source::Query(found) => query(tag, found),
        Source::Objects(_) => tag.add("objects"),
    }
    for edit in &queryset.edits {
        match edit {
            Edit::Null(field) => tag.add(&format!("null {field}")),
            Edit::Omit(field) => tag.add(&format!("omit {field}")),
            Edit::Set(field, given) => {
                tag.add(&format!("set {field}"));
                value(tag, given);
            }
            Edit::Map(_) => tag.add("map"),
            Edit::Retain(_) => tag.add("retain"),
        }
    }
    tag.add("end");
    true
}

fn query(tag: &mut Tag, query: &Query) {
    let Query {
        model,
        filter,
        order,
        offset,
        limit,
    } = query;
    tag.add(model.as_str());
    conditions(tag, filter);
    tag.add(&format!("{order:?} {offset} {limit:?}"));
}

fn conditions(tag: &mut Tag, all: &[Condition]) {
    tag.add(&all.len().to_string());
    all.iter().for_each(|one| condition(tag, one));
}

fn condition(tag: &mut Tag, condition_: &Condition) {
    match condition_ {
        Condition::Compare {
            field,
            operator,
            value: with,
        } => {
            tag.add(&format!("{operator:?} {field}"));
            value(tag, with);
        }
        Condition::In { field, values: all } => {
            tag.add(&format!("in {field}"));
            values(tag, all);
        }
        Condition::IsNull { field } => tag.add(&format!("null {field}")),
        Condition::All(all) => {
            tag.add("all");
            conditions(tag, all);
        }
        Condition::Any(all) => {
            tag.add("any");
            conditions(tag, all);
        }
        Condition::Not(inner) => {
            tag.add("not");
            condition(tag, inner);
        }
    }
}

fn values(tag: &mut Tag, all: &[Value]) {
    tag.add(&all.len().to_string());
    all.iter().for_each(|one| value(tag, one));
}

/// What is shown of bytes is only how many there are, so those come themselves.
fn value(tag: &mut Tag, given: &Value) {
    match given {
        Value::Bytes(bytes) => {
            tag.add("bytes");
            tag.add_bytes(bytes);
        }
        Value::Array(all) => {
            tag.add("array");
            values(tag, all);
        }
        other => tag.add(&format!("{other:?}")),
    }
}
