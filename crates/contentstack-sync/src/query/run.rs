//! How a query is answered.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use sync_core::json::RawJson;

use super::builder::Request;
use super::condition::Condition;
use super::error::QueryError;
use super::include::Includer;
use super::lookup::Lookup;
use super::order::SortKey;
use crate::model::{Key, Locale, Uid};
use crate::store::{Row, Scan, Seq};

/// How many rows are read from the store at a time.
const BATCH: usize = 256;

/// A query under way.
pub(crate) struct Run {
    request: Request,
    condition: Condition,
    rows: Rows,
    lookup: Lookup,
    includer: Option<Includer>,
    /// What is found, where it has to be put in order first.
    ordered: Option<std::vec::IntoIter<Row>>,
    skipped: usize,
    given: usize,
}

impl Run {
    pub(crate) fn begin(mut request: Request) -> Result<Self, QueryError> {
        request.settle();
        let condition = Condition::all(request.conditions.iter().cloned());
        condition.check()?;
        let includer = request
            .include
            .is_active()
            .then(|| Includer::new(request.include.clone(), request.store.clone()));
        Ok(Self {
            rows: Rows::new(&request),
            lookup: Lookup::new(request.store.clone()),
            condition,
            includer,
            ordered: None,
            skipped: 0,
            given: 0,
            request,
        })
    }

    /// How many rows match.
    pub(crate) async fn count(mut request: Request) -> Result<u64, QueryError> {
        request.settle();
        // Every row of one locale, or of all: the store knows.
        if let ([], [] | [_]) = (&request.conditions[..], &request.locales[..]) {
            let mut scan = request.scan;
            scan.locale = request.locales.into_iter().next();
            return Ok(request.store.count(&scan).await?);
        }
        let mut run = Self::begin(request)?;
        let mut count = 0;
        while run.matching().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// The next result.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, QueryError> {
        if self.request.limit.is_some_and(|limit| self.given >= limit) {
            return Ok(None);
        }
        let row = if self.request.order.is_empty() {
            while self.skipped < self.request.skip {
                if self.matching().await?.is_none() {
                    return Ok(None);
                }
                self.skipped += 1;
            }
            self.matching().await?
        } else {
            if self.ordered.is_none() {
                self.ordered = Some(self.put_in_order().await?.into_iter());
            }
            self.ordered.as_mut().and_then(Iterator::next)
        };
        self.given += usize::from(row.is_some());
        Ok(row)
    }

    /// A result as it was asked for.
    pub(crate) async fn read<T: DeserializeOwned>(&mut self, row: &Row) -> Result<T, QueryError> {
        let mut data = None;
        if let Some(includer) = &mut self.includer {
            let own = [row.key.locale.clone()];
            let locales = match self.request.locales.is_empty() {
                true => &own[..],
                false => &self.request.locales[..],
            };
            data = includer.include(row, locales).await?;
        }
        let text = data.as_deref().unwrap_or(row.data.as_str());
        let projected = self.request.projection.apply(text);
        // The store's own text is JSON, and so is what is made of it.
        let changed = projected.or(data);
        let changed = changed.and_then(|text| RawValue::from_string(text).ok());
        let decoded = match changed {
            Some(raw) => RawJson::from(raw).decode(),
            None => row.data.decode(),
        };
        decoded.map_err(|source| QueryError::Decode {
            key: row.key.clone(),
            source,
        })
    }

    /// The next row that fulfils the conditions.
    async fn matching(&mut self) -> Result<Option<Row>, QueryError> {
        while let Some(row) = self.rows.next(&self.request).await? {
            let own = [row.key.locale.clone()];
            let locales = match self.request.locales.is_empty() {
                true => &own[..],
                false => &self.request.locales[..],
            };
            if self
                .lookup
                .satisfies(&row, &self.condition, locales)
                .await?
            {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// All results, in order. Holds about twice as many rows as are wanted.
    async fn put_in_order(&mut self) -> Result<Vec<Row>, QueryError> {
        let wanted = self
            .request
            .limit
            .map(|limit| limit.saturating_add(self.request.skip));
        let enough = wanted.map(|wanted| wanted.saturating_mul(2).max(BATCH));
        let mut found: Vec<(Vec<SortKey>, Row)> = Vec::new();
        while let Some(row) = self.matching().await? {
            let data = row.data.as_str();
            let order = self.request.order.iter();
            let keys = order.map(|(path, _)| SortKey::read(data, path)).collect();
            found.push((keys, row));
            if enough.is_some_and(|enough| found.len() >= enough) {
                self.sort(&mut found);
                found.truncate(wanted.unwrap_or(usize::MAX));
            }
        }
        self.sort(&mut found);
        let rows = found.into_iter().map(|(_, row)| row);
        Ok(rows.skip(self.request.skip).collect())
    }

    fn sort(&self, rows: &mut [(Vec<SortKey>, Row)]) {
        rows.sort_by(|(a, left), (b, right)| {
            let keys = a.iter().zip(b).zip(&self.request.order);
            keys.map(|((a, b), (_, direction))| a.compare(b, *direction))
                .find(|order| *order != Ordering::Equal)
                .unwrap_or_else(|| left.key.cmp(&right.key))
        });
    }
}

/// The rows of a query before its conditions: locale by locale, each entry once.
struct Rows {
    scan: Scan,
    /// Which of the locales is being read.
    locale: usize,
    after: Seq,
    buffer: VecDeque<Row>,
    exhausted: bool,
    /// What was seen in the locales so far.
    seen: HashSet<Uid>,
    /// The same for a query of all locales.
    seen_keys: HashSet<Key>,
}

impl Rows {
    fn new(request: &Request) -> Self {
        Self {
            scan: request.scan.clone(),
            locale: 0,
            after: Seq::default(),
            buffer: VecDeque::new(),
            exhausted: false,
            seen: HashSet::new(),
            seen_keys: HashSet::new(),
        }
    }

    async fn next(&mut self, request: &Request) -> Result<Option<Row>, QueryError> {
        loop {
            if let Some(row) = self.buffer.pop_front() {
                // A row that changes while the query runs comes again.
                let is_new = match request.locales.is_empty() {
                    true => self.seen_keys.insert(row.key.clone()),
                    false => self.seen.insert(row.key.uid.clone()),
                };
                if is_new && !self.is_hidden(&row, request).await? {
                    return Ok(Some(row));
                }
                continue;
            }
            if self.exhausted {
                self.locale += 1;
                self.after = Seq::default();
                self.exhausted = false;
                if self.locale >= request.locales.len() {
                    // No further call finds more.
                    self.exhausted = true;
                    return Ok(None);
                }
            }
            let mut scan = self.scan.clone();
            if let Some(locale) = request.locales.get(self.locale) {
                scan = scan.locale(locale.clone());
            }
            let rows = request.store.scan(&scan, self.after, BATCH).await?;
            self.exhausted = rows.len() < BATCH;
            if let Some(last) = rows.last() {
                self.after = last.seq;
            }
            self.buffer.extend(rows);
        }
    }

    /// Whether a row of a locale that is fallen back to has a version in an
    /// earlier one. Those were seen, unless the query left them out by their url.
    async fn is_hidden(&self, row: &Row, request: &Request) -> Result<bool, QueryError> {
        if self.scan.url.is_none() {
            return Ok(false);
        }
        let earlier: &[Locale] = request.locales.get(..self.locale).unwrap_or_default();
        for locale in earlier {
            let key = Key {
                locale: locale.clone(),
                ..row.key.clone()
            };
            if request.store.get(&key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
