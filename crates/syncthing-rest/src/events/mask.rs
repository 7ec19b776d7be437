//! Which events are asked for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{EventType, Version};

/// Which events a stream is made of. The daemon numbers them from 1 within
/// each such set, so a place in one set means nothing in another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Mask {
    /// All but the disk events. Kept from the daemon's start on.
    #[default]
    Default,
    /// `LocalChangeDetected` and `RemoteChangeDetected`. Kept from the daemon's
    /// start on.
    Disk,
    /// These types. Kept from the first time that anybody asks for this set.
    Types(BTreeSet<EventType>),
}

/// What a daemon makes of a [`Mask`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Understood {
    /// The value for `events=`.
    pub(super) query: Option<String>,
    /// The types that came later than this daemon.
    pub(super) missing: Vec<EventType>,
}

impl Mask {
    /// Whether the daemon has kept these events since its start, so that none
    /// was missed if there are no more than its buffer holds (1000).
    pub(super) fn is_kept_from_start(&self) -> bool {
        !matches!(self, Self::Types(_))
    }

    /// What `daemon` makes of it; `None` if nothing: it would wait for ever.
    ///
    /// A type without a name here is sent along, and cannot be all there is,
    /// because nothing tells whether the daemon knows it.
    pub(super) fn understood(&self, daemon: Option<&Version>) -> Option<Understood> {
        let Self::Types(types) = self else {
            return Some(Understood {
                query: None,
                missing: Vec::new(),
            });
        };
        let (missing, sent): (Vec<_>, Vec<_>) = types.iter().partition(|kind| {
            kind.since()
                .zip(daemon)
                .is_some_and(|(since, daemon)| *daemon < since)
        });
        if sent.iter().all(|kind| matches!(kind, EventType::Other(_))) {
            return None;
        }
        let names: Vec<&str> = sent.iter().map(|kind| kind.as_str()).collect();
        Some(Understood {
            query: Some(names.join(",")),
            missing: missing.into_iter().cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(types: &[EventType]) -> Mask {
        Mask::Types(types.iter().cloned().collect())
    }

    const OLD: Version = Version::new(1, 19, 2);

    #[test]
    fn a_type_newer_than_the_daemon_is_left_out_and_said() {
        let mask = mask(&[EventType::StateChanged, EventType::ClusterConfigReceived]);
        let old = mask.understood(Some(&OLD)).unwrap();
        assert_eq!(old.query.as_deref(), Some("StateChanged"));
        assert_eq!(old.missing, [EventType::ClusterConfigReceived]);
        let new = mask.understood(Some(&Version::new(1, 20, 0))).unwrap();
        assert_eq!(new.query.unwrap().split(',').count(), 2);
        assert_eq!(new.missing, []);
    }

    #[test]
    fn a_daemon_of_unknown_version_is_sent_everything() {
        let mask = mask(&[EventType::ClusterConfigReceived]);
        assert_eq!(mask.understood(None).unwrap().missing, []);
    }

    #[test]
    fn a_set_that_the_daemon_may_know_nothing_of_is_none() {
        let other = EventType::from("MoonPhaseChanged");
        assert_eq!(mask(&[]).understood(None), None);
        assert_eq!(
            mask(&[EventType::ClusterConfigReceived]).understood(Some(&OLD)),
            None
        );
        assert_eq!(mask(std::slice::from_ref(&other)).understood(None), None);
        let query = mask(&[other, EventType::StateChanged])
            .understood(Some(&OLD))
            .unwrap()
            .query;
        assert_eq!(query.unwrap().split(',').count(), 2);
    }
}
