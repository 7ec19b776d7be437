//! Keys, and when to look at them.

use std::collections::{BTreeSet, HashMap};

use crate::model::Key;
use crate::store::Millis;

/// Keys, and when to look at each. Those with one time come in the order in
/// which they were put in.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    order: BTreeSet<(Millis, u64, Key)>,
    places: HashMap<Key, (Millis, u64)>,
    next: u64,
}

impl Agenda {
    /// Looks at a key at this time, whatever was planned for it before.
    pub(super) fn set(&mut self, key: &Key, at: Millis) {
        let place = match self.places.get(key) {
            Some((known, _)) if *known == at => return,
            Some((known, place)) => {
                self.order.remove(&(*known, *place, key.clone()));
                *place
            }
            None => {
                self.next += 1;
                self.next
            }
        };
        self.places.insert(key.clone(), (at, place));
        self.order.insert((at, place, key.clone()));
    }

    /// Forgets a key.
    pub(super) fn remove(&mut self, key: &Key) {
        if let Some((at, place)) = self.places.remove(key) {
            self.order.remove(&(at, place, key.clone()));
        }
    }

    pub(super) fn contains(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// When to look next.
    pub(super) fn first(&self) -> Option<Millis> {
        self.order.first().map(|(at, ..)| *at)
    }

    /// The first key whose time has come. It stays.
    pub(super) fn due(&self, now: Millis) -> Option<Key> {
        let (at, _, key) = self.order.first()?;
        (*at <= now).then(|| key.clone())
    }

    /// What was planned for later than this is looked at then.
    pub(super) fn not_after(&mut self, at: Millis) {
        let late = self
            .order
            .iter()
            .rev()
            .take_while(|(planned, ..)| *planned > at);
        let late: Vec<Key> = late.map(|(.., key)| key.clone()).collect();
        for key in late.iter().rev() {
            self.set(key, at);
        }
    }

    /// All keys, to be looked at from this time on.
    pub(super) fn all_at(&mut self, at: Millis) {
        let mut keys: Vec<(u64, Key)> = self
            .places
            .iter()
            .map(|(key, (_, place))| (*place, key.clone()))
            .collect();
        keys.sort_unstable();
        for (_, key) in keys {
            self.set(&key, at);
        }
    }
}
