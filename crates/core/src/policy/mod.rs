//! The one loop that every call goes through.
//!
//! An attempt is: copy the request, authorize it, send it, wait within limits,
//! read the answer. What becomes of a failed attempt follows from what the
//! server may have done ([`Delivery`]), from whether the operation may be
//! repeated, and from whether its body can be sent again:
//!
//! | delivery | repeated when |
//! |---|---|
//! | not sent | always |
//! | maybe sent | the operation is idempotent |
//! | answered 408, 500, 502, 503, 504, or the body broke off | the operation is idempotent |
//! | answered 429, or an answer that means "not executed" by the service's protocol | always |
//! | any other answer | never |
//!
//! A [`RetryPolicy`] can narrow which answers are repeated ([`RetryAnswers`]).
//!
//! A body that can be read only once is never sent twice.

mod body;
mod decode;
mod redirect;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Uri};
use http_body::Body as _;
use tokio::time::Instant;
use tracing::Instrument as _;

use self::body::{Guard, Until};
pub(crate) use self::redirect::Hop;
pub use self::redirect::Redirects;
use self::redirect::{Verdict, is_harmless};
pub use self::retry::{Backoff, RetryAnswers, RetryBudget, RetryPolicy};
use crate::auth::{Authorized, Generation};
use crate::call::{CallOptions, CameFrom};
use crate::error::{ApiError, Error, StopReason};
use crate::pipeline::Pipeline;
use crate::transport::{
    Attempt, Body, Delivery, Operation, Phase, TransportError, TransportErrorKind, too_large,
};

/// How much of an error's body is read.
const MAX_ERROR_BODY: u64 = 64 << 10;
/// How long an error's body may take.
const MAX_ERROR_WAIT: Duration = Duration::from_secs(5);

/// Whether the body is read within the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The whole body is in memory when the call ends.
    Buffered,
    /// The body is handed out as it arrives.
    Streamed,
}

/// A request as the loop takes it.
pub(crate) struct Prepared {
    pub(crate) operation: &'static Operation,
    pub(crate) hop: Hop,
    /// `Accept` and `Content-Type`, unless they are in the hop's headers. Most
    /// calls have no other header, and then need no map for them.
    pub(crate) accept: Option<HeaderValue>,
    pub(crate) content_type: Option<HeaderValue>,
    /// Taken by the last attempt that can be made with it.
    pub(crate) body: Option<Body>,
    pub(crate) options: CallOptions,
    pub(crate) accepted: &'static [u16],
}

/// An answer, and what it took.
pub(crate) struct Answered {
    pub(crate) operation: &'static Operation,
    pub(crate) response: http::Response<Body>,
    /// Where it came from.
    pub(crate) uri: Uri,
    pub(crate) attempts: u32,
    pub(crate) started: Instant,
}

/// Runs a call to its end.
///
/// What it keeps while it waits is small on purpose, as are the futures below:
/// each call is in a box of its caller's, and glibc keeps up to 1,032 bytes at
/// hand for the next one.
pub(crate) async fn run(
    pipeline: &Pipeline,
    prepared: Box<Prepared>,
    mode: Mode,
) -> Result<Answered, Error> {
    let operation = prepared.operation;
    let span = tracing::debug_span!(
        "call",
        service = operation.service(),
        operation = operation.name(),
        url.template = operation.template(),
        server.address = prepared.hop.uri.host(),
    );
    let mut run = Run::new(pipeline, prepared, mode);
    run.drive().instrument(span).await
}

/// A call on its way.
struct Run<'a> {
    pipeline: &'a Pipeline,
    call: Box<Prepared>,
    mode: Mode,
    started: Instant,
    deadline: Option<Instant>,
    replayable: bool,
    attempts: u32,
    retries: u32,
    /// The most that an attempt before the present one may have done.
    earlier: Option<Delivery>,
    refreshed: bool,
}

/// How an attempt failed.
enum Failure {
    /// The credentials of this generation were refused, or there were none.
    Refused(Option<Generation>, Error),
    /// Anything else.
    Other(Error),
}

impl Failure {
    /// The same failure with an explanation of this side's.
    fn because(self, message: String) -> Self {
        match self {
            Self::Refused(generation, error) => {
                Self::Refused(generation, error.with_message(message))
            }
            Self::Other(error) => Self::Other(error.with_message(message)),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl<'a> Run<'a> {
    fn new(pipeline: &'a Pipeline, call: Box<Prepared>, mode: Mode) -> Self {
        let started = Instant::now();
        Self {
            pipeline,
            mode,
            started,
            deadline: call
                .options
                .total
                .and_then(|limit| started.checked_add(limit)),
            replayable: call.body.as_ref().is_none_or(Body::is_replayable),
            call,
            attempts: 0,
            retries: 0,
            earlier: None,
            refreshed: false,
        }
    }

    async fn drive(&mut self) -> Result<Answered, Error> {
        loop {
            let error = match self.attempt().await {
                Ok(Some(mut response)) => {
                    let uri = std::mem::take(&mut self.call.hop.uri);
                    if self.call.hop.is_detour() {
                        response.extensions_mut().insert(CameFrom(uri.clone()));
                    }
                    tracing::debug!(
                        attempts = self.attempts,
                        http.response.status_code = response.status().as_u16(),
                        "done"
                    );
                    return Ok(Answered {
                        operation: self.call.operation,
                        response,
                        uri,
                        attempts: self.attempts,
                        started: self.started,
                    });
                }
                Ok(None) => continue,
                Err(Failure::Refused(generation, error)) => {
                    match Box::pin(self.refresh(generation)).await {
                        Ok(true) => continue,
                        Ok(false) => error,
                        Err(error) => return Err(self.finish(error)),
                    }
                }
                Err(Failure::Other(error)) => error,
            };
            let error = self.finish(error);
            let pause = match self.pause_before_retry(&error) {
                Ok(Some(pause)) => pause,
                Ok(None) => return Err(error),
                // The one attempt that took up all the time is its own explanation.
                Err(reason)
                    if self.retries > 0
                        || (reason.is_exhaustion() && error.is_timeout() != Some(Phase::Total)) =>
                {
                    return Err(Error::exhausted(error, reason));
                }
                Err(reason) => return Err(error.with_stop_reason(reason)),
            };
            tracing::debug!(
                attempt = self.attempts,
                pause_ms = pause.as_millis() as u64,
                delivery = ?error.delivery(),
                reason = ?error.kind(),
                "trying again"
            );
            self.retries += 1;
            self.earlier = match (self.earlier, error.delivery()) {
                (None | Some(Delivery::NotSent), delivery) => Some(delivery),
                (earlier, _) => earlier,
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt, one exchange. `None`: the next one goes elsewhere.
    async fn attempt(&mut self) -> Result<Option<http::Response<Body>>, Failure> {
        self.attempts += 1;
        let now = match self.attempts {
            1 => self.started,
            _ => Instant::now(),
        };
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(timeout(Phase::Total, Delivery::NotSent).into());
        }
        let attempt = Arc::new(Attempt::new(self.call.operation, self.attempts));
        let (request, generation) = self.request()?;
        let until = Until::earliest([
            self.deadline.map(|at| Until(at, Phase::Total)),
            self.call
                .options
                .attempt
                .and_then(|limit| Until::after(now, limit, Phase::Attempt)),
        ]);
        let head_until = Until::earliest([
            until,
            self.call
                .options
                .first_byte
                .and_then(|limit| Until::after(now, limit, Phase::FirstByte)),
        ]);

        let transport = self.pipeline.transport();
        let mut exchange = transport.send_attempt(request, Arc::clone(&attempt));
        let answer = match head_until {
            None => exchange.await,
            Some(Until(at, phase)) => {
                match tokio::time::timeout_at(at, &mut exchange).await {
                    Ok(result) => result,
                    Err(_) => {
                        // Said before the exchange is dropped, so that its
                        // connection goes with it.
                        attempt.mark_timed_out();
                        Err(TransportError::new(
                            TransportErrorKind::Timeout(phase),
                            Delivery::MaybeSent,
                        ))
                    }
                }
            }
        };
        let (head, body) = answer.map_err(|error| self.unanswered(error))?.into_parts();
        if self.call.hop.home {
            self.pipeline.service().observe(&head);
        }
        let status = head.status.as_u16();
        if !head.status.is_success() && !self.call.accepted.contains(&status) {
            return Box::pin(self.no_success(head, body, attempt, generation)).await;
        }
        if head.status == http::StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Some(http::Response::from_parts(head, body)));
        }
        let mut head = head;
        let mut guard = self.guard(&mut head, body, attempt)?;
        let body = match self.mode {
            Mode::Streamed => {
                if self.pipeline.service().is_suspect(&head) {
                    guard.set_until(until);
                    let first = guard.first().await.map_err(Error::transport)?;
                    guard.set_until(None);
                    self.check(&head, &first)?;
                }
                guard.into_body()
            }
            Mode::Buffered => {
                let limit = self.call.options.max_body;
                if self
                    .announced(&head, &guard)
                    .is_some_and(|size| size > limit)
                {
                    return Err(Error::transport(too_large(limit)).into());
                }
                guard.set_until(until);
                let bytes = guard.collect(limit).await;
                let bytes = bytes.map_err(|error| self.broken_off(&guard, error))?;
                self.check(&head, &bytes)?;
                bytes.into()
            }
        };
        Ok(Some(http::Response::from_parts(head, body)))
    }

    /// The request of the next attempt, authorized.
    fn request(&mut self) -> Result<(http::Request<Body>, Option<Generation>), Failure> {
        let again = self.call.body.as_ref().and_then(Body::try_clone);
        let body = match again {
            _ if !self.call.hop.with_body => Body::empty(),
            Some(body) => body,
            None => self
                .call
                .body
                .take()
                .ok_or_else(|| Error::encode("the body was sent already"))?,
        };
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = self.call.hop.method.clone();
        head.uri = self.call.hop.uri.clone();
        // Room for these two, the codings, the credentials and `Host`: a map
        // that has to grow costs more than all that goes into it.
        let (own, shared) = (&self.call.hop.headers, self.pipeline.headers());
        head.headers = HeaderMap::with_capacity(own.len() + shared.len() + 5);
        for (name, value) in own {
            head.headers.append(name, value.clone());
        }
        let content_type = self.call.content_type.as_ref();
        for (name, value) in [
            (ACCEPT, self.call.accept.as_ref()),
            (
                CONTENT_TYPE,
                content_type.filter(|_| self.call.hop.with_body),
            ),
        ] {
            if let Some(value) = value {
                head.headers.entry(name).or_insert_with(|| value.clone());
            }
        }
        for (name, value) in shared {
            if self.call.hop.home || is_harmless(name, value) {
                head.headers.entry(name).or_insert_with(|| value.clone());
            }
        }
        if let Some(accepted) = decode::accepted(self.mode) {
            head.headers.entry(ACCEPT_ENCODING).or_insert(accepted);
        }
        if !self.call.hop.home {
            return Ok((http::Request::from_parts(head, body), None));
        }
        match self.pipeline.auth().authorize(&mut head, &body)? {
            Authorized::With(generation) => {
                Ok((http::Request::from_parts(head, body), Some(generation)))
            }
            Authorized::NeedsRefresh => {
                // Nothing was sent yet.
                self.attempts -= 1;
                if self.call.hop.with_body {
                    self.call.body = Some(body);
                }
                Err(Failure::Refused(
                    None,
                    Error::auth("there are no credentials for this call"),
                ))
            }
        }
    }

    /// Renews the credentials, once a call at the most. Says whether the call
    /// can be made with them.
    async fn refresh(&mut self, refused: Option<Generation>) -> Result<bool, Error> {
        if std::mem::replace(&mut self.refreshed, true) {
            return Ok(false);
        }
        tracing::debug!("renewing the credentials");
        let refresh = self.pipeline.auth().refresh(refused);
        let renewed = match self.deadline {
            None => refresh.await,
            Some(at) => tokio::time::timeout_at(at, refresh)
                .await
                .map_err(|_| timeout(Phase::Total, Delivery::NotSent))?,
        };
        // Renewed also for a body that is gone: the next call will need them.
        Ok(renewed? && (self.call.body.is_some() || !self.call.hop.with_body))
    }

    /// An exchange that brought no head.
    fn unanswered(&self, error: TransportError) -> Error {
        let quiet = self.call.options.held_back
            && error.kind() == TransportErrorKind::Timeout(Phase::FirstByte);
        Error::transport(error).with_quiet(quiet)
    }

    /// The body of a success, watched and decoded.
    fn guard(
        &self,
        head: &mut http::response::Parts,
        body: Body,
        attempt: Arc<Attempt>,
    ) -> Result<Guard, Error> {
        // Answers without a body have nothing to decode either.
        let decoder = if self.is_bodiless(head) {
            None
        } else {
            decode::for_answer(&mut head.headers, self.call.options.max_ratio)?
        };
        Ok(Guard::new(body, decoder, self.call.options.idle, attempt))
    }

    fn is_bodiless(&self, head: &http::response::Parts) -> bool {
        self.call.hop.method == Method::HEAD || matches!(head.status.as_u16(), 204 | 304)
    }

    /// How large the body will be, as far as that was said.
    fn announced(&self, head: &http::response::Parts, guard: &Guard) -> Option<u64> {
        guard.size_hint().exact().or_else(|| {
            let length = head.headers.get(CONTENT_LENGTH)?;
            let length = length.to_str().ok()?.parse().ok()?;
            (!self.is_bodiless(head)).then_some(length)
        })
    }

    /// Whether an answer whose status says success means it.
    fn check(&self, head: &http::response::Parts, body: &Bytes) -> Result<(), Error> {
        if !self.call.hop.home || !head.status.is_success() {
            return Ok(());
        }
        let service = self.pipeline.service();
        match service.refusal(self.call.operation, head, body) {
            None => Ok(()),
            Some(api) => Err(refused(api, body)),
        }
    }

    /// A body that broke off.
    fn broken_off(&self, guard: &Guard, error: TransportError) -> Error {
        // A part of an answer is not "no news".
        let quiet = self.call.options.held_back
            && !guard.has_given()
            && error.kind() == TransportErrorKind::Timeout(Phase::Idle);
        Error::transport(error).with_quiet(quiet)
    }

    /// An answer that is no success: a redirect that is followed, or a failure.
    async fn no_success(
        &mut self,
        head: http::response::Parts,
        body: Body,
        attempt: Arc<Attempt>,
        generation: Option<Generation>,
    ) -> Result<Option<http::Response<Body>>, Failure> {
        let redirects = self.call.options.redirects;
        let service = self.pipeline.service();
        let hop = &self.call.hop;
        let refused = match hop.follow(&head, redirects, self.replayable, service) {
            Verdict::Follow(next) => {
                self.call.hop = next;
                return Ok(None);
            }
            Verdict::Refused(why) => Some(why),
            Verdict::Other => None,
        };
        let failure = self.failure(head, body, &attempt, generation).await;
        Err(match refused {
            Some(why) => failure.because(format!("a redirect was not followed: {why}")),
            None => failure,
        })
    }

    /// Understands an answer that is no success. Its body is read only so far.
    async fn failure(
        &self,
        head: http::response::Parts,
        body: Body,
        attempt: &Arc<Attempt>,
        generation: Option<Generation>,
    ) -> Failure {
        let mut head = head;
        let body = match decode::for_answer(&mut head.headers, self.call.options.max_ratio) {
            Ok(decoder) => {
                let mut guard =
                    Guard::new(body, decoder, self.call.options.idle, Arc::clone(attempt));
                let wait = Until(Instant::now() + MAX_ERROR_WAIT, Phase::Attempt);
                let total = self.deadline.map(|at| Until(at, Phase::Total));
                guard.set_until(Until::earliest([Some(wait), total]));
                guard.collect_some(MAX_ERROR_BODY).await
            }
            Err(_) => Bytes::new(),
        };
        let mut api = if self.call.hop.home {
            self.pipeline
                .service()
                .explain(self.call.operation, &head, &body)
        } else {
            ApiError::new(head.status)
        };
        api.retry_after = api
            .retry_after
            .or_else(|| retry::retry_after(&head.headers, self.pipeline.clock()));
        let refused = api.credentials_refused && self.call.hop.home;
        let error = Error::service(api);
        let error = if body.is_empty() {
            error
        } else {
            error.with_snippet(crate::redact::snippet(&body, 500))
        };
        if refused {
            Failure::Refused(generation, error)
        } else {
            Failure::Other(error)
        }
    }

    /// Completes an error with what is known about the call.
    fn finish(&self, error: Error) -> Error {
        self.pipeline
            .scrub(error)
            .with_operation(self.call.operation)
            .with_request(
                self.pipeline
                    .request_line(self.call.operation, &self.call.hop.uri),
            )
            .with_effort(self.attempts, self.started.elapsed())
            .with_earlier(self.earlier)
    }

    /// How long to wait before the next attempt; `None` when another is of no
    /// use; the reason when it would be of use and must not be made.
    fn pause_before_retry(&self, error: &Error) -> Result<Option<Duration>, StopReason> {
        if !error.is_retryable() || error.is_quiet() {
            return Ok(None);
        }
        let answered = error.api().is_some();
        let asked = error.api().and_then(|api| api.retry_after);
        if answered && !self.call.options.retry.answers.allow(asked) {
            return Ok(None);
        }
        let not_executed = error.api().is_some_and(|api| api.not_executed);
        let safe = not_executed || error.delivery() == Delivery::NotSent;
        if error.is_timeout() == Some(Phase::Total) {
            return Err(StopReason::Deadline);
        }
        if !safe && !self.call.operation.is_idempotent() {
            return Err(StopReason::NotIdempotent);
        }
        if !self.replayable {
            return Err(StopReason::NotReplayable);
        }
        let policy = &self.call.options.retry;
        if self.retries + 1 >= policy.max_attempts {
            return Err(StopReason::Attempts);
        }
        if asked.is_some_and(|asked| asked > policy.max_retry_after) {
            return Err(StopReason::RetryAfter);
        }
        let pause = policy
            .backoff
            .pause(self.retries)
            .max(asked.unwrap_or_default());
        let Some(next) = Instant::now().checked_add(pause) else {
            return Err(StopReason::RetryAfter);
        };
        if self.deadline.is_some_and(|deadline| deadline <= next) {
            return Err(StopReason::Deadline);
        }
        if !self.pipeline.budget().spend(error.is_timeout().is_some()) {
            return Err(StopReason::Budget);
        }
        Ok(Some(pause))
    }
}

impl StopReason {
    /// Says that more would have been tried, had there been room.
    fn is_exhaustion(self) -> bool {
        matches!(self, Self::Deadline | Self::Budget | Self::RetryAfter)
    }
}

/// A refusal by a status of success.
#[cold]
fn refused(api: ApiError, body: &Bytes) -> Error {
    Error::service(api).with_snippet(crate::redact::snippet(body, 500))
}

fn timeout(phase: Phase, delivery: Delivery) -> Error {
    Error::transport(TransportError::new(
        TransportErrorKind::Timeout(phase),
        delivery,
    ))
}
