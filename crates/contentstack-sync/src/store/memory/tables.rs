//! The tables of a [`MemoryStore`](super::MemoryStore). All checks of a
//! transaction come before its first change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use super::super::{
    Advance, Applied, Batch, Begin, Building, Chain, ChainName, Change, ChangedRow, Changes,
    Counts, DeadLetter, DeadLetterId, Download, DownloadState, Generation, Identity, Link, Millis,
    Put, Row, Scan, Seq, State, StoreError, StoreErrorKind, StoredSchema,
};
use crate::mirror::rules::{self, Known, Verdict};
use crate::model::{ContentTypeUid, EventTime, Key, ObjectKind, Position, Uid};

#[derive(Debug, Default)]
pub(super) struct Tables {
    identity: Option<Identity>,
    readable: Option<Content>,
    building: Option<(Building, Content)>,
    generations: u64,
    last: Seq,
    visible: Seq,
    pruned: Seq,
    letters: u64,
    /// With the generation that they came with.
    dead: BTreeMap<DeadLetterId, (Generation, DeadLetter)>,
    schemas: BTreeMap<ContentTypeUid, StoredSchema>,
    downloads: BTreeMap<Box<str>, Download>,
}

/// One generation.
#[derive(Debug, Default)]
struct Content {
    generation: Generation,
    chains: BTreeMap<ChainName, Chain>,
    rows: BTreeMap<Seq, Slot>,
    by_key: HashMap<Key, Seq>,
    deleted_types: HashMap<ContentTypeUid, (EventTime, Millis)>,
}

#[derive(Clone, Debug)]
struct Slot {
    key: Key,
    content_type: Option<ContentTypeUid>,
    event_at: Option<EventTime>,
    written_at: Millis,
    /// `None`: a tombstone.
    put: Option<Box<Put>>,
}

impl Slot {
    fn row(&self, seq: Seq) -> Option<Row> {
        self.put.as_ref().map(|put| Row {
            seq,
            key: put.key.clone(),
            content_type: self.content_type.clone(),
            event_at: put.event_at.clone(),
            url: put.url.clone(),
            data: put.data.clone(),
        })
    }

    fn same_content(&self, other: &Self) -> bool {
        match (&self.put, &other.put) {
            (Some(mine), Some(theirs)) => {
                self.content_type == other.content_type
                    && mine.event_at.as_str() == theirs.event_at.as_str()
                    && mine.data == theirs.data
            }
            _ => false,
        }
    }
}

impl Content {
    fn put_slot(&mut self, seq: Seq, slot: Slot) {
        if let Some(old) = self.by_key.insert(slot.key.clone(), seq) {
            self.rows.remove(&old);
        }
        self.rows.insert(seq, slot);
    }

    fn slot(&self, key: &Key) -> Option<&Slot> {
        self.rows.get(self.by_key.get(key)?)
    }

    fn change(&mut self, change: Change, now: Millis, last: &mut Seq, applied: &mut Applied) {
        let (key, content_type) = match &change {
            Change::Put(put) => (put.key.clone(), put.content_type.clone()),
            Change::Remove {
                key, content_type, ..
            } => (key.clone(), content_type.clone()),
            Change::RemoveType {
                content_type,
                event_at,
            } => {
                self.remove_type(content_type, event_at, now, last, applied);
                return;
            }
        };
        let slot = self.slot(&key);
        let known = slot.map(|slot| Known {
            event_at: slot.event_at.as_ref(),
        });
        // Not all that comes says of which type it is.
        let content_type = content_type.or_else(|| slot.and_then(|s| s.content_type.clone()));
        let deleted = content_type
            .as_ref()
            .and_then(|uid| self.deleted_types.get(uid));
        let verdict = rules::judge(&change, known, deleted.map(|(at, _)| at));
        let was_live = slot.is_some_and(|slot| slot.put.is_some());
        let event_at = Some(change.event_at().clone());
        let put = match (verdict, change) {
            (Verdict::Ignore, _) => {
                applied.ignored += 1;
                return;
            }
            (Verdict::Put, Change::Put(put)) => {
                applied.upserts += 1;
                Some(Box::new(put))
            }
            _ => {
                applied.deletes += u64::from(was_live);
                None
            }
        };
        last.0 += 1;
        self.put_slot(
            *last,
            Slot {
                key,
                content_type,
                event_at,
                written_at: now,
                put,
            },
        );
    }

    fn remove_type(
        &mut self,
        content_type: &ContentTypeUid,
        event_at: &EventTime,
        now: Millis,
        last: &mut Seq,
        applied: &mut Applied,
    ) {
        match self.deleted_types.get(content_type) {
            Some((known, _)) if event_at <= known => {
                applied.ignored += 1;
                return;
            }
            _ => {}
        }
        self.deleted_types
            .insert(content_type.clone(), (event_at.clone(), now));
        let covered: Vec<Slot> = self
            .rows
            .values()
            .filter(|slot| {
                slot.put.is_some()
                    && slot.content_type.as_ref() == Some(content_type)
                    && rules::covers(event_at, slot.event_at.as_ref())
            })
            .cloned()
            .collect();
        for slot in covered {
            applied.deletes += 1;
            last.0 += 1;
            self.put_slot(
                *last,
                Slot {
                    put: None,
                    written_at: now,
                    ..slot
                },
            );
        }
    }
}

impl Tables {
    pub(super) fn load(&self) -> State {
        let content = match (&self.building, &self.readable) {
            (Some((_, content)), _) | (None, Some(content)) => Some(content),
            (None, None) => None,
        };
        State {
            identity: self.identity.clone(),
            readable: self.readable.as_ref().map(|content| content.generation),
            building: self.building.as_ref().map(|(building, _)| building.clone()),
            chains: content.map_or_else(Vec::new, |c| c.chains.values().cloned().collect()),
            seq: self.visible,
            dead_letters: self.dead.len() as u64,
        }
    }

    pub(super) fn begin(&mut self, begin: Begin) -> Result<Generation, StoreError> {
        if self
            .identity
            .as_ref()
            .is_some_and(|mine| *mine != begin.identity)
        {
            return Err(StoreError::new(StoreErrorKind::Mismatch, ""));
        }
        if self.building.as_ref().map(|(b, _)| b.generation) != begin.replaces {
            return Err(StoreError::new(
                StoreErrorKind::Conflict,
                "another full sync has begun",
            ));
        }
        if let Some(replaced) = begin.replaces {
            self.dead.retain(|_, (of, _)| *of != replaced);
        }
        self.identity = Some(begin.identity);
        self.generations += 1;
        let generation = Generation(self.generations);
        let chains = begin
            .chains
            .into_iter()
            .map(|chain| (chain.name.clone(), chain));
        let content = Content {
            generation,
            chains: chains.collect(),
            ..Content::default()
        };
        let reason = begin.reason;
        self.building = Some((Building { generation, reason }, content));
        Ok(generation)
    }

    pub(super) fn apply(&mut self, batch: Batch) -> Result<Applied, StoreError> {
        let content = match (&mut self.building, &mut self.readable) {
            (Some((_, content)), _) | (None, Some(content)) => content,
            (None, None) => return Err(StoreError::new(StoreErrorKind::Conflict, "nothing begun")),
        };
        if content.generation != batch.generation {
            return Err(StoreError::new(
                StoreErrorKind::Conflict,
                "the generation is another one",
            ));
        }
        let is_there = |chain: &Chain| content.chains.contains_key(&chain.name);
        if batch.new_chains.iter().any(is_there) {
            return Err(StoreError::new(
                StoreErrorKind::Conflict,
                "the chain is there already",
            ));
        }
        if let Some(Advance { from, to }) = &batch.advance {
            match content.chains.get_mut(&to.name) {
                Some(chain) if chain.position == *from => *chain = to.clone(),
                _ => {
                    return Err(StoreError::new(
                        StoreErrorKind::Conflict,
                        "the chain is somewhere else",
                    ));
                }
            }
        }
        let new_chains = batch.new_chains.into_iter();
        content
            .chains
            .extend(new_chains.map(|chain| (chain.name.clone(), chain)));
        let mut applied = Applied::default();
        for change in batch.changes {
            content.change(change, batch.now, &mut self.last, &mut applied);
        }
        for id in &batch.revived {
            self.dead.remove(id);
        }
        for (id, error) in batch.still_dead {
            if let Some((_, letter)) = self.dead.get_mut(&id) {
                letter.error = error;
                letter.attempts += 1;
            }
        }
        for item in batch.dead {
            self.letters += 1;
            let id = DeadLetterId(self.letters);
            let letter = DeadLetter {
                id,
                raw: item.raw,
                reason: item.reason,
                error: item.error.into_owned(),
                since: batch.now,
                attempts: 1,
            };
            self.dead.insert(id, (batch.generation, letter));
        }
        if self.building.is_none() {
            self.visible = self.last;
        } else if batch.advance.is_some() && self.is_loaded() {
            applied.switched = true;
            applied.swept = self.switch(batch.now);
            self.dead.retain(|_, (of, _)| *of == batch.generation);
        }
        applied.seq = self.visible;
        Ok(applied)
    }

    fn is_loaded(&self) -> bool {
        self.building.as_ref().is_some_and(|(_, content)| {
            let mut chains = content.chains.values();
            chains.all(|chain| matches!(chain.position, Position::Delta(_)))
        })
    }

    fn switch(&mut self, now: Millis) -> u64 {
        let Some((_, mut new)) = self.building.take() else {
            return 0;
        };
        let mut swept = 0;
        for (seq, slot) in self.readable.take().map(|old| old.rows).unwrap_or_default() {
            match new.by_key.get(&slot.key).copied() {
                Some(there) => {
                    if new
                        .rows
                        .get(&there)
                        .is_some_and(|new| new.same_content(&slot))
                    {
                        new.put_slot(seq, slot);
                    }
                }
                None if slot.put.is_some() => {
                    swept += 1;
                    self.last.0 += 1;
                    let tombstone = Slot {
                        event_at: None,
                        written_at: now,
                        put: None,
                        ..slot
                    };
                    new.put_slot(self.last, tombstone);
                }
                // For readers who have not heard of it yet.
                None => new.put_slot(
                    seq,
                    Slot {
                        event_at: None,
                        ..slot
                    },
                ),
            }
        }
        self.readable = Some(new);
        self.visible = self.last;
        swept
    }

    pub(super) fn prune(&mut self, before: Millis) -> u64 {
        let Some(content) = &mut self.readable else {
            return 0;
        };
        let old: Vec<Seq> = content
            .rows
            .iter()
            .filter(|(_, slot)| slot.put.is_none() && slot.written_at < before)
            .map(|(seq, _)| *seq)
            .collect();
        for seq in &old {
            if let Some(slot) = content.rows.remove(seq) {
                content.by_key.remove(&slot.key);
            }
            self.pruned = self.pruned.max(*seq);
        }
        let types = content.deleted_types.len();
        content.deleted_types.retain(|_, (_, at)| *at >= before);
        old.len() as u64 + (types - content.deleted_types.len()) as u64
    }

    pub(super) fn get(&self, key: &Key) -> Option<Row> {
        let content = self.readable.as_ref()?;
        let seq = *content.by_key.get(key)?;
        content.rows.get(&seq)?.row(seq)
    }

    fn slots(&self, after: Seq) -> impl Iterator<Item = (Seq, &Slot)> {
        let rows = self.readable.iter().flat_map(move |content| {
            content
                .rows
                .range((Bound::Excluded(after), Bound::Unbounded))
        });
        rows.map(|(seq, slot)| (*seq, slot))
    }

    pub(super) fn scan(&self, scan: &Scan, after: Seq) -> impl Iterator<Item = Row> {
        self.slots(after).filter_map(|(seq, slot)| {
            let url = slot.put.as_ref()?.url.as_deref();
            scan.matches(&slot.key, slot.content_type.as_ref(), url)
                .then(|| slot.row(seq))
                .flatten()
        })
    }

    pub(super) fn links(&self, key: &Key) -> Vec<Link> {
        let slot = self.readable.as_ref().and_then(|content| content.slot(key));
        slot.and_then(|slot| slot.put.as_ref())
            .map_or_else(Vec::new, |put| put.links.clone())
    }

    pub(super) fn referrers(
        &self,
        kind: ObjectKind,
        uid: &Uid,
        after: Seq,
        limit: usize,
    ) -> Vec<Row> {
        let points = |link: &Link| link.uid == *uid && link.kind.is_none_or(|k| k == kind);
        self.slots(after)
            .filter(|(_, slot)| {
                slot.put
                    .as_ref()
                    .is_some_and(|put| put.links.iter().any(points))
            })
            .filter_map(|(seq, slot)| slot.row(seq))
            .take(limit)
            .collect()
    }

    pub(super) fn changes(&self, since: Seq, limit: usize) -> Changes {
        // Who has nothing yet has nothing to forget.
        if since != Seq::default() && since < self.pruned {
            return Changes {
                rows: Vec::new(),
                next: since,
                expired: true,
            };
        }
        let rows: Vec<ChangedRow> = self
            .slots(since)
            .take(limit)
            .map(|(seq, slot)| ChangedRow {
                seq,
                key: slot.key.clone(),
                content_type: slot.content_type.clone(),
                row: slot.row(seq),
            })
            .collect();
        let next = match rows.last() {
            Some(row) if rows.len() >= limit => row.seq,
            // All was read, also where the last number is no row's any more.
            _ if limit > 0 => since.max(self.visible),
            _ => since,
        };
        Changes {
            next,
            rows,
            expired: false,
        }
    }

    pub(super) fn dead_letters(&self, after: DeadLetterId, limit: usize) -> Vec<DeadLetter> {
        let after = (Bound::Excluded(after), Bound::Unbounded);
        let letters = self
            .dead
            .range(after)
            .map(|(_, (_, letter))| letter.clone());
        letters.take(limit).collect()
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts {
            dead_letters: self.dead.len() as u64,
            ..Counts::none()
        };
        for (_, slot) in self.slots(Seq::default()) {
            match (&slot.put, slot.key.kind) {
                (None, _) => counts.tombstones += 1,
                (Some(_), ObjectKind::Entry) => counts.entries += 1,
                (Some(_), ObjectKind::Asset) => counts.assets += 1,
            }
        }
        counts
    }

    pub(super) fn put_schemas(&mut self, schemas: Vec<StoredSchema>) {
        let schemas = schemas
            .into_iter()
            .map(|schema| (schema.uid.clone(), schema));
        self.schemas = schemas.collect();
    }

    pub(super) fn schemas(&self) -> Vec<StoredSchema> {
        self.schemas.values().cloned().collect()
    }

    pub(super) fn schema(&self, uid: &ContentTypeUid) -> Option<StoredSchema> {
        self.schemas.get(uid).cloned()
    }

    fn is_wanted(&self, url: &str, now: Millis) -> bool {
        self.downloads
            .get(url)
            .is_none_or(|download| match &download.state {
                DownloadState::Done { .. } => false,
                DownloadState::Failed { retry_at, .. } => retry_at.is_some_and(|at| at <= now),
            })
    }

    pub(super) fn wanted_downloads(
        &self,
        now: Millis,
        after: Seq,
        limit: usize,
    ) -> Vec<(Row, Option<Download>)> {
        self.scan(&Scan::assets(), after)
            .filter(|row| row.url.as_ref().is_some_and(|url| self.is_wanted(url, now)))
            .take(limit)
            .map(|row| {
                let noted = row.url.as_ref().and_then(|url| self.downloads.get(url));
                let noted = noted.cloned();
                (row, noted)
            })
            .collect()
    }

    pub(super) fn note_download(&mut self, download: Download) {
        self.downloads.insert(download.url.clone(), download);
    }

    pub(super) fn stale_downloads(&self, limit: usize) -> Vec<Download> {
        let assets = self.slots(Seq::default()).map(|(_, slot)| slot);
        let urls: HashSet<&str> = assets
            .filter(|slot| slot.key.kind == ObjectKind::Asset)
            .filter_map(|slot| slot.put.as_ref()?.url.as_deref())
            .collect();
        let stale = self
            .downloads
            .values()
            .filter(|download| !urls.contains(&*download.url));
        stale.take(limit).cloned().collect()
    }

    pub(super) fn download(&self, url: &str) -> Option<Download> {
        self.downloads.get(url).cloned()
    }

    pub(super) fn forget_download(&mut self, url: &str) {
        self.downloads.remove(url);
    }
}
