//! The rows, and how single ones are set. Every setter returns what was there,
//! so that setting that undoes it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use super::super::{
    BucketState, ConflictCopy, ConflictId, Identity, Pending, PendingState, Place, Record,
};
use crate::model::{BucketName, Key};

#[derive(Default)]
pub(super) struct Tables {
    pub(super) identity: Option<Identity>,
    pub(super) counters: Counters,
    buckets: HashMap<BucketName, Rows>,
}

/// The last numbers that were given out.
#[derive(Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) place: u64,
    pub(super) conflict: u64,
}

/// The rows of a bucket.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) state: BucketState,
    pub(super) records: BTreeMap<Key, Record>,
    pub(super) reloads: BTreeMap<Key, u64>,
    pub(super) conflicts: BTreeMap<ConflictId, ConflictCopy>,
    pub(super) queue: Queue,
}

impl Tables {
    /// The rows of a bucket that is there.
    pub(super) fn get(&self, bucket: &BucketName) -> Option<&Rows> {
        self.buckets.get(bucket)
    }

    /// The rows of a bucket, which is there from now on.
    pub(super) fn rows(&mut self, bucket: &BucketName) -> &mut Rows {
        self.buckets.entry(bucket.clone()).or_default()
    }

    /// Sets all rows of a bucket.
    pub(super) fn set_rows(&mut self, bucket: &BucketName, rows: Option<Rows>) -> Option<Rows> {
        set(&mut self.buckets, bucket.clone(), rows)
    }
}

/// What is to be sent, by key and by place.
#[derive(Default)]
pub(super) struct Queue {
    pending: HashMap<Key, (Place, Pending)>,
    places: HashMap<PendingState, BTreeMap<Place, Key>>,
}

impl Queue {
    pub(super) fn get(&self, key: &Key) -> Option<&(Place, Pending)> {
        self.pending.get(key)
    }

    pub(super) fn set(
        &mut self,
        key: &Key,
        row: Option<(Place, Pending)>,
    ) -> Option<(Place, Pending)> {
        let new = row.as_ref().map(|(place, row)| (*place, row.state));
        let old = set(&mut self.pending, key.clone(), row);
        let was = old.as_ref().map(|(place, row)| (*place, row.state));
        if was != new {
            if let Some((place, state)) = was {
                self.places.entry(state).or_default().remove(&place);
            }
            if let Some((place, state)) = new {
                let places = self.places.entry(state).or_default();
                places.insert(place, key.clone());
            }
        }
        old
    }

    pub(super) fn after(
        &self,
        state: PendingState,
        after: Place,
    ) -> impl Iterator<Item = (Place, &Key, &Pending)> {
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let places = self.places.get(&state).into_iter();
        places
            .flat_map(move |places| places.range(range))
            .filter_map(|(place, key)| Some((*place, key, &self.pending.get(key)?.1)))
    }

    pub(super) fn count(&self, state: PendingState) -> u64 {
        self.places
            .get(&state)
            .map_or(0, |places| places.len() as u64)
    }
}

/// A map of either kind.
pub(super) trait Map<K, V> {
    fn put(&mut self, key: K, value: V) -> Option<V>;
    fn take(&mut self, key: &K) -> Option<V>;
}

impl<K: std::hash::Hash + Eq, V> Map<K, V> for HashMap<K, V> {
    fn put(&mut self, key: K, value: V) -> Option<V> {
        self.insert(key, value)
    }

    fn take(&mut self, key: &K) -> Option<V> {
        self.remove(key)
    }
}

impl<K: Ord, V> Map<K, V> for BTreeMap<K, V> {
    fn put(&mut self, key: K, value: V) -> Option<V> {
        self.insert(key, value)
    }

    fn take(&mut self, key: &K) -> Option<V> {
        self.remove(key)
    }
}

/// Sets or removes a row.
pub(super) fn set<K, V>(map: &mut impl Map<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.put(key, value),
        None => map.take(&key),
    }
}
