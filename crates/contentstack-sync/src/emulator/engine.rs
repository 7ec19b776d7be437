//! From a request to an answer, without a socket.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode};
use sync_core::local::{Connection, Disturbance, LocalService, Recent};

use super::answer::{Answer, LIMIT, REMAINING};
use super::chain::Tokens;
use super::edge::{Cdn, Meter, cache_key};
use super::fault::{Plan, Strike};
use super::log::{Call, LoggedRequest};
use super::options::Options;
use super::query::Query;
use super::world::{Names, World};
use super::{Emulator, control, routes};

/// Longer targets are refused.
const LONGEST_TARGET: usize = 8 << 10;

/// How many answers the CDN keeps.
const CDN_ANSWERS: usize = 1000;
/// How many are kept without a CDN, for the fault that answers from there.
const RECENT_ANSWERS: usize = 32;

/// The organisation, as recorded answers have it.
const ORGANIZATION: HeaderName = HeaderName::from_static("x-contentstack-organization");

/// What stays the same while the server runs.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) access_token: String,
    pub(super) environment: String,
    pub(super) branches: Vec<String>,
    pub(super) names: Names,
    pub(super) seed: u64,
    pub(super) control: bool,
    pub(super) state: Mutex<State>,
}

#[async_trait]
impl LocalService for Engine {
    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Response<Bytes> {
        self.handle(&request)
    }
}

/// What is done after a page that isn't the last.
pub(super) type Hook = Arc<dyn Fn(&Emulator) + Send + Sync>;

/// What changes.
pub(super) struct State {
    pub(super) options: Options,
    pub(super) world: World,
    pub(super) tokens: Tokens,
    pub(super) plan: Plan,
    pub(super) log: Recent<LoggedRequest>,
    pub(super) cdn: Cdn,
    pub(super) meter: Meter,
    pub(super) hook: Option<Hook>,
}

impl State {
    pub(super) fn new(names: Names, seed: u64, options: Options, log_limit: usize) -> Self {
        Self {
            options,
            world: World::new(names, seed),
            tokens: Tokens::new(seed),
            plan: Plan::new(seed),
            log: Recent::new(log_limit),
            cdn: Cdn::default(),
            meter: Meter::new(),
            hook: None,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What came of a request.
struct Served {
    answer: Answer,
    strike: Option<Strike>,
    from_cdn: bool,
    /// Whether it was a page with more to come.
    goes_on: bool,
}

impl From<Answer> for Served {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            strike: None,
            from_cdn: false,
            goes_on: false,
        }
    }
}

impl Engine {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves nothing half done that would matter to a test.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The content, the tokens, the faults and the log as they were at the
    /// start; the options stay.
    pub(super) fn reset(&self) {
        let mut state = self.state();
        state.world = World::new(self.names.clone(), self.seed);
        state.tokens = Tokens::new(self.seed);
        state.plan = Plan::new(self.seed);
        state.meter = Meter::new();
        state.log.clear();
        state.cdn.purge();
        state.hook = None;
    }

    /// Answers a request; a disturbance is in the answer's extensions.
    pub(super) fn handle(self: &Arc<Self>, request: &Request<Bytes>) -> Response<Bytes> {
        if let (true, Some(verb)) = (
            self.control,
            request.uri().path().strip_prefix("/emulator/"),
        ) {
            return control::run(self, verb, request).into_response();
        }
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let call = Call::of(request.uri().path(), &query);
        let mut state = self.state();
        let served = self.serve(&mut state, request, &query, call);
        let target = request.uri().path_and_query();
        state.log.push(|| LoggedRequest {
            call,
            method: request.method().clone(),
            target: target.map_or_else(String::new, ToString::to_string),
            headers: request.headers().clone(),
            connection: request.extensions().get().map(|Connection(id)| *id),
            status: served.answer.status,
            from_cdn: served.from_cdn,
            fault: served.strike.as_ref().map(Strike::name),
        });
        let mut disturbance = match &served.strike {
            Some(strike) => strike.disturbance(),
            None => Disturbance::NONE,
        };
        disturbance.delay += state.options.latency;
        let mut hook = None;
        if served.goes_on {
            for _ in 0..state.options.changes_per_page {
                state.world.change();
            }
            hook.clone_from(&state.hook);
        }
        drop(state);
        if let Some(hook) = hook {
            hook(&Emulator {
                engine: Arc::clone(self),
                server: None,
            });
        }
        let answer = served.answer.compressed_for(request.headers());
        let mut response = answer.into_response();
        disturbance.put(&mut response);
        response
    }

    fn serve(
        &self,
        state: &mut State,
        request: &Request<Bytes>,
        query: &Query,
        call: Call,
    ) -> Served {
        let target = request.uri().path_and_query();
        if target.is_some_and(|target| target.as_str().len() > LONGEST_TARGET) {
            return Answer::empty(StatusCode::URI_TOO_LONG).into();
        }
        let strike = state.plan.take(call);
        let limit = state.options.rate_limit;
        if let Some(answer) = strike.as_ref().and_then(|s| s.before(call, limit)) {
            return Served {
                strike,
                ..answer.into()
            };
        }
        let key = cache_key(request);
        let is_stale = matches!(strike, Some(Strike::Stale));
        let within = if is_stale { None } else { state.options.cdn };
        if is_stale || within.is_some() {
            // Those are not counted by the limit.
            if let Some(answer) = state.cdn.find(&key, within) {
                return Served {
                    strike,
                    from_cdn: true,
                    ..answer.into()
                };
            }
        }
        let left = match limit.map(|limit| (limit, state.meter.take(limit))) {
            Some((limit, None)) => return Answer::rate_limited(limit, Some(1)).into(),
            Some((limit, Some(left))) => Some((limit, left)),
            None => None,
        };
        let (mut answer, goes_on) = routes::run(self, state, request, query, call);
        if call != Call::File {
            answer = answer.with(ORGANIZATION, "blt000000000000000a");
            let room = match state.options.cdn {
                Some(_) => CDN_ANSWERS,
                None => RECENT_ANSWERS,
            };
            answer = state.cdn.keep(key, answer, room);
        }
        if let Some((limit, left)) = left {
            answer = answer
                .with(LIMIT, &limit.to_string())
                .with(REMAINING, &left.to_string());
        }
        if let Some(strike) = &strike {
            answer = strike.spoil(answer, query.get("pagination_token"));
        }
        Served {
            answer,
            strike,
            from_cdn: false,
            goes_on,
        }
    }
}
