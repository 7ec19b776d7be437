//! Entries and assets in the place of their uids.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use super::error::QueryError;
use super::lookup::Lookup;
use super::path::{FieldPath, MAX_DEPTH, elements, member, members, text};
use super::references::{is_system, is_uid};
use super::schema::{FieldKind, Fields};
use crate::model::{ContentTypeUid, Key, Locale, ObjectKind};
use crate::store::{Row, Store};

/// How deep references are followed.
pub(crate) const MAX_INCLUDE_DEPTH: usize = 16;

/// How many included entries are kept for further use.
const REMEMBERED: usize = 1024;

/// What is to be included.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    pub(crate) depth: usize,
    pub(crate) paths: Vec<FieldPath>,
    pub(crate) assets: bool,
    pub(crate) asset_paths: Vec<FieldPath>,
    pub(crate) limit: usize,
}

impl Include {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            depth: 0,
            paths: Vec::new(),
            assets: false,
            asset_paths: Vec::new(),
            limit,
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.depth > 0 || self.assets || !self.paths.is_empty() || !self.asset_paths.is_empty()
    }
}

/// What is still to be included below an entry.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wish {
    depth: usize,
    /// Dotted, relative to the entry.
    paths: Vec<String>,
    asset_paths: Vec<String>,
}

/// Something in an entry that may be replaced.
struct Site {
    at: Range<usize>,
    uid: String,
    what: What,
    below: Wish,
}

enum What {
    /// A reference to an entry of this type.
    Typed(String),
    /// An asset and nothing else.
    Asset,
    /// A bare uid of an entry and nothing else.
    Entry,
    /// A bare uid. Which of the two is wanted, if that is what it is.
    Bare { asset: bool, entry: bool },
}

/// Includes, and remembers what it has read.
pub(crate) struct Includer {
    include: Include,
    store: Arc<dyn Store>,
    lookup: Lookup,
    fields: HashMap<ContentTypeUid, Arc<Fields>>,
    done: HashMap<(Key, Wish), Arc<str>>,
}

type Included<'a> = Pin<Box<dyn Future<Output = Result<Arc<str>, Failure>> + Send + 'a>>;

enum Failure {
    Query(QueryError),
    TooLarge,
}

impl<E: Into<QueryError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Query(error.into())
    }
}

impl Includer {
    pub(crate) fn new(include: Include, store: Arc<dyn Store>) -> Self {
        Self {
            include,
            lookup: Lookup::new(Arc::clone(&store)),
            store,
            fields: HashMap::new(),
            done: HashMap::new(),
        }
    }

    /// The data of a row with what is included; `None` if nothing is.
    pub(crate) async fn include(
        &mut self,
        row: &Row,
        locales: &[Locale],
    ) -> Result<Option<String>, QueryError> {
        self.lookup.tidy();
        if self.done.len() > REMEMBERED {
            self.done.clear();
        }
        let dotted = |paths: &[FieldPath]| paths.iter().map(ToString::to_string).collect();
        let wish = Wish {
            depth: self.include.depth,
            paths: dotted(&self.include.paths),
            asset_paths: dotted(&self.include.asset_paths),
        };
        match self.resolve(row, &wish, locales).await {
            Ok(text) => Ok((*text != *row.data.as_str()).then(|| text.to_string())),
            Err(Failure::Query(error)) => Err(error),
            Err(Failure::TooLarge) => Err(QueryError::TooLarge {
                key: row.key.clone(),
                limit: self.include.limit,
            }),
        }
    }

    fn resolve<'a>(
        &'a mut self,
        row: &'a Row,
        wish: &'a Wish,
        locales: &'a [Locale],
    ) -> Included<'a> {
        Box::pin(async move {
            let data = row.data.as_str();
            let fields = self.fields(row.content_type.as_ref()).await?;
            let mut sites = Vec::new();
            Search {
                data,
                assets: self.include.assets,
                wish,
                fields: &fields,
                sites: &mut sites,
            }
            .value(data, "", 0);
            let mut out = String::with_capacity(data.len());
            let mut copied = 0;
            for site in sites {
                let Some(new) = self.replacement(&site, locales).await? else {
                    continue;
                };
                out.push_str(&data[copied..site.at.start]);
                out.push_str(&new);
                copied = site.at.end;
                if out.len() > self.include.limit {
                    return Err(Failure::TooLarge);
                }
            }
            out.push_str(&data[copied..]);
            Ok(out.into())
        })
    }

    async fn replacement(
        &mut self,
        site: &Site,
        locales: &[Locale],
    ) -> Result<Option<Arc<str>>, Failure> {
        let find = |kind| (kind, &*site.uid);
        let (kind, uid) = match site.what {
            What::Typed(_) | What::Entry => find(ObjectKind::Entry),
            What::Asset => find(ObjectKind::Asset),
            What::Bare { asset, entry } => {
                let (kind, uid) = find(ObjectKind::Asset);
                let found = self.lookup.find(kind, uid, locales).await?;
                match found {
                    Some(row) if asset => return Ok(Some(row.data.as_str().into())),
                    // A file, which is not wanted.
                    Some(_) => return Ok(None),
                    None if entry => find(ObjectKind::Entry),
                    None => return Ok(None),
                }
            }
        };
        let Some(row) = self.lookup.find(kind, uid, locales).await? else {
            return Ok(None);
        };
        if kind == ObjectKind::Asset {
            return Ok(Some(row.data.as_str().into()));
        }
        let key = (row.key.clone(), site.below.clone());
        let text = match self.done.get(&key) {
            Some(text) => Arc::clone(text),
            None => {
                let text = self.resolve(&row, &site.below, locales).await?;
                self.done.insert(key, Arc::clone(&text));
                text
            }
        };
        Ok(Some(match &site.what {
            What::Typed(content_type) => with_type(&text, content_type),
            _ => text,
        }))
    }

    async fn fields(
        &mut self,
        content_type: Option<&ContentTypeUid>,
    ) -> Result<Arc<Fields>, QueryError> {
        let Some(uid) = content_type else {
            return Ok(Arc::default());
        };
        if let Some(known) = self.fields.get(uid) {
            return Ok(Arc::clone(known));
        }
        let stored = self.store.schema(uid).await?;
        let fields =
            Arc::new(stored.map_or_else(Fields::default, |stored| Fields::read(&stored.schema)));
        self.fields.insert(uid.clone(), Arc::clone(&fields));
        Ok(fields)
    }
}

/// An entry that says its type, as references do.
fn with_type(entry: &str, content_type: &str) -> Arc<str> {
    const KEY: &str = "_content_type_uid";
    let Some(rest) = entry.trim_start().strip_prefix('{') else {
        return entry.into();
    };
    if member(entry, KEY).is_some() {
        return entry.into();
    }
    let comma = if rest.trim_start().starts_with('}') {
        ""
    } else {
        ","
    };
    format!("{{\"{KEY}\":{}{comma}{rest}", super::quoted(content_type)).into()
}

/// The search for sites in one entry.
struct Search<'a> {
    data: &'a str,
    assets: bool,
    wish: &'a Wish,
    fields: &'a Fields,
    sites: &'a mut Vec<Site>,
}

impl Search<'_> {
    /// `path` is dotted and without indices.
    fn value(&mut self, value: &str, path: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value.as_bytes().first() {
            Some(b'[') => {
                for element in elements(value) {
                    self.value(element, path, depth + 1);
                }
            }
            Some(b'{') => {
                if depth > 0 && self.typed(value, path) {
                    return;
                }
                let fields = members(value);
                // What rich text embeds keeps its uids, which the walker reads.
                let embeds =
                    |(key, _): &(String, &str)| matches!(&**key, "entry-uid" | "asset-uid");
                if fields.as_slice().iter().any(embeds) {
                    return;
                }
                for (key, value) in fields {
                    if depth == 0 {
                        if !is_system(&key) {
                            self.value(value, &key, 1);
                        }
                    } else {
                        self.value(value, &format!("{path}.{key}"), depth + 1);
                    }
                }
            }
            Some(b'"') if depth > 0 => self.bare(value, path),
            _ => {}
        }
    }

    /// Takes an object for a reference, if it is one.
    fn typed(&mut self, object: &str, path: &str) -> bool {
        let content_type = member(object, "_content_type_uid").and_then(text);
        let uid = member(object, "uid").and_then(text);
        let (Some(uid), Some(content_type)) = (uid, content_type) else {
            return false;
        };
        let what = match &*content_type {
            ContentTypeUid::ASSETS if self.wants_asset(path) => What::Asset,
            ContentTypeUid::ASSETS => return true,
            _ if self.wants_entry(path) => What::Typed(content_type.into_owned()),
            _ => return true,
        };
        self.push(object, uid.into_owned(), what, path);
        true
    }

    fn bare(&mut self, value: &str, path: &str) {
        let Some(uid) = text(value).filter(|uid| !uid.is_empty()) else {
            return;
        };
        let (asset, entry) = (self.wants_asset(path), self.wants_entry(path));
        let named = |paths: &[String]| paths.iter().any(|own| own == path);
        let what = match self.fields.kind(path) {
            Some(FieldKind::File) if asset || named(&self.wish.paths) => What::Asset,
            Some(FieldKind::Reference) if entry => What::Entry,
            Some(_) => return,
            None if named(&self.wish.asset_paths) => What::Asset,
            None if named(&self.wish.paths) => What::Bare {
                asset: true,
                entry: true,
            },
            None if is_uid(&uid) && (asset || entry) => What::Bare { asset, entry },
            None => return,
        };
        self.push(value, uid.into_owned(), what, path);
    }

    fn wants_asset(&self, path: &str) -> bool {
        self.assets || self.wish.asset_paths.iter().any(|own| own == path)
    }

    fn wants_entry(&self, path: &str) -> bool {
        let leads_on = |own: &String| below(own, path).is_some();
        self.wish.depth > 0
            || self.wish.paths.iter().any(leads_on)
            || self.wish.asset_paths.iter().any(leads_on)
    }

    fn push(&mut self, value: &str, uid: String, what: What, path: &str) {
        let start = value.as_ptr() as usize - self.data.as_ptr() as usize;
        let rest = |paths: &[String]| {
            paths
                .iter()
                .filter_map(|own| below(own, path).filter(|rest| !rest.is_empty()))
                .map(str::to_owned)
                .collect()
        };
        self.sites.push(Site {
            at: start..start + value.len(),
            uid,
            what,
            below: Wish {
                depth: self.wish.depth.saturating_sub(1),
                paths: rest(&self.wish.paths),
                asset_paths: rest(&self.wish.asset_paths),
            },
        });
    }
}

/// What is left of a path after this beginning of it.
fn below<'p>(path: &'p str, beginning: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(beginning)?;
    match rest.strip_prefix('.') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}
