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
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Uri};
use tokio::time::Instant;
use tracing::Instrument as _;

use self::body::{Guard, Until};
pub use self::redirect::Redirects;
use self::redirect::{Hop, Step, Verdict, is_harmless};
pub use self::retry::{Backoff, RetryAnswers, RetryBudget, RetryPolicy};
use crate::auth::{Authorized, Generation};
use crate::call::CallOptions;
use crate::error::{ApiError, Error, StopReason};
use crate::pipeline::Pipeline;
use crate::transport::{
    Attempt, Body, Delivery, Operation, Phase, TransportError, TransportErrorKind,
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
    pub(crate) uri: Uri,
    /// Whether that is at the client's own origin.
    pub(crate) home: bool,
    pub(crate) headers: HeaderMap,
    /// `Accept`, unless it is in `headers`. Most calls have no other header, and
    /// then need no map for it.
    pub(crate) accept: Option<HeaderValue>,
    pub(crate) body: Body,
    pub(crate) options: CallOptions,
    pub(crate) accepted: &'static [u16],
}

/// An answer, and what it took.
pub(crate) struct Answered {
    pub(crate) response: http::Response<Body>,
    /// Where it came from.
    pub(crate) uri: Uri,
    pub(crate) attempts: u32,
    pub(crate) started: Instant,
}

/// Runs a call to its end.
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
        server.address = prepared.uri.host(),
    );
    let mut run = Run::new(pipeline, prepared, mode);
    if span.is_disabled() {
        // Nobody is listening: spares moving it once more.
        return run.drive().await;
    }
    run.drive().instrument(span).await
}

/// A call on its way.
struct Run<'a> {
    pipeline: &'a Pipeline,
    /// What does not change. URI and headers are in `hop`, the body in `body`.
    call: Box<Prepared>,
    mode: Mode,
    started: Instant,
    deadline: Option<Instant>,
    hop: Hop,
    /// Taken by the last attempt that can be made with it.
    body: Option<Body>,
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
    fn new(pipeline: &'a Pipeline, mut call: Box<Prepared>, mode: Mode) -> Self {
        let started = Instant::now();
        let replayable = call.body.is_replayable();
        let method = call.operation.method().clone();
        let uri = std::mem::take(&mut call.uri);
        let headers = std::mem::take(&mut call.headers);
        Self {
            pipeline,
            mode,
            started,
            deadline: call
                .options
                .total
                .and_then(|limit| started.checked_add(limit)),
            hop: Hop::new(method, uri, headers, call.home),
            body: Some(std::mem::take(&mut call.body)),
            call,
            replayable,
            attempts: 0,
            retries: 0,
            earlier: None,
            refreshed: false,
        }
    }

    async fn drive(&mut self) -> Result<Answered, Error> {
        loop {
            let error = match self.attempt().await {
                Ok(Step::Done(response)) => {
                    tracing::debug!(
                        attempts = self.attempts,
                        http.response.status_code = response.status().as_u16(),
                        "done"
                    );
                    return Ok(Answered {
                        response,
                        uri: std::mem::take(&mut self.hop.uri),
                        attempts: self.attempts,
                        started: self.started,
                    });
                }
                Ok(Step::Follow(hop)) => {
                    self.hop = hop;
                    continue;
                }
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

    /// One attempt, one exchange.
    async fn attempt(&mut self) -> Result<Step, Failure> {
        self.attempts += 1;
        let now = match self.attempts {
            1 => self.started,
            _ => Instant::now(),
        };
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(timeout(Phase::Total, Delivery::NotSent).into());
        }
        let attempt = Arc::new(Attempt::new(self.call.operation, self.attempts));
        let (request, generation) = self.request(&attempt)?;
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

        let response = {
            let exchange = self.pipeline.transport().send(request);
            match head_until {
                None => exchange.await,
                Some(Until(at, phase)) => {
                    let mut exchange = std::pin::pin!(exchange);
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
            }
        }
        .map_err(|error| self.unanswered(error))?;

        let (head, body) = response.into_parts();
        if self.hop.home {
            self.pipeline.service().observe(&head);
        }
        let status = head.status.as_u16();
        let success = head.status.is_success() || self.call.accepted.contains(&status);
        if !success {
            return match self
                .hop
                .follow(&head, self.call.options.redirects, self.replayable)
            {
                Verdict::Follow(next) => Ok(Step::Follow(next)),
                Verdict::Refused(why) => {
                    let failure = Box::pin(self.failure(head, body, &attempt, generation)).await;
                    Err(failure.because(format!("a redirect was not followed: {why}")))
                }
                Verdict::Other => {
                    Err(Box::pin(self.failure(head, body, &attempt, generation)).await)
                }
            };
        }
        let (head, body) = self.success(head, body, attempt, until).await?;
        Ok(Step::Done(http::Response::from_parts(head, body)))
    }

    /// The request of the next attempt, authorized.
    fn request(
        &mut self,
        attempt: &Arc<Attempt>,
    ) -> Result<(http::Request<Body>, Option<Generation>), Failure> {
        let again = self.body.as_ref().and_then(Body::try_clone);
        let body = match again {
            _ if !self.hop.with_body => Body::empty(),
            Some(body) => body,
            None => self
                .body
                .take()
                .ok_or_else(|| Error::encode("the body was sent already"))?,
        };
        let (mut head, ()) = http::Request::new(()).into_parts();
        head.method = self.hop.method.clone();
        head.uri = self.hop.uri.clone();
        head.extensions.insert(Arc::clone(attempt));
        // Room for `Accept`, the codings, the credentials and `Host` too: a map
        // that has to grow costs more than all that goes into it.
        let (own, shared) = (&self.hop.headers, self.pipeline.headers());
        head.headers = HeaderMap::with_capacity(own.len() + shared.len() + 4);
        for (name, value) in own {
            head.headers.append(name, value.clone());
        }
        if let Some(accept) = &self.call.accept {
            head.headers.entry(ACCEPT).or_insert_with(|| accept.clone());
        }
        for (name, value) in shared {
            if self.hop.home || is_harmless(name, value) {
                head.headers.entry(name).or_insert_with(|| value.clone());
            }
        }
        if let Some(accepted) = decode::accepted(self.mode) {
            head.headers.entry(ACCEPT_ENCODING).or_insert(accepted);
        }
        if !self.hop.home {
            return Ok((http::Request::from_parts(head, body), None));
        }
        match self.pipeline.auth().authorize(&mut head, &body)? {
            Authorized::With(generation) => {
                Ok((http::Request::from_parts(head, body), Some(generation)))
            }
            Authorized::NeedsRefresh => {
                // Nothing was sent yet.
                self.attempts -= 1;
                if self.hop.with_body {
                    self.body = Some(body);
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
        Ok(renewed? && (self.body.is_some() || !self.hop.with_body))
    }

    /// An exchange that brought no head.
    fn unanswered(&self, error: TransportError) -> Error {
        let quiet = self.call.options.held_back
            && error.kind() == TransportErrorKind::Timeout(Phase::FirstByte);
        Error::transport(error).with_quiet(quiet)
    }

    /// Takes the body of a success.
    async fn success(
        &self,
        head: http::response::Parts,
        body: Body,
        attempt: Arc<Attempt>,
        until: Option<Until>,
    ) -> Result<(http::response::Parts, Body), Error> {
        let mut head = head;
        // Answers without a body have nothing to decode either.
        let bodiless = self.hop.method == Method::HEAD || matches!(head.status.as_u16(), 204 | 304);
        let decoder = if bodiless {
            None
        } else {
            decode::for_answer(&mut head.headers, self.call.options.max_ratio)?
        };
        if head.status == http::StatusCode::SWITCHING_PROTOCOLS {
            return Ok((head, body));
        }
        let mut guard = Guard::new(body, decoder, self.call.options.idle, attempt);
        match self.mode {
            Mode::Streamed if self.pipeline.service().is_suspect(&head) => {
                guard.set_until(until);
                let first = guard.first().await.map_err(Error::transport)?;
                guard.set_until(None);
                match self.refusal(&head, &first) {
                    None => Ok((head, guard.into_body())),
                    Some(api) => Err(refused(api, &first)),
                }
            }
            Mode::Streamed => Ok((head, guard.into_body())),
            Mode::Buffered => {
                let limit = self.call.options.max_body;
                if !bodiless && declared_length(&head.headers).is_some_and(|length| length > limit)
                {
                    return Err(Error::transport(crate::transport::too_large(limit)));
                }
                guard.set_until(until);
                match guard.collect(limit).await {
                    Ok(bytes) => match self.refusal(&head, &bytes) {
                        None => Ok((head, bytes.into())),
                        Some(api) => Err(refused(api, &bytes)),
                    },
                    Err(error) => {
                        // A part of an answer is not "no news".
                        let quiet = self.call.options.held_back
                            && !guard.has_given()
                            && error.kind() == TransportErrorKind::Timeout(Phase::Idle);
                        Err(Error::transport(error).with_quiet(quiet))
                    }
                }
            }
        }
    }

    /// What the service means by an answer whose status says success.
    fn refusal(&self, head: &http::response::Parts, body: &Bytes) -> Option<ApiError> {
        let service = self.pipeline.service();
        let asked = self.hop.home && head.status.is_success();
        asked
            .then(|| service.refusal(self.call.operation, head, body))
            .flatten()
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
        let mut api = if self.hop.home {
            self.pipeline
                .service()
                .explain(self.call.operation, &head, &body)
        } else {
            ApiError::new(head.status)
        };
        api.retry_after = api
            .retry_after
            .or_else(|| retry::retry_after(&head.headers, self.pipeline.clock()));
        let refused = api.credentials_refused && self.hop.home;
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
                    .request_line(self.call.operation, &self.hop.uri),
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

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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
