//! How a query is put together.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::condition::{Condition, field};
use super::error::QueryError;
use super::include::Include;
use super::order::Direction;
use super::path::FieldPath;
use super::project::Projection;
use super::run::Run;
use super::stream::QueryStream;
use crate::model::{ContentTypeUid, Locale, ObjectKind, RawJson, Uid};
use crate::store::{Row, Scan, Store};

/// How large an entry may become by what is included in it.
const INCLUDE_LIMIT: usize = 64 << 20;

/// Marks a [`Query`] for entries.
#[derive(Debug)]
pub struct Entries(());

/// Marks a [`Query`] for assets.
#[derive(Debug)]
pub struct Assets(());

/// A query for entries.
pub type EntryQuery = Query<Entries>;

/// A query for assets.
pub type AssetQuery = Query<Assets>;

/// A question to a mirror. Nothing happens until [`find`](Self::find) or one
/// of its kind is awaited.
///
/// What is found is what readers of the mirror see at that time: never a part
/// of a full sync that is under way. A query that runs while the mirror
/// changes may see some of the changes and not others, but each entry once.
#[must_use = "a query does nothing until it is run"]
pub struct Query<K = Entries> {
    pub(crate) request: Request,
    of: PhantomData<fn() -> K>,
}

/// All that was asked for.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) store: Arc<dyn Store>,
    /// How files are fetched.
    #[cfg(feature = "assets")]
    pub(crate) stack: Option<crate::Stack>,
    pub(crate) scan: Scan,
    pub(crate) locale: Option<Locale>,
    /// Those that are fallen back to; after [`settle`](Self::settle) with the
    /// other in front, in the order in which they are tried, none for all.
    pub(crate) locales: Vec<Locale>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) order: Vec<(FieldPath, Direction)>,
    pub(crate) skip: usize,
    pub(crate) limit: Option<usize>,
    pub(crate) include: Include,
    pub(crate) projection: Projection,
    pub(crate) count: bool,
    pub(crate) content_type: bool,
}

impl Request {
    /// Puts all locales into one list.
    pub(crate) fn settle(&mut self) {
        if let Some(first) = self.locale.take() {
            self.locales.retain(|locale| *locale != first);
            self.locales.insert(0, first);
        }
    }
}

/// What was found, and what was asked for with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Results<T> {
    /// The entries or assets.
    pub items: Vec<T>,
    /// How many there are without `skip` and `limit`; with
    /// [`include_count`](Query::include_count).
    pub count: Option<u64>,
    /// The content type as the service describes it, if the mirror has it;
    /// with [`include_content_type`](Query::include_content_type).
    pub content_type: Option<RawJson>,
}

impl Query<Entries> {
    /// Entries of a content type in a store.
    pub fn entries(store: Arc<dyn Store>, content_type: impl Into<ContentTypeUid>) -> Self {
        Self::new(store, Scan::entries().content_type(content_type))
    }

    /// Entries of all content types in a store.
    pub fn all_entries(store: Arc<dyn Store>) -> Self {
        Self::new(store, Scan::entries())
    }

    /// Puts the entries that are referred to in the place of the references,
    /// `depth` deep (16 at most): with 1 those that a result names, with 2
    /// also those that these name. What goes round in a circle goes round as
    /// deep as that.
    ///
    /// In a reference field `{"uid":"…","_content_type_uid":"author"}` becomes
    /// the author, with `_content_type_uid` as before. A bare uid, as old
    /// stacks have them, becomes the entry if there is one and no asset of the
    /// same uid, or if the schema in the mirror says that it is a reference.
    /// What is not in the mirror stays as it is, and so does what rich text
    /// embeds.
    ///
    /// It is looked for in the locales of the query, or else in that of the
    /// result.
    pub fn include_references(mut self, depth: usize) -> Self {
        self.request.include.depth = depth.min(super::include::MAX_INCLUDE_DEPTH);
        self
    }

    /// Like [`include_references`](Self::include_references), but only for
    /// these fields. A path goes on through a reference: `author.company`
    /// includes the author, and the company of the author. Indices of lists
    /// are left out.
    pub fn include<P: Into<FieldPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(Into::into);
        self.request.include.paths.extend(paths);
        self
    }

    /// Puts assets in the place of their uids, in results and in what is
    /// included in them.
    ///
    /// Which fields hold assets is known from the schema, if the mirror has it.
    /// Other texts in the form of a uid are looked up. See
    /// [`asset_fields`](Self::asset_fields).
    pub fn include_assets(mut self) -> Self {
        self.request.include.assets = true;
        self
    }

    /// Like [`include_assets`](Self::include_assets), but only in these fields,
    /// whatever their uids look like.
    pub fn asset_fields<P: Into<FieldPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(Into::into);
        self.request.include.asset_paths.extend(paths);
        self
    }

    /// How many bytes an entry may become by what is included in it. 64 MiB by
    /// default; the query fails with [`QueryError::TooLarge`] above that.
    pub fn include_limit(mut self, bytes: usize) -> Self {
        self.request.include.limit = bytes;
        self
    }

    /// Asks for the content type too: see [`Results::content_type`].
    pub fn include_content_type(mut self) -> Self {
        self.request.content_type = true;
        self
    }
}

impl Query<Assets> {
    /// Assets in a store.
    pub fn assets(store: Arc<dyn Store>) -> Self {
        Self::new(store, Scan::assets())
    }
}

impl<K> Query<K> {
    fn new(store: Arc<dyn Store>, scan: Scan) -> Self {
        Self {
            request: Request {
                store,
                #[cfg(feature = "assets")]
                stack: None,
                scan,
                locale: None,
                locales: Vec::new(),
                conditions: Vec::new(),
                order: Vec::new(),
                skip: 0,
                limit: None,
                include: Include::new(INCLUDE_LIMIT),
                projection: Projection::default(),
                count: false,
                content_type: false,
            },
            of: PhantomData,
        }
    }

    /// Only what is published to this locale. Without it, all locales: what is
    /// published to three is found three times.
    pub fn locale(mut self, locale: impl Into<Locale>) -> Self {
        self.request.locale = Some(locale.into());
        self
    }

    /// Where to look for what is not published to the [`locale`](Self::locale):
    /// in these, in this order. Each entry is found once, in the first of the
    /// locales that it is published to, and only that version counts for the
    /// conditions.
    pub fn fallback<L: Into<Locale>>(mut self, locales: impl IntoIterator<Item = L>) -> Self {
        for locale in locales.into_iter().map(Into::into) {
            if !self.request.locales.contains(&locale) {
                self.request.locales.push(locale);
            }
        }
        self
    }

    /// Only what has this uid.
    pub fn uid(mut self, uid: impl Into<Uid>) -> Self {
        self.request.scan = self.request.scan.uid(uid);
        self
    }

    /// Only what has this `url`: of an entry the path on the site, of an asset
    /// the address of its file.
    pub fn url(mut self, url: impl Into<Box<str>>) -> Self {
        self.request.scan = self.request.scan.url(url);
        self
    }

    /// Only what has at least one of these tags.
    pub fn tags<T: Into<super::Operand>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        self.filter(field("tags").contained_in(tags))
    }

    /// Only what fulfils this, and all other conditions of the query.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.request.conditions.push(condition);
        self
    }

    /// Orders the results by a field; a further call orders those that are
    /// equal so far.
    ///
    /// Booleans come before numbers, those before texts, which go by Unicode
    /// code points; `Descending` turns that around. What has no such value
    /// comes last either way. Of a list, the first element counts. What is
    /// equal to the end is in the order of uid and locale. Without any order
    /// it is that of the last change, locale by locale.
    pub fn order_by(mut self, path: impl Into<FieldPath>, direction: Direction) -> Self {
        self.request.order.push((path.into(), direction));
        self
    }

    /// Leaves out the first results.
    pub fn skip(mut self, results: usize) -> Self {
        self.request.skip = results;
        self
    }

    /// No more results than this. No limit by default.
    pub fn limit(mut self, results: usize) -> Self {
        self.request.limit = Some(results);
        self
    }

    /// Results with only these fields, and their `uid`. With includes, paths go
    /// on into what is included.
    pub fn only<P: Into<FieldPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        for path in paths {
            self.request.projection.only(&path.into());
        }
        self
    }

    /// Results without these fields.
    pub fn except<P: Into<FieldPath>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        for path in paths {
            self.request.projection.except(&path.into());
        }
        self
    }

    /// Asks how many there are in all: see [`Results::count`].
    pub fn include_count(mut self) -> Self {
        self.request.count = true;
        self
    }

    /// What is found.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub async fn find<T: DeserializeOwned>(self) -> Result<Vec<T>, QueryError> {
        let mut run = Run::begin(self.request)?;
        let mut items = Vec::new();
        while let Some(row) = run.next().await? {
            items.push(run.read(&row).await?);
        }
        Ok(items)
    }

    /// What is found, with what was asked for beside it.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<Results<T>, QueryError> {
        let content_type = match (&self.request.scan.content_type, self.request.content_type) {
            (Some(uid), true) => self.request.store.schema(uid).await?,
            _ => None,
        };
        let count = match self.request.count {
            true => Some(Run::count(self.request.clone()).await?),
            false => None,
        };
        Ok(Results {
            items: self.find().await?,
            count,
            content_type: content_type.map(|stored| stored.schema),
        })
    }

    /// The first that is found.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub async fn first<T: DeserializeOwned>(self) -> Result<Option<T>, QueryError> {
        Ok(self.limit(1).find().await?.pop())
    }

    /// What is found, as it is stored: with its key and its time, without
    /// includes and with all of its fields.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub async fn rows(self) -> Result<Vec<Row>, QueryError> {
        let mut run = Run::begin(self.request)?;
        let mut rows = Vec::new();
        while let Some(row) = run.next().await? {
            rows.push(row);
        }
        Ok(rows)
    }

    /// How many there are, whatever `skip` and `limit` say.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub async fn count(self) -> Result<u64, QueryError> {
        Run::count(self.request).await
    }

    /// What is found, one by one, as it is read from the store. With an order,
    /// everything is read first.
    ///
    /// # Errors
    ///
    /// [`QueryError::Regex`]; all others come out of the stream, which is at
    /// its end after one.
    pub fn stream<T: DeserializeOwned + 'static>(self) -> Result<QueryStream<T>, QueryError> {
        Ok(QueryStream::new(Run::begin(self.request)?))
    }

    pub(crate) fn kind(&self) -> ObjectKind {
        self.request.scan.kind.unwrap_or(ObjectKind::Entry)
    }
}

impl<K> Clone for Query<K> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            of: PhantomData,
        }
    }
}

impl<K> fmt::Debug for Query<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query")
            .field("of", &self.kind())
            .field("content_type", &self.request.scan.content_type)
            .field("locale", &self.request.locale)
            .field("fallback", &self.request.locales)
            .field("conditions", &self.request.conditions)
            .field("order", &self.request.order)
            .field("skip", &self.request.skip)
            .field("limit", &self.request.limit)
            .finish_non_exhaustive()
    }
}
