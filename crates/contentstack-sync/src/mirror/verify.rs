//! Whether the mirror is what the service would send now.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::convert::convert;
use super::rules::{self, Known, Verdict};
use super::{Mirror, MirrorError};
use crate::model::{ContentTypeUid, EventTime, Key, Position, RawJson};
use crate::store::{Chain, Change, Scan, Seq};
use crate::sync::ChainGuard;

/// Rows that are read at a time.
const BATCH: usize = 256;

/// What was published between two looks is no drift: so often it is looked
/// again, with both sides brought up to date.
const ROUNDS: u32 = 3;

/// How a mirror differs from a full sync that was made just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// What the service has and the mirror has not. Sorted, as the others are.
    pub missing: Vec<Key>,
    /// What the mirror has and the service has not.
    pub extra: Vec<Key>,
    /// What is not the same on both sides.
    pub different: Vec<Difference>,
    /// How many rows the service has.
    pub compared: u64,
    /// Items of the full sync that could not be read, and were left out.
    pub unreadable: u64,
}

impl Drift {
    /// Whether the mirror is what it should be.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty() && self.different.is_empty()
    }
}

/// A row that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Which one.
    pub key: Key,
    /// When the mirror's was published.
    pub mirrored: EventTime,
    /// When the service's was.
    pub served: EventTime,
}

impl Mirror {
    /// Makes a full sync that is not stored, brings the mirror up to date, and
    /// compares the two: content by content, except for the order of keys and
    /// the spaces between them.
    ///
    /// Holds a key and a digest of each row in memory, about 200 bytes.
    ///
    /// # Errors
    ///
    /// The service's, and those of [`sync`](Self::sync).
    pub async fn verify(&self) -> Result<Drift, MirrorError> {
        let mut fresh = Fresh::load(self).await?;
        let mut round = 0;
        loop {
            self.sync().await?;
            fresh.update(self).await?;
            let drift = fresh.compare(self).await?;
            round += 1;
            if drift.is_none() || round >= ROUNDS {
                return Ok(drift);
            }
        }
    }
}

/// What the service has, without the content.
struct Fresh {
    chains: Vec<Chain>,
    rows: HashMap<Key, Seen>,
    deleted_types: HashMap<ContentTypeUid, EventTime>,
    unreadable: u64,
}

struct Seen {
    event_at: EventTime,
    content_type: Option<ContentTypeUid>,
    /// `None`: a tombstone.
    digest: Option<u64>,
}

impl Fresh {
    async fn load(mirror: &Mirror) -> Result<Self, MirrorError> {
        let inner = &mirror.0;
        let types = match inner.shards.needs_types(&inner.identity) {
            true => {
                let types = inner.stack.content_types().collect().await?;
                types
                    .into_iter()
                    .map(|content_type| content_type.uid)
                    .collect()
            }
            false => Vec::new(),
        };
        let mut fresh = Self {
            chains: inner.shards.plan(&inner.identity, &types),
            rows: HashMap::new(),
            deleted_types: HashMap::new(),
            unreadable: 0,
        };
        fresh.update(mirror).await?;
        Ok(fresh)
    }

    /// Reads each chain to its next sync token.
    async fn update(&mut self, mirror: &Mirror) -> Result<(), MirrorError> {
        for index in 0..self.chains.len() {
            let mut guard = ChainGuard::new();
            loop {
                let chain = &self.chains[index];
                let stack = &mirror.0.stack;
                let mut page = stack.fetch_page(&chain.position, &chain.filter).await?;
                guard.check(&page)?;
                self.apply(std::mem::take(&mut page.items));
                self.chains[index].position = page.position();
                if matches!(self.chains[index].position, Position::Delta(_)) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn apply(&mut self, items: Vec<crate::model::Item>) {
        let converted = convert(items);
        self.unreadable += converted.dead.len() as u64;
        for change in converted.changes {
            self.change(change);
        }
    }

    fn change(&mut self, change: Change) {
        let (key, content_type) = match &change {
            Change::Put(put) => (&put.key, &put.content_type),
            Change::Remove {
                key, content_type, ..
            } => (key, content_type),
            Change::RemoveType {
                content_type,
                event_at,
            } => {
                let known = self.deleted_types.get(content_type);
                if known.is_none_or(|known| event_at > known) {
                    self.deleted_types
                        .insert(content_type.clone(), event_at.clone());
                }
                for row in self.rows.values_mut() {
                    if row.content_type.as_ref() == Some(content_type)
                        && rules::covers(event_at, Some(&row.event_at))
                    {
                        row.digest = None;
                    }
                }
                return;
            }
        };
        let known = self.rows.get(key);
        let deleted_at = content_type
            .as_ref()
            .and_then(|uid| self.deleted_types.get(uid));
        let verdict = rules::judge(
            &change,
            known.map(|seen| Known {
                event_at: Some(&seen.event_at),
            }),
            deleted_at,
        );
        if verdict == Verdict::Ignore {
            return;
        }
        let digest = match &change {
            Change::Put(put) if verdict == Verdict::Put => Some(digest(&put.data)),
            _ => None,
        };
        let content_type = content_type
            .clone()
            .or_else(|| known.and_then(|seen| seen.content_type.clone()));
        let seen = Seen {
            event_at: change.event_at().clone(),
            content_type,
            digest,
        };
        self.rows.insert(key.clone(), seen);
    }

    async fn compare(&self, mirror: &Mirror) -> Result<Drift, MirrorError> {
        let live = self.rows.iter().filter(|(_, seen)| seen.digest.is_some());
        let mut missing: HashSet<&Key> = live.map(|(key, _)| key).collect();
        let mut drift = Drift {
            compared: missing.len() as u64,
            unreadable: self.unreadable,
            ..Drift::default()
        };
        let mut after = Seq::default();
        loop {
            let rows = mirror.0.store.scan(&Scan::all(), after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in rows {
                missing.remove(&row.key);
                let seen = self.rows.get(&row.key);
                match seen.and_then(|seen| Some((seen, seen.digest?))) {
                    None => drift.extra.push(row.key),
                    Some((seen, served)) => {
                        if seen.event_at != row.event_at || served != digest(&row.data) {
                            drift.different.push(Difference {
                                key: row.key,
                                mirrored: row.event_at,
                                served: seen.event_at.clone(),
                            });
                        }
                    }
                }
            }
        }
        drift.missing = missing.into_iter().cloned().collect();
        drift.missing.sort();
        drift.extra.sort();
        drift.different.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(drift)
    }
}

/// Of what the content means: in which order an object's keys come does not
/// count, as the service does not keep it.
fn digest(data: &RawJson) -> u64 {
    let mut hasher = DefaultHasher::new();
    match serde_json::from_str::<Value>(data.as_str()) {
        Ok(value) => hash(&value, &mut hasher),
        // Nested too deeply to be read.
        Err(_) => data.as_str().hash(&mut hasher),
    }
    hasher.finish()
}

fn hash(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 0u8.hash(hasher),
        Value::Bool(value) => (1u8, value).hash(hasher),
        Value::Number(number) => (2u8, number.to_string()).hash(hasher),
        Value::String(text) => (3u8, text).hash(hasher),
        Value::Array(list) => {
            (4u8, list.len()).hash(hasher);
            list.iter().for_each(|value| hash(value, hasher));
        }
        Value::Object(object) => {
            (5u8, object.len()).hash(hasher);
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            for (key, value) in fields {
                key.hash(hasher);
                hash(value, hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_of_what_the_content_means() {
        let of = |text: &str| digest(&serde_json::from_str(text).unwrap());
        assert_eq!(
            of(r#"{"a":1,"b":[true,"x"]}"#),
            of(r#"{ "b": [true, "x"], "a": 1 }"#)
        );
        for other in [
            r#"{"a":1,"b":["x",true]}"#,
            r#"{"a":"1","b":[true,"x"]}"#,
            r#"{"a":1,"b":[true,"x"],"c":null}"#,
        ] {
            assert_ne!(of(r#"{"a":1,"b":[true,"x"]}"#), of(other));
        }
    }
}
