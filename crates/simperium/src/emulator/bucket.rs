//! A bucket: entities with their versions, and the log of changes.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;
use sync_core::json::RawJson;

use crate::protocol::{Change, Operation};

use super::config::{Config, Marks};
use super::document::Document;

/// How many entries a page has, unless asked for otherwise.
const PAGE: usize = 100;
/// And at most.
const LARGEST_PAGE: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Entity {
    /// The newest version; deletions count.
    version: u64,
    versions: BTreeMap<u64, Document>,
    live: bool,
    /// The number of its last change.
    changed: u64,
}

impl Entity {
    /// The newest version and its object, unless it is deleted.
    fn current(&self) -> Option<(u64, &Document)> {
        let document = self.versions.get(&self.version)?;
        self.live.then_some((self.version, document))
    }
}

/// A change in the log, with the JSON it is sent as.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    /// Its number, which its change version is made of.
    pub(super) number: u64,
    pub(super) change: Arc<Change>,
    pub(super) text: Arc<str>,
}

impl Logged {
    fn new(number: u64, change: Change) -> Self {
        // Change objects are made of strings and numbers.
        let text = serde_json::to_string(&change).unwrap_or_default();
        Self {
            number,
            change: Arc::new(change),
            text: text.into(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Bucket {
    entities: BTreeMap<String, Entity>,
    /// Keys by the number of their last change; those that are not deleted.
    order: BTreeMap<u64, String>,
    log: VecDeque<Logged>,
    /// The number before the oldest change in the log.
    base: u64,
    /// The number it began with.
    begun: u64,
    /// The ccids that were accepted, by key. They come in no order.
    seen: HashMap<String, HashSet<String>>,
}

/// Which page of the index.
#[derive(Clone, Debug, Default)]
pub(super) struct PageQuery<'a> {
    pub(super) data: bool,
    pub(super) mark: Option<&'a str>,
    pub(super) limit: Option<usize>,
    /// Only what changed after this.
    pub(super) since: u64,
}

/// A page of the index, as it is sent. It borrows: pages are large.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    pub(super) current: String,
    pub(super) index: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<String>,
}

/// An entry of the index.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    id: &'a str,
    v: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<&'a RawJson>,
}

/// A mark that no page had.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadMark;

impl Page<'_> {
    /// Nothing is on it, and nothing after it.
    pub(super) const fn empty(current: String) -> Self {
        Self {
            current,
            index: Vec::new(),
            mark: None,
        }
    }
}

impl Bucket {
    pub(super) fn new(begun: u64) -> Self {
        Self {
            entities: BTreeMap::new(),
            order: BTreeMap::new(),
            log: VecDeque::new(),
            base: begun,
            begun,
            seen: HashMap::new(),
        }
    }

    /// The number of the newest change.
    pub(super) fn head(&self) -> u64 {
        self.log.back().map_or(self.base, |logged| logged.number)
    }

    /// An object, unless it is deleted.
    pub(super) fn current(&self, key: &str) -> Option<&Document> {
        Some(self.versioned(key)?.1)
    }

    /// An object with its version, unless it is deleted.
    pub(super) fn versioned(&self, key: &str) -> Option<(u64, &Document)> {
        self.entities.get(key)?.current()
    }

    /// A version of an object, if it is kept; also of a deleted one.
    pub(super) fn version(&self, key: &str, version: u64) -> Option<&Document> {
        self.entities.get(key)?.versions.get(&version)
    }

    /// All objects with their versions, by their keys.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&str, u64, &Document)> {
        self.entities.iter().filter_map(|(key, entity)| {
            let (version, document) = entity.current()?;
            Some((key.as_str(), version, document))
        })
    }

    pub(super) fn has_seen(&self, key: &str, ccid: &str) -> bool {
        self.seen.get(key).is_some_and(|seen| seen.contains(ccid))
    }

    /// The version an entity's next change gets.
    pub(super) fn next_version(&self, key: &str) -> u64 {
        self.entities.get(key).map_or(0, |entity| entity.version) + 1
    }

    /// Takes a new version of an object, and the change that made it.
    pub(super) fn write(
        &mut self,
        number: u64,
        change: Change,
        document: Document,
        config: &Config,
    ) -> Logged {
        let entity = self.entities.entry(change.id.clone()).or_default();
        entity.version += 1;
        entity.versions.insert(entity.version, document);
        if std::mem::replace(&mut entity.live, true) {
            self.order.remove(&entity.changed);
        }
        entity.changed = number;
        forget_versions(entity, config);
        self.order.insert(number, change.id.clone());
        self.log(number, change)
    }

    /// Takes the deletion of an entity that is there.
    pub(super) fn delete(&mut self, number: u64, change: Change) -> Logged {
        if let Some(entity) = self.entities.get_mut(&change.id) {
            entity.version += 1;
            entity.live = false;
            self.order.remove(&entity.changed);
            entity.changed = number;
        }
        self.log(number, change)
    }

    /// Takes the deletion of all entities.
    pub(super) fn empty(&mut self, number: u64, change: Change) -> Logged {
        for entity in self.entities.values_mut().filter(|entity| entity.live) {
            entity.version += 1;
            entity.live = false;
            entity.changed = number;
        }
        self.order.clear();
        self.log(number, change)
    }

    fn log(&mut self, number: u64, change: Change) -> Logged {
        let seen = match self.seen.get_mut(&change.id) {
            Some(seen) => seen,
            None => self.seen.entry(change.id.clone()).or_default(),
        };
        seen.extend(change.ccids.iter().cloned());
        let logged = Logged::new(number, change);
        self.log.push_back(logged.clone());
        logged
    }

    /// Whether there is anything to delete.
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Keeps the last changes only; whoever is further behind has to read the
    /// index.
    pub(super) fn forget(&mut self, kept: usize) {
        while self.log.len() > kept {
            if let Some(oldest) = self.log.pop_front() {
                self.base = oldest.number;
            }
        }
    }

    /// The changes after this number; `None` if it is not known (any more). 0
    /// is before everything.
    pub(super) fn since(&self, number: u64) -> Option<impl Iterator<Item = &Logged>> {
        let known = number == self.base
            || (number == 0 && self.base == self.begun)
            || self.position(number).is_ok();
        known.then(|| self.kept_since(number))
    }

    /// What is left of the changes after this number.
    pub(super) fn kept_since(&self, number: u64) -> impl Iterator<Item = &Logged> {
        let first = match self.position(number) {
            Ok(at) => at + 1,
            Err(at) => at,
        };
        self.log.iter().skip(first)
    }

    /// Whether all changes after this number are kept.
    pub(super) fn is_kept_since(&self, number: u64) -> bool {
        number >= self.base || self.base == self.begun
    }

    fn position(&self, number: u64) -> Result<usize, usize> {
        self.log
            .binary_search_by_key(&number, |logged| logged.number)
    }

    /// A page of the index, newest modification first.
    /// A page; `current` names the newest change.
    pub(super) fn page(
        &self,
        query: &PageQuery<'_>,
        marks: Marks,
        current: String,
    ) -> Result<Page<'_>, BadMark> {
        let limit = query.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        let (below, skipped) = match query.mark {
            None => (Bound::Unbounded, 0),
            Some(mark) => match (marks, mark.strip_prefix('o')) {
                (Marks::Change, None) => {
                    let number = u64::from_str_radix(mark, 16).map_err(|_| BadMark)?;
                    (Bound::Excluded(number), 0)
                }
                (Marks::Offset, Some(offset)) => {
                    (Bound::Unbounded, offset.parse().map_err(|_| BadMark)?)
                }
                _ => return Err(BadMark),
            },
        };
        // `range` panics when its ends are the wrong way round.
        let range = match below {
            Bound::Excluded(below) if below <= query.since => {
                return Ok(Page::empty(current));
            }
            below => (Bound::Excluded(query.since), below),
        };
        let mut found = self.order.range(range).rev().skip(skipped);
        let mut index = Vec::new();
        let mut last = 0;
        for (number, key) in found.by_ref().take(limit) {
            last = *number;
            let Some((version, document)) = self.versioned(key) else {
                continue;
            };
            index.push(Entry {
                id: key,
                v: version,
                d: query.data.then(|| document.raw()),
            });
        }
        let mark = found.next().map(|_| match marks {
            Marks::Change => format!("{last:024x}"),
            Marks::Offset => format!("o{}", skipped + limit),
        });
        Ok(Page {
            current,
            index,
            mark,
        })
    }

    /// The key that was not changed for the longest time.
    pub(super) fn oldest(&self) -> Option<&str> {
        self.order.values().next().map(String::as_str)
    }

    /// All keys that are not deleted.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

/// Keeps the newest versions, and some of the tenth ones before them.
fn forget_versions(entity: &mut Entity, config: &Config) {
    let oldest = entity.version.saturating_sub(config.versions_kept.max(1)) + 1;
    // Most entities never have as many.
    if entity
        .versions
        .first_key_value()
        .is_none_or(|(first, _)| *first >= oldest)
    {
        return;
    }
    let older = entity.versions.range(..oldest).map(|(version, _)| *version);
    let (tenths, leaving): (Vec<_>, Vec<_>) = older.partition(|version| version % 10 == 1);
    let too_many = tenths.len().saturating_sub(config.tenths_kept);
    for version in leaving.iter().chain(&tenths[..too_many]) {
        entity.versions.remove(version);
    }
}

/// The change of a write.
pub(super) fn deletion(id: &str, clientid: &str, ccid: &str, ev: u64, cv: String) -> Change {
    Change {
        id: id.to_owned(),
        operation: Operation::Delete,
        v: None,
        clientid: clientid.to_owned(),
        ccids: vec![ccid.to_owned()],
        ev: Some(ev),
        sv: None,
        cv,
        d: None,
        username: None,
    }
}
