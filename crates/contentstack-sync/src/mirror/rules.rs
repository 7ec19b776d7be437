//! Which of two events wins.
//!
//! The service promises neither the order of a delta nor that it carries one
//! event for each row: initial lists are newest first, deltas may be anything
//! and may repeat what came before. So nothing here looks at positions. For
//! each [`Key`](crate::model::Key) the event with the latest
//! [`EventTime`] wins, what is gone leaves a
//! tombstone with its time, and the deletion of a content type covers what is
//! not newer than it. The outcome is the same in whatever order the events
//! come, in whatever pages, and however often.
//!
//! Only two events of one row at the very same time leave a choice:
//! [`wins`] makes it, and nothing else does.

use crate::model::EventTime;
use crate::store::Change;

/// What a store remembers of a row: content or tombstone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// The time of the event that it is from. A row that was swept has none,
    /// because no event said when it went; anything is newer.
    pub event_at: Option<&'a EventTime>,
}

/// What to do with a change of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: what is known is newer, or the same.
    Ignore,
    /// Keep the content.
    Put,
    /// Keep a tombstone with the time of the change.
    Bury,
}

/// Whether an event wins over what is known of its row.
///
/// At the very same time the one that was seen first stays. Initial lists are
/// newest first, so there the first one is the later one; of deltas nobody
/// knows. It also makes a repeated event change nothing.
pub fn wins(incoming: &EventTime, known: Option<Known<'_>>) -> bool {
    match known {
        None | Some(Known { event_at: None }) => true,
        Some(Known {
            event_at: Some(known),
        }) => incoming > known,
    }
}

/// Whether the deletion of a content type takes a row along: the row is not
/// newer. Entries of a type that was created again under the same uid are.
pub fn covers(type_deleted_at: &EventTime, row: Option<&EventTime>) -> bool {
    row.is_none_or(|row| row <= type_deleted_at)
}

/// What to do with a [`Change::Put`] or [`Change::Remove`].
///
/// `known` is what is stored of its row, and `type_deleted_at` the time at
/// which its content type was deleted the last time, if it ever was.
///
/// The deletion of a content type is not decided on here: the store keeps its
/// time, if it is the latest, and turns all rows of the type that it
/// [`covers`] into tombstones, which keep *their own* times. So what arrives
/// after it finds the same as what arrived before it.
pub fn judge(
    change: &Change,
    known: Option<Known<'_>>,
    type_deleted_at: Option<&EventTime>,
) -> Verdict {
    if !wins(change.event_at(), known) {
        return Verdict::Ignore;
    }
    match change {
        Change::Put(put) => match type_deleted_at {
            Some(deleted) if covers(deleted, Some(&put.event_at)) => Verdict::Bury,
            _ => Verdict::Put,
        },
        Change::Remove { .. } | Change::RemoveType { .. } => Verdict::Bury,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Key, RawJson};
    use crate::store::Put;

    fn put(at: &str) -> Change {
        Change::Put(Put {
            key: Key::entry("blt1", "en-us"),
            content_type: Some("article".into()),
            event_at: at.into(),
            url: None,
            data: RawJson::null(),
            links: Vec::new(),
        })
    }

    #[test]
    fn on_a_tie_the_first_one_seen_stays() {
        let at = EventTime::from("2026-01-01T00:00:00Z");
        let known = Some(Known {
            event_at: Some(&at),
        });
        assert_eq!(
            judge(&put("2026-01-01T00:00:00.000Z"), known, None),
            Verdict::Ignore
        );
        assert_eq!(
            judge(&put("2026-01-01T00:00:00.001Z"), known, None),
            Verdict::Put
        );
    }

    #[test]
    fn anything_wins_over_a_row_that_was_swept() {
        let known = Some(Known { event_at: None });
        assert_eq!(
            judge(&put("1970-01-01T00:00:00Z"), known, None),
            Verdict::Put
        );
    }

    #[test]
    fn a_deleted_type_covers_its_own_instant_and_nothing_newer() {
        let deleted = EventTime::from("2026-01-01T00:00:10Z");
        for (at, verdict) in [
            ("2026-01-01T00:00:09Z", Verdict::Bury),
            ("2026-01-01T00:00:10Z", Verdict::Bury),
            ("2026-01-01T00:00:11Z", Verdict::Put),
        ] {
            assert_eq!(judge(&put(at), None, Some(&deleted)), verdict, "{at}");
        }
    }
}
