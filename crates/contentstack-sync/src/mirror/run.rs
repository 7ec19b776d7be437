//! One run: from where the mirror stands to where the service stands.

use std::collections::BTreeSet;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::Error;

use super::convert::{Converted, convert};
use super::{Mirror, MirrorError, Mode, Progress, Report, ResyncReason, Shards, chains, shard};
use crate::error::ContentstackErrorExt as _;
use crate::model::{ContentTypeUid, Item, Page, Position};
use crate::store::{
    Advance, Applied, Batch, Begin, Chain, DeadLetterId, DeadReason, Generation, State,
    StoreErrorKind,
};
use crate::sync::ChainGuard;

/// Full syncs that one run begins at the most, and deltas that it begins
/// again: a service that forgets each token before its time never lets any end.
const MAX_RESTARTS: u32 = 3;

/// How often a run goes on from what was stored meanwhile: once, for that may be
/// the last page of a run that was dropped. Where it is another process that syncs
/// the same store, one of the two has to give way.
const MAX_CONFLICTS: u32 = 1;

/// Why a first full sync is done; readers have nothing yet.
const INITIAL: &str = "initial";

/// Dead letters that are tried again in one transaction.
const LETTERS: usize = 100;

type OnProgress = Arc<dyn Fn(&Progress) + Send + Sync>;

/// A run of [`Mirror::sync`], to be awaited.
#[must_use = "nothing happens until it is awaited"]
pub struct SyncRun {
    mirror: Mirror,
    options: Options,
}

#[derive(Clone)]
pub(super) struct Options {
    pub(super) shards: Shards,
    pub(super) resync: bool,
    pub(super) on_progress: Option<OnProgress>,
    pub(super) stop: Arc<AtomicBool>,
}

impl SyncRun {
    pub(super) fn new(mirror: Mirror, resync: bool) -> Self {
        let options = Options {
            shards: mirror.0.shards.clone(),
            resync,
            on_progress: None,
            stop: Arc::default(),
        };
        Self { mirror, options }
    }

    /// How a full sync is divided, if this run begins one. The default is what
    /// the mirror was [built](super::MirrorBuilder::shards) with.
    pub fn sharded(mut self, shards: Shards) -> Self {
        self.options.shards = shards;
        self
    }

    /// How many chains are read at a time: see [`Shards::max_chains`].
    pub fn max_chains(mut self, chains: usize) -> Self {
        self.options.shards = self.options.shards.max_chains(chains);
        self
    }

    /// Calls this after every page that was stored. It must not block.
    pub fn on_progress(mut self, call: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Arc::new(call));
        self
    }

    /// Stops between two pages once this is set.
    pub(super) fn stop_when(mut self, stop: Arc<AtomicBool>) -> Self {
        self.options.stop = stop;
        self
    }
}

impl IntoFuture for SyncRun {
    type Output = Result<Report, MirrorError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let _turn = self.mirror.0.runs.lock().await;
            let driver = Driver {
                mirror: &self.mirror,
                options: &self.options,
                report: Mutex::default(),
            };
            driver.run().await
        })
    }
}

impl std::fmt::Debug for SyncRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncRun")
            .field("shards", &self.options.shards)
            .field("resync", &self.options.resync)
            .finish_non_exhaustive()
    }
}

/// What keeps a run from going on where it is.
enum End {
    /// A full sync is needed.
    Resync(ResyncReason, Option<Error>),
    /// The full sync that is being built must begin again.
    Restart(Error),
    /// Somebody set the stop flag.
    Stopped,
    Failed(MirrorError),
}

impl<E: Into<MirrorError>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A page that is ready to be stored.
struct Fetched {
    page: Page,
    count: u64,
    converted: Converted,
}

/// A part of a delta; the chains that it found to be new.
type Step<'a> = Pin<Box<dyn Future<Output = Result<Vec<Chain>, End>> + Send + 'a>>;

struct Driver<'a> {
    mirror: &'a Mirror,
    options: &'a Options,
    report: Mutex<Report>,
}

impl Driver<'_> {
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self) -> Result<Report, MirrorError> {
        let mut state = self.mirror.load().await?;
        let mut requested = self.options.resync;
        let mut conflicts = 0;
        loop {
            let result = match std::mem::take(&mut requested) {
                true => Err(End::Resync(ResyncReason::Requested, None)),
                false => self.step(state).await,
            };
            match result {
                Ok(()) => break,
                Err(End::Failed(error))
                    if error.store() == Some(StoreErrorKind::Conflict)
                        && conflicts < MAX_CONFLICTS =>
                {
                    conflicts += 1;
                }
                Err(End::Failed(error)) => return Err(error),
                Err(End::Stopped) => return Ok(self.finish().await?.0),
                Err(End::Resync(reason, last)) => {
                    self.restarted(last)?;
                    self.begin(reason.as_str()).await?;
                }
                Err(End::Restart(last)) => {
                    self.restarted(Some(last))?;
                    let state = self.mirror.load().await?;
                    let reason = state.building.map(|building| building.reason);
                    self.begin(reason.as_deref().unwrap_or(INITIAL)).await?;
                }
            }
            state = self.mirror.load().await?;
        }
        self.mirror.prune().await?;
        let (mut report, ready) = self.finish().await?;
        report.complete = ready;
        Ok(report)
    }

    async fn finish(&self) -> Result<(Report, bool), MirrorError> {
        let state = self.mirror.load().await?;
        let mut report = self.report().clone();
        report.dead_letters = state.dead_letters;
        report.seq = state.seq;
        Ok((report, state.is_ready()))
    }

    /// Counts what the service forgot, and gives up at some point.
    fn restarted(&self, last: Option<Error>) -> Result<(), MirrorError> {
        let Some(last) = last else { return Ok(()) };
        let mut report = self.report();
        if report.restarts >= MAX_RESTARTS {
            let restarts = report.restarts;
            return Err(MirrorError::Unsettled { restarts, last });
        }
        report.restarts += 1;
        Ok(())
    }

    async fn begin(&self, reason: &str) -> Result<(), MirrorError> {
        let inner = &self.mirror.0;
        let state = self.mirror.load().await?;
        let types = match self.options.shards.needs_types(&inner.identity) {
            true => self.content_types().await?,
            false => Vec::new(),
        };
        let begin = Begin {
            identity: inner.identity.clone(),
            replaces: state.building.map(|building| building.generation),
            reason: reason.to_owned(),
            chains: self.options.shards.plan(&inner.identity, &types),
        };
        inner.store.begin(begin).await?;
        Ok(())
    }

    async fn content_types(&self) -> Result<Vec<ContentTypeUid>, Error> {
        self.report().requests += 1;
        let types = self.mirror.0.stack.content_types().collect().await?;
        // A list that changes between two of its pages has one twice.
        let types: BTreeSet<ContentTypeUid> = types
            .into_iter()
            .map(|content_type| content_type.uid)
            .collect();
        Ok(types.into_iter().collect())
    }

    /// From any state to a mirror that is up to date.
    async fn step(&self, mut state: State) -> Result<(), End> {
        if state.readable.is_none() && state.building.is_none() {
            self.begin(INITIAL).await?;
            state = self.mirror.load().await?;
        }
        let limit = self.options.shards.chains_at_a_time();
        if let Some(building) = &state.building {
            self.report().mode = match state.readable {
                None => Mode::Initial,
                Some(_) => Mode::Resync {
                    reason: ResyncReason::from_name(&building.reason),
                },
            };
            let generation = building.generation;
            let chains = state.chains.drain(..).filter(|chain| !chain.is_loaded());
            chains::all(limit, chains.map(|chain| self.chain(generation, chain))).await?;
            // The last page has switched to it.
            state = self.mirror.load().await?;
        } else {
            self.retry_dead_letters(&state).await?;
        }
        let Some(generation) = state.readable else {
            return Ok(());
        };
        // The list of types comes while the chains of known types are read, as
        // one more of them.
        let mut steps: Vec<Step<'_>> = Vec::new();
        if shard::follows_types(&self.mirror.0.identity, &state.chains) {
            steps.push(Box::pin(self.add_types(generation, &state.chains)));
        }
        for chain in state.chains.iter().cloned() {
            let delta = self.delta(generation, chain);
            steps.push(Box::pin(async { delta.await.map(|()| Vec::new()) }));
        }
        let new = chains::all(limit, steps).await?.into_iter().flatten();
        chains::all(limit, new.map(|chain| self.delta(generation, chain))).await?;
        Ok(())
    }

    /// Chains for content types that are new since the full sync.
    async fn add_types(&self, generation: Generation, chains: &[Chain]) -> Result<Vec<Chain>, End> {
        let types = self.content_types().await?;
        let new = shard::missing(&self.mirror.0.identity, chains, &types);
        if !new.is_empty() {
            let mut batch = Batch::new(generation, self.mirror.now());
            batch.new_chains.clone_from(&new);
            self.mirror.0.store.apply(batch).await?;
        }
        Ok(new)
    }

    /// Brings a chain of the readable generation up to date.
    async fn delta(&self, generation: Generation, mut chain: Chain) -> Result<(), End> {
        // Of a type that is new, the first result is all of it. After that, as
        // after any first result, comes what was changed meanwhile.
        if !chain.is_loaded() {
            chain = match self.chain(generation, chain).await {
                Err(End::Restart(error)) => {
                    return Err(End::Resync(ResyncReason::InvalidSyncToken, Some(error)));
                }
                other => other?,
            };
        }
        loop {
            // The rest of a result is as old as its first page, which an earlier
            // run has read: what has changed since comes after it.
            let is_rest = matches!(chain.position, Position::Page(_));
            match self.chain(generation, chain.clone()).await {
                // From its sync token the delta can be read again.
                Err(End::Restart(error)) => {
                    self.restarted(Some(error))?;
                    chain = self.rewind(generation, chain).await?;
                }
                Ok(end) if is_rest => chain = end,
                other => return other.map(|_| ()),
            }
        }
    }

    async fn rewind(&self, generation: Generation, chain: Chain) -> Result<Chain, End> {
        let chains = self.mirror.load().await?.chains;
        let chain = chains
            .into_iter()
            .find(|c| c.name == chain.name)
            .unwrap_or(chain);
        let Some(token) = chain.since.clone() else {
            return Ok(chain);
        };
        let to = Chain {
            position: Position::Delta(token),
            since: None,
            pages: 0,
            items: 0,
            total: None,
            ..chain.clone()
        };
        let mut batch = Batch::new(generation, self.mirror.now());
        batch.advance = Some(Advance {
            from: chain.position,
            to: to.clone(),
        });
        self.mirror.0.store.apply(batch).await?;
        Ok(to)
    }

    /// Reads a chain from where it is to its next sync token. While a page is
    /// stored, the next one is fetched.
    async fn chain(&self, generation: Generation, mut chain: Chain) -> Result<Chain, End> {
        let store = &self.mirror.0.store;
        let mut guard = ChainGuard::new();
        let mut fetched = self.fetch(&chain, &mut guard).await;
        loop {
            if self.options.stop.load(Ordering::Relaxed) {
                return Err(End::Stopped);
            }
            let page = fetched?;
            let (count, is_last) = (page.count, page.page.is_last());
            let next = advanced(&chain, &page);
            let (unknown, unreadable) = dead(&page.converted);
            // An empty delta leaves everything as it is.
            let is_news = count > 0 || chain.position != next.position || chain.deltas == 0;
            let applied = if is_news {
                let mut batch = Batch::new(generation, self.mirror.now());
                batch.changes = page.converted.changes;
                batch.dead = page.converted.dead;
                batch.advance = Some(Advance {
                    from: chain.position.clone(),
                    to: next.clone(),
                });
                if is_last {
                    (store.apply(batch).await?, None)
                } else {
                    let following = self.fetch(&next, &mut guard);
                    let both = chains::overlapped(store.apply(batch), following).await?;
                    (both.0, Some(both.1))
                }
            } else {
                (Applied::default(), None)
            };
            let loading = !chain.is_loaded();
            chain = next;
            let progress = {
                let mut report = self.report();
                report.pages += 1;
                report.items += count;
                report.unknown += unknown;
                report.unreadable += unreadable;
                report.add(&applied.0);
                Progress::of(&chain, loading, &report)
            };
            if is_news {
                self.mirror.announce(applied.0.seq);
            }
            if let Some(call) = &self.options.on_progress {
                call(&progress);
            }
            match applied.1 {
                Some(following) => fetched = following,
                None => return Ok(chain),
            }
        }
    }

    async fn fetch(&self, chain: &Chain, guard: &mut ChainGuard) -> Result<Fetched, End> {
        self.report().requests += 1;
        let stack = &self.mirror.0.stack;
        let mut page = match stack.fetch_page(&chain.position, &chain.filter).await {
            Ok(page) => page,
            Err(error) if error.is_invalid_token() => {
                return Err(match chain.position {
                    Position::Delta(_) => End::Resync(ResyncReason::InvalidSyncToken, Some(error)),
                    _ => End::Restart(error),
                });
            }
            Err(error) => return Err(error.into()),
        };
        guard.check(&page)?;
        let items = std::mem::take(&mut page.items);
        Ok(Fetched {
            count: items.len() as u64,
            page,
            converted: convert(items),
        })
    }

    /// Tries again what could not be applied: by now a newer version may run.
    async fn retry_dead_letters(&self, state: &State) -> Result<(), MirrorError> {
        let (Some(generation), true) = (state.readable, state.dead_letters > 0) else {
            return Ok(());
        };
        let store = &self.mirror.0.store;
        let mut after = DeadLetterId::default();
        loop {
            let letters = store.dead_letters(after, LETTERS).await?;
            let Some(last) = letters.last() else {
                return Ok(());
            };
            after = last.id;
            let mut batch = Batch::new(generation, self.mirror.now());
            for letter in letters {
                match super::convert::change(&Item::from_json(letter.raw.as_str())) {
                    Ok(change) => {
                        batch.changes.push(change);
                        batch.revived.push(letter.id);
                    }
                    Err((_, error)) => batch.still_dead.push((letter.id, error.to_owned())),
                }
            }
            let revived = batch.revived.len() as u64;
            let applied = store.apply(batch).await?;
            let mut report = self.report();
            report.revived += revived;
            report.add(&applied);
            drop(report);
            self.mirror.announce(applied.seq);
        }
    }
}

impl Report {
    fn add(&mut self, applied: &Applied) {
        self.upserts += applied.upserts;
        self.deletes += applied.deletes;
        self.ignored += applied.ignored;
        self.swept += applied.swept;
    }
}

fn dead(converted: &Converted) -> (u64, u64) {
    let of = |reason| {
        let dead = converted.dead.iter().filter(|item| item.reason == reason);
        dead.count() as u64
    };
    (of(DeadReason::UnknownType), of(DeadReason::Unreadable))
}

/// The chain after a page.
fn advanced(chain: &Chain, fetched: &Fetched) -> Chain {
    let page = &fetched.page;
    let begins = !matches!(chain.position, Position::Page(_));
    let (pages, items) = match begins {
        true => (0, 0),
        false => (chain.pages, chain.items),
    };
    let since = match &chain.position {
        Position::Delta(token) => Some(token.clone()),
        _ => chain.since.clone(),
    };
    Chain {
        name: chain.name.clone(),
        filter: chain.filter.clone(),
        position: page.position(),
        pages: pages + 1,
        items: items + fetched.count,
        total: page.total_count.or(match begins {
            true => None,
            false => chain.total,
        }),
        deltas: chain.deltas + u64::from(page.is_last() && chain.is_loaded()),
        since: since.filter(|_| !page.is_last()),
    }
}
