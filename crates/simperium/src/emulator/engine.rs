//! A request's way through the service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use sync_core::local::{Connection, Disturbance, End, LocalService, TakeOver};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::config::PollEnd;
use super::fault::Kind;
use super::log::LoggedRequest;
use super::routes::{self, Flow, Poll};
use super::socket::serve as serve_socket;
use super::state::State;

#[derive(Debug)]
pub(super) struct Engine {
    pub(super) control: bool,
    state: Mutex<State>,
}

#[async_trait]
impl LocalService for Engine {
    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Response<Bytes> {
        self.serve(&request).await
    }
}

impl Engine {
    pub(super) const fn new(state: State, control: bool) -> Self {
        Self {
            control,
            state: Mutex::new(state),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked with it in its hands has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request; a disturbance, and who serves a socket, are in the
    /// answer's extensions.
    pub(super) async fn serve(self: &Arc<Self>, request: &Request<Bytes>) -> Response<Bytes> {
        let target = request.uri().path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        if let Some(verb) = target.strip_prefix("/_lab/").filter(|_| self.control) {
            return super::control::run(&mut self.state(), verb, request).into_response();
        }
        let (there, back) = {
            let mut state = self.state();
            (state.delay() / 2, state.delay() / 2)
        };
        wait(there).await;
        let fault = self.state().plan.take(request.method(), target);
        let fault = fault.map(|fault| fault.0);
        let (answer, mut disturbance, opens) = match fault.as_ref().and_then(Kind::before) {
            Some((answer, disturbance)) => (answer, disturbance, false),
            None => {
                let (answer, disturbance, opens) = self.handle(request).await;
                match &fault {
                    Some(fault) => {
                        let (answer, faulty) = fault.after(answer);
                        let whole = faulty.end == End::Whole;
                        let opens = opens && whole && answer.status.is_informational();
                        let kept = if whole { disturbance.end } else { faulty.end };
                        let mut both = faulty;
                        both.end = kept;
                        (answer, both, opens)
                    }
                    None => (answer, disturbance, opens),
                }
            }
        };
        let opened = {
            let mut state = self.state();
            let closed = disturbance.end == End::Reset;
            state.log.requests.push(|| LoggedRequest {
                method: request.method().clone(),
                target: target.to_owned(),
                headers: request.headers().clone(),
                body: request.body().clone(),
                status: (!closed).then_some(answer.status),
                fault: fault.as_ref().map(Kind::name),
            });
            let listened = request.extensions().get::<Connection>().is_some();
            opens.then(|| state.open(listened))
        };
        let mut response = answer.into_response();
        wait(back + std::mem::take(&mut disturbance.delay)).await;
        disturbance.put(&mut response);
        if let Some(opened) = opened {
            let engine = Arc::downgrade(self);
            // Ends with the socket, or with the server that opened it.
            let take_over = TakeOver::new(|io| serve_socket(engine, io, opened));
            response.extensions_mut().insert(take_over);
        }
        response
    }

    async fn handle(&self, request: &Request<Bytes>) -> (Answer, Disturbance, bool) {
        let flow = routes::run(&mut self.state(), request);
        match flow.unwrap_or_else(Flow::Answer) {
            Flow::Answer(answer) => (answer, Disturbance::NONE, false),
            Flow::Write(answer) if answer.status.is_success() && self.state().drops_write() => {
                (answer, Disturbance::RESET, false)
            }
            Flow::Write(answer) => (answer, Disturbance::NONE, false),
            Flow::Socket(answer) => (answer, Disturbance::NONE, true),
            Flow::Poll(poll) => {
                let (answer, disturbance) = self.poll(&poll).await;
                (answer, disturbance, false)
            }
        }
    }

    /// Waits until there is something to tell, or long enough.
    async fn poll(&self, poll: &Poll) -> (Answer, Disturbance) {
        let hold = self.state().config.hold;
        let deadline = Instant::now() + hold;
        let _waiting = Waiting::new(self);
        loop {
            let mut changed = {
                let mut state = self.state();
                if let Some(answer) = poll.look(&mut state) {
                    return (answer, Disturbance::NONE);
                }
                state.changed.subscribe()
            };
            match timeout_at(deadline, changed.changed()).await {
                Ok(Ok(())) => {}
                // Too long, or the service began anew.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        match self.state().config.poll_end {
            PollEnd::Status(status) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
                (Answer::status(status), Disturbance::NONE)
            }
            PollEnd::Empty => (Answer::status(StatusCode::OK), Disturbance::NONE),
            PollEnd::EmptyList => (Answer::json("[]"), Disturbance::NONE),
            PollEnd::Close => (Answer::status(StatusCode::OK), Disturbance::RESET),
        }
    }
}

/// Counts a poll for as long as it is there, however it ends.
struct Waiting<'a>(&'a Engine);

impl<'a> Waiting<'a> {
    fn new(engine: &'a Engine) -> Self {
        engine.state().waiting += 1;
        Self(engine)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}
