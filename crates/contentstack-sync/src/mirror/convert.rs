//! From items to changes.

use std::collections::HashSet;

use crate::model::{Item, ObjectKind, RawJson};
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
        let content_type = item
            .content_type()
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
        ObjectKind::Entry => item.content_type().cloned(),
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
