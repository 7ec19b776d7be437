//! From a request to an answer, without a socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use sync_core::Clock;
use sync_core::local::{Disturbance, LocalService, Plan};

use super::account::{Account, claimed};
use super::answer::Answer;
use super::fault::{Fault, Kind};
use super::layout::Layout;
use super::log::{Log, LoggedRequest, Verdict};
use super::query::Query;
use super::render::Site;
use super::routes::{self, Operation};
use super::world::World;
use super::{BASE_PATH, control};
use crate::oauth1::{Received, Refusal, ReplayGuard, verify, word};
use crate::time::Timestamp;

/// How far a timestamp may be from the server's clock, in seconds.
const WINDOW: u64 = 300;

/// What stays the same while the server runs.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) accounts: Vec<Account>,
    pub(super) layout: Layout,
    pub(super) strict: bool,
    pub(super) https_links: bool,
    pub(super) control: bool,
    pub(super) compression: bool,
    pub(super) clock: Clock,
    pub(super) state: Mutex<State>,
}

#[async_trait]
impl LocalService for Engine {
    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Response<Bytes> {
        self.handle(&request)
    }
}

/// What changes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) guard: ReplayGuard,
    pub(super) plan: Plan<Fault>,
    pub(super) log: Log,
    /// Seconds that the server's clock is ahead.
    pub(super) offset: i64,
    pub(super) page_size: usize,
}

impl State {
    pub(super) fn new(page_size: usize, log_limit: usize) -> Self {
        Self {
            world: World::fresh(),
            guard: ReplayGuard::new(WINDOW),
            plan: Plan::default(),
            log: Log::new(log_limit),
            offset: 0,
            page_size,
        }
    }

    /// As at the start, except for the clock and the page size.
    pub(super) fn reset(&mut self) {
        self.world = World::fresh();
        self.guard = ReplayGuard::new(WINDOW);
        self.plan.clear();
        self.log.clear();
    }
}

/// The parts of a request that signatures and links depend on.
struct Target<'a> {
    scheme: &'a str,
    host: &'a str,
    /// Path and query, as they came.
    text: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Target<'a> {
    fn of(request: &'a Request<Bytes>) -> Self {
        let uri = request.uri();
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok());
        let authority = uri.authority().map(http::uri::Authority::as_str);
        Self {
            scheme: uri.scheme_str().unwrap_or("http"),
            host: host.or(authority).unwrap_or("localhost"),
            text: uri.path_and_query().map_or("/", |target| target.as_str()),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
        }
    }
}

impl Engine {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves nothing half done here: every change is
        // made by one statement after all checks.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time by the server's clock.
    pub(super) fn now(&self, offset: i64) -> SystemTime {
        let now = self.clock.now();
        let shift = Duration::from_secs(offset.unsigned_abs());
        let shifted = if offset < 0 {
            now.checked_sub(shift)
        } else {
            now.checked_add(shift)
        };
        shifted.unwrap_or(now)
    }

    /// Answers a request; a disturbance is in the answer's extensions.
    pub(super) fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let target = Target::of(request);
        let mut state = self.state();
        let now = self.now(state.offset);
        let (answer, disturbance) = match target.path.strip_prefix("/_lab/") {
            Some(verb) if self.control => (
                control::run(self, &mut state, verb, request),
                Disturbance::NONE,
            ),
            _ => self.serve(&mut state, request, &target, now),
        };
        drop(state);
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let mut answer = match reads {
            true => answer.unless_known(request.headers()),
            false => answer,
        };
        if self.compression {
            answer = answer.compressed_for(request.headers());
        }
        let mut response = answer
            .with(DATE, &httpdate::fmt_http_date(now))
            .into_response();
        disturbance.put(&mut response);
        response
    }

    fn serve(
        &self,
        state: &mut State,
        request: &Request<Bytes>,
        target: &Target<'_>,
        now: SystemTime,
    ) -> (Answer, Disturbance) {
        let verdict = self.authenticate(state, request, target, now);
        let fault = state.plan.take(request.method(), target.text);
        let fault = fault.map(|fault| fault.0);
        let mut executed = false;
        let (answer, disturbance) = match fault.as_ref().and_then(Kind::before) {
            Some(before) => before,
            None => {
                let answer = self.operate(state, request, target, now, &verdict, fault.as_ref());
                let reads = matches!(*request.method(), Method::GET | Method::HEAD);
                executed = answer.status.is_success() && !reads;
                match &fault {
                    Some(fault) => fault.after(answer),
                    None => (answer, Disturbance::NONE),
                }
            }
        };
        let entry = || LoggedRequest {
            method: request.method().clone(),
            target: target.text.to_owned(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            oauth: match verdict {
                Ok((_, verdict)) => verdict,
                Err(refusal) => Verdict::Refused(refusal.problem()),
            },
            status: answer.status,
            executed,
            fault: fault.as_ref().map(Kind::name),
        };
        state.log.add(entry, executed);
        (answer, disturbance)
    }

    /// Who the request is from; a wrong signature is refused everywhere.
    fn authenticate(
        &self,
        state: &mut State,
        request: &Request<Bytes>,
        target: &Target<'_>,
        now: SystemTime,
    ) -> Result<(Option<&Account>, Verdict), Refusal> {
        let header = |name| {
            let value = request.headers().get(name).map(http::HeaderValue::as_bytes);
            value.and_then(|value| std::str::from_utf8(value).ok())
        };
        let authorization = header(AUTHORIZATION);
        let method = request.method().as_str();
        let received = Received::new(method, target.scheme, target.host, target.text)
            .authorization(authorization)
            .body(header(CONTENT_TYPE), request.body());
        let mut account = None;
        let verified = verify(&received, |claims| {
            let found = claimed(&self.accounts, claims)?;
            account = Some(found);
            Ok((found.consumer_secret.clone(), found.access_secret.clone()))
        })?;
        let (Some(verified), Some(account)) = (verified, account) else {
            return Ok((None, Verdict::Unsigned));
        };
        let seconds = Timestamp::from(now).unix_seconds();
        state
            .guard
            .check(&verified, u64::try_from(seconds).unwrap_or(0))?;
        let scheme = authorization.and_then(|value| value.trim_start().get(..5));
        let verdict = Verdict::Verified {
            account: account.name.clone(),
            method: verified.method.as_str(),
            in_header: scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("oauth")),
            nonce: verified.nonce,
            timestamp: verified.timestamp,
        };
        Ok((Some(account), verdict))
    }

    fn operate(
        &self,
        state: &mut State,
        request: &Request<Bytes>,
        target: &Target<'_>,
        now: SystemTime,
        verdict: &Result<(Option<&Account>, Verdict), Refusal>,
        fault: Option<&Kind>,
    ) -> Answer {
        let account = match verdict {
            Ok((account, _)) => *account,
            Err(refusal) => return refused(refusal),
        };
        let found = target
            .path
            .strip_prefix(BASE_PATH)
            .and_then(|path| self.layout.find(path));
        let Some((place, ids)) = found else {
            return match account {
                // Only those who may see it learn what is not there.
                None if !target.path.starts_with("/v2/phones") => unsigned(),
                _ => Answer::text(StatusCode::NOT_FOUND, "there is nothing here"),
            };
        };
        if account.is_none() && !routes::is_public(place) {
            return unsigned();
        }
        let query = match Query::parse(target.query) {
            Ok(query) => query,
            Err(refusal) => return refusal,
        };
        let scheme = if self.https_links {
            "https"
        } else {
            target.scheme
        };
        // Microseconds, as the service's own examples have them at most.
        let now = Timestamp::from(now);
        let micros = now.subsec_nanos() / 1000 * 1000;
        let operation = Operation {
            site: Site {
                layout: self.layout,
                base: format!("{scheme}://{}{BASE_PATH}", target.host),
                now: Timestamp::from_unix(now.unix_seconds(), micros).unwrap_or(now),
            },
            place,
            ids,
            method: request.method(),
            query,
            headers: request.headers(),
            body: request.body(),
            account,
            page_size: state.page_size,
            strict: self.strict,
            next: match fault {
                Some(Kind::Next(next)) => Some(next.clone()),
                _ => None,
            },
        };
        routes::run(&operation, &mut state.world)
    }
}

/// The refusal of a request that should have been signed.
fn unsigned() -> Answer {
    let absent = ("oauth_parameters_absent", "oauth_consumer_key".to_owned());
    challenge(
        StatusCode::UNAUTHORIZED,
        word::PARAMETER_ABSENT,
        Some(absent),
    )
}

fn refused(refusal: &Refusal) -> Answer {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let acceptable = refusal.acceptable_timestamps();
    let range =
        acceptable.map(|(low, high)| ("oauth_acceptable_timestamps", format!("{low}-{high}")));
    challenge(status, refusal.problem(), range)
}

/// A refusal that names its problem in the header and in the body.
fn challenge(status: StatusCode, problem: &str, more: Option<(&str, String)>) -> Answer {
    let mut header = format!("OAuth realm=\"SyncServer\", oauth_problem=\"{problem}\"");
    let mut body = format!("oauth_problem={problem}");
    if let Some((name, value)) = more {
        header.push_str(&format!(", {name}=\"{value}\""));
        body.push_str(&format!("&{name}={value}"));
    }
    Answer::text(status, body).with(WWW_AUTHENTICATE, &header)
}
