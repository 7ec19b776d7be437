//! The one mechanism behind all collections: pages, members, and a listing
//! that is kept until it may have changed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Uri;
use http::header::{CONTENT_LOCATION, LOCATION};
use sync_core::stream::{Page, Pages};
use sync_core::{Error, Secret};

use super::exchange::Answer;
use super::walk::Walked;
use super::{KindInfo, Loaded, Locator, Node, Parameter, Request, SyncServerApi};
use crate::atom::{Entry, Item};
use crate::error::{OcssErrorExt as _, local, name_missing, not_found, protocol, unsupported};
use crate::model::{Dataclass, Id, Since};
use crate::wire;

/// What a listing is limited to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) dataclass: Option<Dataclass>,
    pub(crate) since: Option<Since>,
}

impl Filter {
    fn is_some(&self) -> bool {
        self.dataclass.is_some() || self.since.is_some()
    }

    fn query(&self) -> Vec<(Parameter, &str)> {
        let dataclass = self.dataclass.as_ref();
        let dataclass = dataclass.map(|dataclass| (Parameter::Dataclass, dataclass.as_str()));
        let since = self.since.as_ref();
        let since = since.map(|since| (Parameter::Since, since.as_str()));
        dataclass.into_iter().chain(since).collect()
    }
}

pub(crate) type KindOf = fn(&Loaded) -> &'static KindInfo;

/// One collection, and the listing that its handles share.
pub(crate) struct CollectionNode {
    pub(crate) api: SyncServerApi,
    pub(crate) kind: &'static KindInfo,
    pub(crate) locator: Locator,
    filter: Filter,
    /// What kind an entry is of, where the collection has several.
    kind_of: Option<KindOf>,
    listing: Mutex<Listing>,
    /// Held while listing: one walk at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Listing {
    nodes: Option<Arc<Vec<Arc<Node>>>>,
    /// Grows whenever the listing is dropped.
    generation: u64,
}

/// Where a page is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cursor {
    Start,
    At(Uri),
}

type Walk = Arc<Mutex<Walked>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that could panic is done while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CollectionNode {
    pub(crate) fn new(api: SyncServerApi, kind: &'static KindInfo, locator: Locator) -> Arc<Self> {
        Arc::new(Self::with(api, kind, locator, None, Filter::default()))
    }

    /// A collection of several kinds. `kind` is what they have in common.
    pub(crate) fn generic(
        api: SyncServerApi,
        kind: &'static KindInfo,
        locator: Locator,
        kind_of: KindOf,
    ) -> Arc<Self> {
        Arc::new(Self::with(
            api,
            kind,
            locator,
            Some(kind_of),
            Filter::default(),
        ))
    }

    fn with(
        api: SyncServerApi,
        kind: &'static KindInfo,
        locator: Locator,
        kind_of: Option<KindOf>,
        filter: Filter,
    ) -> Self {
        Self {
            api,
            kind,
            locator,
            filter,
            kind_of,
            listing: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The same collection with other filters, and nothing in its cache.
    pub(crate) fn filtered(&self, change: impl FnOnce(&mut Filter)) -> Arc<Self> {
        let mut filter = self.filter.clone();
        change(&mut filter);
        Arc::new(Self::with(
            self.api.clone(),
            self.kind,
            self.locator.clone(),
            self.kind_of,
            filter,
        ))
    }

    /// The resource of an entry that was found in this collection.
    fn node(&self, loaded: Loaded) -> Result<Arc<Node>, Error> {
        let kind = self.kind_of.map_or(self.kind, |kind_of| kind_of(&loaded));
        // Members of a generic collection belong to that of their kind.
        let locator = match &self.locator {
            Locator::Role(_) => Locator::Role(kind.role),
            under @ Locator::Under { .. } => under.clone(),
        };
        Node::loaded(&self.api, kind, locator, loaded)
    }

    /// Forgets the listing. Nothing is sent.
    pub(crate) fn refresh(&self) {
        let mut listing = lock(&self.listing);
        listing.nodes = None;
        listing.generation += 1;
    }

    /// Forgets the listing when the value goes, be it that a member was changed
    /// or that nobody waits any longer to know.
    pub(crate) fn changing(&self) -> Changing<'_> {
        Changing(self)
    }

    fn cached(&self) -> Option<Arc<Vec<Arc<Node>>>> {
        lock(&self.listing).nodes.clone()
    }

    pub(super) async fn feed_url(&self) -> Result<Uri, Error> {
        let all = self.locator.collection(&self.api).await?;
        self.api.layout().await?.query(&all, &self.filter.query())
    }

    /// The pages, one after the other.
    fn pages(self: &Arc<Self>) -> (Pages<Arc<Node>, Cursor>, Walk) {
        let walk = Walk::default();
        let (collection, shared) = (Arc::clone(self), Arc::clone(&walk));
        let pages = Pages::new(Cursor::Start, move |cursor| {
            let (collection, walk) = (Arc::clone(&collection), Arc::clone(&shared));
            async move { collection.page(cursor, walk).await }
        });
        (pages, walk)
    }

    async fn page(
        self: Arc<Self>,
        cursor: Cursor,
        walk: Walk,
    ) -> Result<Page<Arc<Node>, Cursor>, Error> {
        let url = match cursor {
            Cursor::Start => self.feed_url().await?,
            Cursor::At(url) => url,
        };
        let request = self.page_request(url, lock(&walk).pages)?;
        let api = self.api.clone();
        api.send(request, move |answer| self.read_page(answer, &walk))
            .await
    }

    fn read_page(&self, answer: Answer<'_>, walk: &Walk) -> Result<Page<Arc<Node>, Cursor>, Error> {
        let feed = wire::feed(&answer)?;
        let next = feed
            .next
            .as_deref()
            .map(|href| self.api.own_link(&answer.url, href))
            .transpose()?;
        let mut walked = lock(walk);
        if walked.pages == 0 {
            walked.begin(feed.total, feed.updated, answer.headers);
        }
        walked.pages += 1;
        walked.taken += feed.taken;
        let limit = answer.limits.memory;
        if walked.taken > limit {
            return Err(protocol(format!(
                "the listing takes more than {limit} bytes of memory: a stream would not"
            )));
        }
        let mut items = Vec::with_capacity(feed.items.len());
        for item in feed.items {
            items.extend(self.admit(&mut walked, item, &answer.url)?);
        }
        Ok(Page {
            items,
            next: next.map(Cursor::At),
        })
    }

    /// The resource of an item on a page from `url`, unless there was one with
    /// its id before.
    pub(super) fn admit(
        &self,
        walked: &mut Walked,
        item: Item,
        url: &Uri,
    ) -> Result<Option<Arc<Node>>, Error> {
        // What is no more is one of the changes, but not a member.
        if self.filter.since.is_none() && matches!(item, Item::Deleted(_)) {
            return Ok(None);
        }
        let entry = wire::entry_of(item);
        walked.modified = walked.modified.max(entry.modified());
        let node = self.node(Loaded {
            entry,
            etag: None,
            url: url.clone(),
        })?;
        // Pages shift while they are read. Of changes, each is told: the later counts.
        let fresh = walked.seen.insert(node.id.clone());
        Ok((fresh || self.filter.since.is_some()).then_some(node))
    }

    /// Completes an error about a page that was read as it arrived.
    pub(super) fn explain(&self, error: Error, asked: &Uri) -> Error {
        self.api.explain(error, self.kind.list, asked)
    }

    /// The request for the page at `url`, where `pages` came before it.
    pub(super) fn page_request(&self, url: Uri, pages: u64) -> Result<Request, Error> {
        let limit = self.api.settings().page_limit;
        if pages >= limit {
            return Err(protocol(format!("the listing has more than {limit} pages"))
                .with_operation(self.kind.list));
        }
        Ok(Request::new(self.kind.list, url).protected(self.kind.protected))
    }

    /// All members, each once, and what was learned on the way.
    async fn walk(self: &Arc<Self>) -> Result<(Vec<Arc<Node>>, Walked), Error> {
        let (pages, walk) = self.pages();
        let nodes = pages.collect().await?;
        let walked = lock(&walk).clone();
        Ok((latest(nodes), walked))
    }

    /// All changes, and what was learned on the way. Never from the cache.
    pub(crate) async fn changes(self: &Arc<Self>) -> Result<(Vec<Arc<Node>>, Walked), Error> {
        self.walk().await
    }

    /// All members: what is here already, or else what the service sends now.
    /// Those who ask at the same time share one walk.
    pub(crate) async fn list(self: &Arc<Self>) -> Result<Arc<Vec<Arc<Node>>>, Error> {
        if let Some(nodes) = self.cached() {
            return Ok(nodes);
        }
        let _turn = self.turn.lock().await;
        if let Some(nodes) = self.cached() {
            return Ok(nodes);
        }
        let generation = lock(&self.listing).generation;
        let nodes = Arc::new(self.walk().await?.0);
        self.keep(generation, &nodes);
        Ok(nodes)
    }

    fn keep(&self, generation: u64, nodes: &Arc<Vec<Arc<Node>>>) {
        let mut listing = lock(&self.listing);
        if listing.generation == generation {
            listing.nodes = Some(Arc::clone(nodes));
        }
    }

    /// How many members there are: from the cache, else as the first page
    /// says, else by counting.
    pub(crate) async fn len(self: &Arc<Self>) -> Result<u64, Error> {
        if let Some(nodes) = self.cached() {
            return Ok(nodes.len() as u64);
        }
        let generation = lock(&self.listing).generation;
        let (mut pages, walk) = self.pages();
        let mut nodes = Vec::new();
        while let Some(page) = pages.next_page().await {
            nodes.append(&mut page?);
            if let Some(total) = lock(&walk).total {
                return Ok(total);
            }
        }
        let nodes = Arc::new(latest(nodes));
        self.keep(generation, &nodes);
        Ok(nodes.len() as u64)
    }

    fn missing(&self, id: &Id) -> Error {
        not_found(None, self.kind.name, id)
    }

    /// One member, fetched. With filters, only if it is in the listing.
    pub(crate) async fn get(self: &Arc<Self>, id: &Id) -> Result<Arc<Node>, Error> {
        if self.filter.is_some() {
            let nodes = self.list().await?;
            let node = nodes.iter().find(|node| node.id == *id).map(Arc::clone);
            return node.ok_or_else(|| self.missing(id));
        }
        let url = self.locator.item(&self.api, id).await?;
        let loaded = Node::fetch(&self.api, self.kind, url).await;
        self.node(loaded.map_err(|error| name_missing(error, self.kind.name, id))?)
    }

    pub(crate) async fn contains(self: &Arc<Self>, id: &Id) -> Result<bool, Error> {
        if self.filter.is_some() || self.cached().is_some() {
            return Ok(self.list().await?.iter().any(|node| node.id == *id));
        }
        match self.get(id).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A member by its id alone. Nothing is sent.
    pub(crate) fn member(&self, id: Id) -> Arc<Node> {
        Node::unloaded(&self.api, self.kind, self.locator.clone(), id, None)
    }

    /// Whether a resource may be one of this collection.
    pub(crate) fn check_member(&self, node: &Node) -> Result<(), Error> {
        let same = node.kind.space == self.kind.space && *node == *self.member(node.id.clone());
        same.then_some(())
            .ok_or_else(|| local(format!("{node:?} is not of this collection")))
    }

    /// Adds a member.
    pub(crate) async fn create(
        &self,
        mut entry: Entry,
        secrets: Vec<Secret<String>>,
    ) -> Result<Arc<Node>, Error> {
        if self.api.settings().flat_entries {
            wire::flatten(&mut entry);
        }
        self.create_as(entry, secrets).await
    }

    /// As [`create`](Self::create), from an entry that is not ours.
    pub(crate) async fn create_as(
        &self,
        mut entry: Entry,
        secrets: Vec<Secret<String>>,
    ) -> Result<Arc<Node>, Error> {
        let operation = self.kind.supports(self.kind.create, "added here")?;
        if self.kind.protected && !self.api.has_auth() {
            return Err(crate::error::unauthenticated().with_operation(operation));
        }
        let layout = self.api.layout().await?;
        if layout.closed.contains(&self.locator.role()) {
            return Err(unsupported(
                "the service says that this collection takes no new entries",
            ));
        }
        if self.api.settings().strict_entries {
            wire::complete(&mut entry, self.api.pipeline().clock())?;
        }
        let request = Request::new(operation, self.locator.collection(&self.api).await?)
            .protected(self.kind.protected)
            .entry(&entry)?
            .secrets(secrets);
        let api = self.api.clone();
        // It may be created even if the answer is lost.
        let _changing = self.changing();
        let created = self
            .api
            .send(request, move |answer| Created::read(&api, answer))
            .await;
        let loaded = match created? {
            Created::Entry(loaded) => *loaded,
            Created::At(url) => Node::fetch(&self.api, self.kind, url).await?,
        };
        self.node(loaded)
    }
}

/// See [`CollectionNode::changing`].
pub(crate) struct Changing<'c>(&'c CollectionNode);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.refresh();
    }
}

/// What the service says about a new member.
enum Created {
    Entry(Box<Loaded>),
    At(Uri),
}

impl Created {
    /// The entry, if it is there and is that of the new member; else where the
    /// member is (RFC 5023 section 9.2).
    fn read(api: &SyncServerApi, answer: Answer<'_>) -> Result<Self, Error> {
        let location = answer.location(api, &LOCATION)?;
        let is_member = !answer.headers.contains_key(CONTENT_LOCATION)
            || answer.location(api, &CONTENT_LOCATION).ok() == Some(location.clone());
        match location {
            Some(location) if answer.body.is_empty() || !is_member => Ok(Self::At(location)),
            None if answer.body.is_empty() => Err(protocol(
                "the service says neither what was created nor where it is",
            )),
            _ => answer
                .into_loaded()
                .map(|loaded| Self::Entry(Box::new(loaded))),
        }
    }
}

/// Each resource once, where it was first, as it was last.
fn latest(nodes: Vec<Arc<Node>>) -> Vec<Arc<Node>> {
    let mut places: HashMap<Id, usize> = HashMap::with_capacity(nodes.len());
    let mut kept: Vec<Arc<Node>> = Vec::with_capacity(nodes.len());
    for node in nodes {
        match places.get(&node.id) {
            Some(&place) => kept[place] = node,
            None => {
                places.insert(node.id.clone(), kept.len());
                kept.push(node);
            }
        }
    }
    kept
}

/// `<Vendors collection>`, and its filters.
impl fmt::Debug for CollectionNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} collection", self.kind.collection)?;
        for (parameter, value) in self.filter.query() {
            write!(f, " {}={value:?}", parameter.default_name())?;
        }
        f.write_str(">")
    }
}
