//! Chains of pages, each pinned when it begins, and the tokens that lead
//! through them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::options::{Compaction, Options, Order};
use super::world::{Event, Filter, World};

/// What a chain is about: fixed in its tokens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope {
    pub(super) filter: Filter,
    /// The branch that the request named.
    pub(super) branch: Option<String>,
}

/// A result and its pages.
#[derive(Debug)]
pub(super) struct Chain {
    events: Vec<Arc<Event>>,
    pages: Vec<Range<usize>>,
    size: usize,
    /// The tokens of all pages but the first, then the one of the next delta.
    tokens: Vec<String>,
    scope: Arc<Scope>,
    /// How many events there were when it was pinned.
    until: usize,
}

/// One page of a chain.
#[derive(Debug, Clone)]
pub(super) struct Place {
    chain: Arc<Chain>,
    number: usize,
}

#[derive(Debug)]
enum Target {
    Page(Place),
    Delta(Delta),
}

/// What a sync token leads to.
#[derive(Debug)]
struct Delta {
    since: usize,
    scope: Arc<Scope>,
    /// What it was answered the last time: the same until there is news.
    last: Option<Arc<Chain>>,
}

/// What a token can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// `pagination_token`.
    Pagination,
    /// `sync_token`.
    Sync,
}

impl TokenKind {
    /// The parameter it travels in.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pagination => "pagination_token",
            Self::Sync => "sync_token",
        }
    }
}

/// What a sync request is answered.
#[derive(Debug)]
pub(super) enum Reply {
    Page(Place),
    /// Nothing has happened.
    Unchanged,
}

/// All tokens that are valid.
#[derive(Debug)]
pub(super) struct Tokens {
    random: fastrand::Rng,
    targets: HashMap<String, Target>,
    initial: BTreeMap<Scope, Arc<Chain>>,
}

impl Tokens {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            // Another sequence than the content's.
            random: fastrand::Rng::with_seed(!seed),
            targets: HashMap::new(),
            initial: BTreeMap::new(),
        }
    }

    fn make(&mut self) -> String {
        format!("cs{:032x}", self.random.u128(..))
    }

    /// The first page of everything.
    pub(super) fn begin(
        &mut self,
        world: &World,
        options: &Options,
        limit: Option<usize>,
        scope: Scope,
    ) -> Place {
        let size = page_size(options, limit);
        let known = self.initial.get(&scope);
        if let Some(chain) = known.filter(|chain| self.still_fits(chain, world, size)) {
            return Place::first(chain);
        }
        let events = world.snapshot(&scope.filter);
        let delta = Delta {
            since: world.sequence().saturating_sub(options.redelivered),
            scope: Arc::new(scope.clone()),
            last: None,
        };
        let chain = self.pin(world, options, size, events, delta);
        self.initial.insert(scope, Arc::clone(&chain));
        Place::first(&chain)
    }

    /// What a token leads to; `None` when it is unknown, of the other kind, or
    /// another branch's.
    pub(super) fn follow(
        &mut self,
        world: &World,
        options: &Options,
        limit: Option<usize>,
        kind: TokenKind,
        token: &str,
        branch: Option<&str>,
    ) -> Option<Reply> {
        let (since, scope, last) = match (kind, self.targets.get(token)?) {
            (TokenKind::Pagination, Target::Page(place)) => {
                let same_branch = place.chain.scope.branch.as_deref() == branch;
                let reply = same_branch.then(|| Reply::Page(place.clone()));
                if reply.is_some() && options.single_use {
                    self.targets.remove(token);
                }
                return reply;
            }
            (TokenKind::Sync, Target::Delta(delta)) => {
                (delta.since, Arc::clone(&delta.scope), delta.last.clone())
            }
            _ => return None,
        };
        if scope.branch.as_deref() != branch {
            return None;
        }
        let size = page_size(options, limit);
        if let Some(chain) = last.filter(|chain| self.still_fits(chain, world, size)) {
            return Some(Reply::Page(Place::first(&chain)));
        }
        let events = self.news(world, options, since, &scope.filter);
        if events.is_empty() {
            // The same token is going to be asked again.
            return Some(Reply::Unchanged);
        }
        let next = Delta {
            since: world.sequence(),
            scope,
            last: None,
        };
        let chain = self.pin(world, options, size, events, next);
        if options.single_use {
            self.targets.remove(token);
        } else if let Some(Target::Delta(delta)) = self.targets.get_mut(token) {
            delta.last = Some(Arc::clone(&chain));
        }
        Some(Reply::Page(Place::first(&chain)))
    }

    fn still_fits(&self, chain: &Chain, world: &World, size: usize) -> bool {
        chain.until == world.sequence()
            && chain.size == size
            && chain
                .tokens
                .iter()
                .all(|token| self.targets.contains_key(token))
    }

    fn news(
        &mut self,
        world: &World,
        options: &Options,
        since: usize,
        filter: &Filter,
    ) -> Vec<Arc<Event>> {
        // Newest first.
        let mut events = world.after(since, filter);
        events.reverse();
        if options.compaction == Compaction::LastOfEachKey {
            let mut seen = std::collections::HashSet::new();
            events.retain(|event| {
                event
                    .key
                    .as_ref()
                    .is_none_or(|key| seen.insert(key.clone()))
            });
        }
        match options.order {
            Order::NewestFirst => {}
            Order::OldestFirst => events.reverse(),
            Order::Shuffled => self.random.shuffle(&mut events),
        }
        events
    }

    fn pin(
        &mut self,
        world: &World,
        options: &Options,
        size: usize,
        events: Vec<Arc<Event>>,
        next: Delta,
    ) -> Arc<Chain> {
        let count = events.len();
        let mut pages: Vec<Range<usize>> = (0..count.max(1))
            .step_by(size)
            .map(|start| start..(start + size).min(count))
            .collect();
        if let Some(after) = options
            .empty_page_after
            .filter(|after| *after < pages.len())
        {
            let at = pages.get(after).map_or(count, |page| page.start);
            pages.insert(after, at..at);
        }
        let tokens: Vec<String> = pages.iter().map(|_| self.make()).collect();
        let chain = Arc::new(Chain {
            events,
            pages,
            size,
            tokens,
            scope: Arc::clone(&next.scope),
            until: world.sequence(),
        });
        if let Some((last, pages)) = chain.tokens.split_last() {
            for (index, token) in pages.iter().enumerate() {
                let place = Place {
                    chain: Arc::clone(&chain),
                    number: index + 1,
                };
                self.targets.insert(token.clone(), Target::Page(place));
            }
            self.targets.insert(last.clone(), Target::Delta(next));
        }
        chain
    }

    /// Forgets all tokens of one kind, or of both.
    pub(super) fn expire(&mut self, kind: Option<TokenKind>) {
        self.targets.retain(|_, target| match target {
            Target::Page(_) => kind == Some(TokenKind::Sync),
            Target::Delta(_) => kind == Some(TokenKind::Pagination),
        });
        self.initial.clear();
    }

    /// Forgets one token; whether it was known.
    pub(super) fn forget(&mut self, token: &str) -> bool {
        self.targets.remove(token).is_some()
    }
}

/// More than the service's own size is never answered.
fn page_size(options: &Options, limit: Option<usize>) -> usize {
    let own = options.page_size.max(1);
    match limit {
        Some(limit) if options.honour_limit => limit.clamp(1, own),
        _ => own,
    }
}

impl Place {
    fn first(chain: &Arc<Chain>) -> Self {
        Self {
            chain: Arc::clone(chain),
            number: 0,
        }
    }

    pub(super) fn is_last(&self) -> bool {
        self.number + 1 >= self.chain.pages.len()
    }

    fn range(&self) -> Range<usize> {
        self.chain.pages.get(self.number).cloned().unwrap_or(0..0)
    }

    pub(super) fn items(&self) -> &[Arc<Event>] {
        self.chain.events.get(self.range()).unwrap_or_default()
    }

    pub(super) fn skip(&self) -> usize {
        self.range().start
    }

    pub(super) fn limit(&self) -> usize {
        self.chain.size
    }

    pub(super) fn total(&self) -> usize {
        self.chain.events.len()
    }

    /// What to go on with.
    pub(super) fn next(&self) -> (TokenKind, &str) {
        let kind = if self.is_last() {
            TokenKind::Sync
        } else {
            TokenKind::Pagination
        };
        let token = self.chain.tokens.get(self.number);
        (kind, token.map_or("", String::as_str))
    }
}
