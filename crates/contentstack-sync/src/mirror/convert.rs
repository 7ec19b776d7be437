//! From items to changes.

use std::collections::HashSet;

use crate::model::{ContentTypeUid, Item, ObjectKind, RawJson};
use crate::query::references::{self, ReferenceKind};
use crate::store::{Change, DeadItem, DeadReason, Link, Put};

/// What the items of a page do.
#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) changes: Vec<Change>,
    pub(super) dead: Vec<DeadItem>,
}

/// No item gets lost: each becomes a change or a dead letter.
pub(super) fn convert(items: Vec<Item>) -> Converted {
    let mut converted = Converted {
        changes: Vec::with_capacity(items.len()),
        dead: Vec::new(),
    };
    for item in items {
        match change(&item) {
            Ok(change) => converted.changes.push(change),
            Err((reason, error)) => converted.dead.push(DeadItem {
                raw: item.to_json(),
                reason,
                error: error.into(),
            }),
        }
    }
    converted
}

pub(super) fn change(item: &Item) -> Result<Change, (DeadReason, &'static str)> {
    let unreadable = |error| (DeadReason::Unreadable, error);
    match item {
        Item::Unreadable(item) => return Err(unreadable(item.error)),
        Item::Other(..) => {
            return Err((DeadReason::UnknownType, "an item of an unknown type"));
        }
        _ => {}
    }
    let event_at = item
        .event_at()
        .ok_or(unreadable("no event_at: it cannot be put in order"))?
        .clone();
    if matches!(item, Item::ContentTypeDeleted(_)) {
        let content_type = content_type(item)
            .ok_or(unreadable(
                "no content_type_uid: nobody knows what was deleted",
            ))?
            .clone();
        return Ok(Change::RemoveType {
            content_type,
            event_at,
        });
    }
    let head = item.head();
    let url = head.url.clone();
    let key = item.key_of(head).ok_or(unreadable("no uid in its data"))?;
    let content_type = match key.kind {
        ObjectKind::Entry => content_type(item).cloned(),
        ObjectKind::Asset => None,
    };
    if !item.kind().is_published() {
        return Ok(Change::Remove {
            key,
            content_type,
            event_at,
        });
    }
    let data = item.data().ok_or(unreadable("no data"))?.clone();
    Ok(Change::Put(Put {
        links: links(&data),
        key,
        content_type,
        event_at,
        url,
        data,
    }))
}

/// An empty name names no content type.
fn content_type(item: &Item) -> Option<&ContentTypeUid> {
    item.content_type().filter(|uid| !uid.as_str().is_empty())
}

fn links(data: &RawJson) -> Vec<Link> {
    let mut seen = HashSet::new();
    let mut links: Vec<Link> = references::extract(data)
        .into_iter()
        .map(|reference| Link {
            kind: match reference.kind {
                ReferenceKind::Entry => Some(ObjectKind::Entry),
                ReferenceKind::Asset => Some(ObjectKind::Asset),
                ReferenceKind::Unknown => None,
            },
            uid: reference.uid,
        })
        .collect();
    links.retain(|link| seen.insert(link.clone()));
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Change, DeadReason> {
        change(&Item::from_json(text)).map_err(|(reason, _)| reason)
    }

    #[test]
    fn an_empty_name_is_that_of_no_content_type() {
        let deleted = r#"{"type":"content_type_deleted","event_at":"2026-01-01T00:00:00Z","content_type_uid":"","data":{}}"#;
        assert_eq!(read(deleted).unwrap_err(), DeadReason::Unreadable);
        let published = r#"{"type":"entry_published","event_at":"2026-01-01T00:00:00Z","content_type_uid":"","data":{"uid":"b"}}"#;
        assert!(matches!(
            read(published),
            Ok(Change::Put(Put {
                content_type: None,
                ..
            }))
        ));
    }
}
