//! The one mechanism behind all resources: identity, a cache that is filled
//! once, and changes that wait to be sent.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, StatusCode, Uri};
use sync_core::Error;
use sync_core::transport::Delivery;

use super::{Field, KindInfo, Locator, Request, Role, Space, Staged, SyncServerApi, Value, entry};
use crate::atom::{Entry, names};
use crate::error::{OcssErrorExt as _, name_missing, not_found, protocol};
use crate::model::{ContentData, Id};
use crate::wire;

/// An entry as the service sent it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) entry: Entry,
    pub(crate) etag: Option<HeaderValue>,
    /// The address of the document it was in.
    pub(crate) url: Uri,
}

impl Loaded {
    /// The id of the resource.
    pub(crate) fn id(&self) -> Result<Id, Error> {
        let id = self.entry.resource_id().map(Id::from);
        id.ok_or_else(|| protocol("the service sent an entry without an id"))
    }

    /// A link by its bare relation, or by the same as a URI of the service.
    pub(crate) fn href(&self, rel: &str) -> Option<&str> {
        let qualified = || {
            self.entry.links.iter().find(|link| {
                let name = link.rel().strip_prefix(names::OC);
                let is_it = name
                    .and_then(|name| name.strip_prefix('#'))
                    .is_some_and(|name| name.eq_ignore_ascii_case(rel));
                is_it && link.leads()
            })
        };
        self.entry
            .link(rel)
            .or_else(qualified)
            .map(|link| link.href())
    }

    /// As [`href`](Self::href), as an address to send credentials to.
    pub(crate) fn link(&self, api: &SyncServerApi, rel: &str) -> Result<Option<Uri>, Error> {
        if !api.settings().follow_links {
            return Ok(None);
        }
        self.href(rel)
            .map(|href| api.own_link(&self.url, href))
            .transpose()
    }

    /// Whether all of the resource is here, and not only a hint where it is.
    pub(crate) fn is_complete(&self) -> bool {
        let elsewhere = self
            .entry
            .content
            .as_ref()
            .is_some_and(|content| content.src().is_some());
        !elsewhere || !self.entry.extensions.is_empty()
    }
}

#[derive(Default)]
struct State {
    loaded: Option<Arc<Loaded>>,
    /// What was loaded before the last refresh: still good if the service says so.
    stale: Option<Arc<Loaded>>,
    staged: Staged,
    /// Where it is, if that is known from elsewhere than the entry that is here.
    url: Option<Uri>,
    /// Grows with every refresh, so that what was on its way then is not kept.
    generation: u64,
    deleted: bool,
}

/// One resource.
pub(crate) struct Node {
    pub(crate) api: SyncServerApi,
    pub(crate) kind: &'static KindInfo,
    pub(crate) id: Id,
    locator: Locator,
    state: Mutex<State>,
    /// Held while loading or changing: one request at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Node {
    /// The memory that one takes, with its places in listings, but for what is
    /// in its entry.
    pub(crate) const COST: usize = size_of::<Self>() + size_of::<Loaded>() + 256;

    /// A resource of which only the id is known, and possibly the address.
    pub(crate) fn unloaded(
        api: &SyncServerApi,
        kind: &'static KindInfo,
        locator: Locator,
        id: Id,
        url: Option<Uri>,
    ) -> Arc<Self> {
        Arc::new(Self {
            api: api.clone(),
            kind,
            id,
            locator,
            state: Mutex::new(State {
                url,
                ..State::default()
            }),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// A resource whose entry is here.
    pub(crate) fn loaded(
        api: &SyncServerApi,
        kind: &'static KindInfo,
        locator: Locator,
        loaded: Loaded,
    ) -> Result<Arc<Self>, Error> {
        let id = loaded.id()?;
        let node = Self::unloaded(api, kind, locator, id, None);
        let mut state = node.state();
        if loaded.is_complete() {
            state.loaded = Some(Arc::new(loaded));
        } else {
            // A stranger's link is an error when it is followed, not before.
            state.url = loaded.link(api, "self").ok().flatten();
        }
        drop(state);
        Ok(node)
    }

    /// Fetches the entry at `url`, whatever its id.
    pub(crate) async fn fetch(
        api: &SyncServerApi,
        kind: &'static KindInfo,
        url: Uri,
    ) -> Result<Loaded, Error> {
        api.send(Request::new(kind.get, url).protected(kind.protected), entry)
            .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic is done while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self, error: Option<Error>) -> Error {
        not_found(error, self.kind.name, &self.id)
    }

    /// What is here already.
    pub(crate) fn cached(&self) -> Option<Arc<Loaded>> {
        self.state().loaded.clone()
    }

    /// The entry: what is here already, or else what the service sends now.
    /// Those who ask at the same time share one request.
    pub(crate) async fn load(&self) -> Result<Arc<Loaded>, Error> {
        if let Some(loaded) = self.cached() {
            return Ok(loaded);
        }
        let _turn = self.turn.lock().await;
        self.load_in_turn().await
    }

    async fn load_in_turn(&self) -> Result<Arc<Loaded>, Error> {
        let (generation, stale) = {
            let state = self.state();
            if state.deleted {
                drop(state);
                return Err(self.missing(None));
            }
            if let Some(loaded) = &state.loaded {
                return Ok(Arc::clone(loaded));
            }
            (state.generation, state.stale.clone())
        };
        let url = self.item_url(stale.as_deref()).await?;
        let known = stale.as_ref().filter(|_| self.api.settings().revalidate);
        let etag = known.and_then(|known| known.etag.as_ref());
        let request = Request::new(self.kind.get, url)
            .protected(self.kind.protected)
            .if_none_match(etag);
        let fresh = self.api.send(request, |answer| match answer.status {
            StatusCode::NOT_MODIFIED => Ok(None),
            _ => entry(answer).map(Some),
        });
        let fresh = fresh
            .await
            .map_err(|error| name_missing(error, self.kind.name, &self.id))?;
        let loaded = match (fresh, stale) {
            (Some(fresh), _) => Arc::new(fresh),
            (None, Some(stale)) => stale,
            (None, None) => return Err(protocol("the service sent no entry")),
        };
        let mut state = self.state();
        if state.generation == generation {
            state.loaded = Some(Arc::clone(&loaded));
            state.stale = None;
        }
        Ok(loaded)
    }

    /// Where the resource is: as its entry says, else as is known from
    /// elsewhere, else by its id.
    async fn item_url(&self, known: Option<&Loaded>) -> Result<Uri, Error> {
        if let Some(link) = known
            .map(|known| known.link(&self.api, "self"))
            .transpose()?
            .flatten()
        {
            return Ok(link);
        }
        let url = self.state().url.clone();
        match url {
            Some(url) => Ok(url),
            None => self.locator.item(&self.api, &self.id).await,
        }
    }

    /// Where the resource is changed.
    async fn edit_url(&self, known: Option<&Loaded>) -> Result<Uri, Error> {
        match known
            .map(|known| known.link(&self.api, "edit"))
            .transpose()?
            .flatten()
        {
            Some(link) => Ok(link),
            None => self.item_url(known).await,
        }
    }

    /// Where something can be done with the resource: as its entry says, else
    /// by its id.
    pub(crate) async fn action_url(&self, rel: &str, role: Role) -> Result<Uri, Error> {
        match self.load().await?.link(&self.api, rel)? {
            Some(link) => Ok(link),
            None => self
                .api
                .layout()
                .await?
                .collection(self.api.base_url(), role, Some(&self.id)),
        }
    }

    /// A resource that this one refers to, by a link or by an id.
    pub(crate) async fn related(
        &self,
        rel: &str,
        id: Option<&str>,
        kind: &'static KindInfo,
    ) -> Result<Option<Arc<Self>>, Error> {
        let link = self.load().await?.link(&self.api, rel)?;
        let locator = Locator::Role(kind.role);
        match (link, id) {
            (link, Some(id)) => Ok(Some(Self::unloaded(
                &self.api,
                kind,
                locator,
                id.into(),
                link,
            ))),
            (Some(link), None) => {
                let loaded = Self::fetch(&self.api, kind, link).await?;
                Self::loaded(&self.api, kind, locator, loaded).map(Some)
            }
            (None, None) => Ok(None),
        }
    }

    /// Forgets what is cached and what is staged. Nothing is sent.
    pub(crate) fn refresh(&self) {
        let mut state = self.state();
        state.generation += 1;
        if let Some(loaded) = state.loaded.take() {
            state.stale = Some(loaded);
        }
        state.staged.clear();
        state.deleted = false;
    }

    /// Replaces the cache by what the service just sent.
    pub(crate) fn store(&self, loaded: Loaded) {
        let mut state = self.state();
        state.generation += 1;
        state.stale = None;
        state.loaded = Some(Arc::new(loaded));
    }

    /// Drops the cache, but not what is staged.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.generation += 1;
        let stale = state.stale.take();
        let known = state.loaded.take().or(stale);
        let link = known.and_then(|known| known.link(&self.api, "self").ok()?);
        state.url = link.or_else(|| state.url.take());
    }

    pub(crate) fn stage(&self, change: impl FnOnce(&mut Staged)) {
        change(&mut self.state().staged);
    }

    /// A staged text.
    pub(crate) fn staged_text(&self, field: Field) -> Option<String> {
        match self.state().staged.get(field)? {
            Value::Text(text) => Some(text.clone()),
            Value::Secret(_) | Value::Data { .. } => None,
        }
    }

    /// Staged data and its media type.
    pub(crate) fn staged_data(&self) -> Option<(ContentData, String)> {
        match self.state().staged.get(Field::Data)? {
            Value::Data { data, media_type } => Some((data.clone(), media_type.clone())),
            Value::Text(_) | Value::Secret(_) => None,
        }
    }

    /// Sends what is staged. Nothing is sent when nothing is.
    pub(crate) async fn update(&self) -> Result<(), Error> {
        let mut operation = self.kind.supports(self.kind.update, "changed")?;
        let _turn = self.turn.lock().await;
        let staged = self.state().staged.clone();
        if staged.is_empty() {
            return Ok(());
        }
        let secrets = staged.secrets();
        if !secrets.is_empty() {
            operation = self.kind.update_secret.unwrap_or(operation);
        }
        let loaded = self.load_in_turn().await?;
        let mut entry = loaded.entry.clone();
        let wrapper = match self.api.settings().flat_entries {
            true => "",
            false => self.kind.wrapper,
        };
        wire::apply(&mut entry, wrapper, &staged)?;
        let condition = match self.api.settings().conditional_update {
            true => loaded.etag.as_ref(),
            false => None,
        };
        let request = Request::new(operation, self.edit_url(Some(&loaded)).await?)
            .protected(self.kind.protected)
            .entry(&entry)?
            .secrets(secrets)
            .if_match(condition);
        let sent = self
            .api
            .send(request, |answer| match answer.body.is_empty() {
                true => Ok(None),
                false => answer.into_loaded().map(Some),
            });
        let doubt = Doubt::about(self);
        let sent = sent.await;
        doubt.resolve();
        match sent {
            Ok(fresh) => {
                // Whatever the answer is, what is cached is of before.
                self.forget();
                if let Some(fresh) = fresh {
                    if fresh.id()? == self.id {
                        self.store(fresh);
                    }
                }
                self.state().staged.forget(&staged);
                Ok(())
            }
            Err(error) if error.is_conflict() => {
                self.forget();
                // The first attempt may have changed it, so that the second met its result.
                if may_have_arrived(&error) {
                    let now = self.load_in_turn().await;
                    if now.is_ok_and(|now| wire::holds(&now.entry, &staged)) {
                        self.state().staged.forget(&staged);
                        return Ok(());
                    }
                }
                Err(error)
            }
            Err(error) => {
                if error.delivery() != Delivery::NotSent {
                    // It may have been changed all the same.
                    self.forget();
                }
                Err(name_missing(error, self.kind.name, &self.id))
            }
        }
    }

    /// Deletes the resource.
    pub(crate) async fn delete(&self) -> Result<(), Error> {
        let operation = self.kind.supports(self.kind.delete, "deleted")?;
        let _turn = self.turn.lock().await;
        if self.state().deleted {
            return Err(self.missing(None));
        }
        let cached = self.cached();
        let condition = match self.api.settings().conditional_delete {
            true => cached.as_ref().and_then(|loaded| loaded.etag.as_ref()),
            false => None,
        };
        // What was refreshed is still where it was.
        let known = cached.clone().or_else(|| self.state().stale.clone());
        let request = Request::new(operation, self.edit_url(known.as_deref()).await?)
            .protected(self.kind.protected)
            .if_match(condition);
        let doubt = Doubt::about(self);
        let sent = self.api.send(request, |_| Ok(())).await;
        doubt.resolve();
        let result = match sent {
            // The first attempt may have deleted it.
            Err(error) if error.is_not_found() && may_have_arrived(&error) => Ok(()),
            Err(error) if error.is_not_found() => Err(self.missing(Some(error))),
            Err(error) => return Err(error),
            Ok(()) => Ok(()),
        };
        self.forget();
        self.state().deleted = true;
        result
    }
}

/// A change on its way: whoever gives up waiting for its answer does not know
/// whether it was made, so what is cached is dropped with this value.
struct Doubt<'n>(Option<&'n Node>);

impl<'n> Doubt<'n> {
    const fn about(node: &'n Node) -> Self {
        Self(Some(node))
    }

    /// There is an answer, or an error that says as much.
    fn resolve(mut self) {
        self.0 = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.0 {
            node.forget();
        }
    }
}

/// Whether an attempt before the last may have done its work.
fn may_have_arrived(error: &Error) -> bool {
    error
        .repeated_after()
        .is_some_and(|delivery| delivery != Delivery::NotSent)
}

/// By identity: the service, the space of ids, the owner, and the id.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        let owners = (self.locator.owner(), other.locator.owner());
        let owned_alike = match owners {
            // A model is the same under its vendor and among all models.
            _ if self.kind.space != Space::Content => true,
            (Some(one), Some(other)) => one == other,
            (None, None) => true,
            _ => false,
        };
        std::ptr::eq(self, other)
            || (self.id == other.id
                && self.kind.space == other.kind.space
                && self.api == other.api
                && owned_alike)
    }
}

impl Eq for Node {}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.space.hash(state);
        self.id.hash(state);
    }
}

/// As the documentation shows it: `<Vendor id='some-vendor-id'>`, `<Binding id=123>`.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.kind.name;
        let number = self.kind.space == Space::Binding && self.id.as_str().parse::<u64>().is_ok();
        match number {
            true => write!(f, "<{name} id={}>", self.id),
            false => write!(f, "<{name} id='{}'>", self.id),
        }
    }
}
