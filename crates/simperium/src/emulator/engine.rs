//! A request's way through the service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::Answer;
use super::config::PollEnd;
use super::fault::Disturbance;
use super::log::LoggedRequest;
use super::routes::{self, Flow, Poll};
use super::socket::Opened;
use super::state::State;

#[derive(Debug)]
pub(super) struct Engine {
    pub(super) control: bool,
    state: Mutex<State>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Answer, Option<Disturbance>),
    /// From here on it is a socket.
    Opened(Answer, Opened),
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

    /// Answers a request. `listened` says whether it came through the
    /// emulator's own listening socket.
    pub(super) async fn answer(
        self: &Arc<Self>,
        request: &Request<Bytes>,
        listened: bool,
    ) -> Outcome {
        let target = request.uri().path_and_query();
        let target = target.map_or("/", |target| target.as_str());
        if let Some(verb) = target.strip_prefix("/_lab/").filter(|_| self.control) {
            let answer = super::control::run(&mut self.state(), verb, request);
            return Outcome::Answered(answer, None);
        }
        let (there, back) = {
            let mut state = self.state();
            (state.delay() / 2, state.delay() / 2)
        };
        wait(there).await;
        let fault = self.state().plan.take(request.method(), target);
        let (answer, disturbance, opens) = match fault.as_ref().and_then(|fault| fault.before()) {
            Some((answer, disturbance)) => (answer, disturbance, false),
            None => {
                let (answer, disturbance, opens) = self.handle(request).await;
                match fault.as_ref().map(|fault| fault.after(answer.clone())) {
                    Some((answer, faulty, delay)) => {
                        wait(delay).await;
                        let opens = opens && faulty.is_none() && answer.status.is_informational();
                        (answer, disturbance.or(faulty), opens)
                    }
                    None => (answer, disturbance, opens),
                }
            }
        };
        let opened = {
            let mut state = self.state();
            let closed = disturbance == Some(Disturbance::Reset);
            state.log.request(|| LoggedRequest {
                method: request.method().clone(),
                target: target.to_owned(),
                headers: request.headers().clone(),
                body: request.body().clone(),
                status: (!closed).then_some(answer.status),
                fault: fault.as_ref().map(|fault| fault.name()),
            });
            opens.then(|| state.open(listened))
        };
        wait(back).await;
        match opened {
            Some(opened) => Outcome::Opened(answer, opened),
            None => Outcome::Answered(answer, disturbance),
        }
    }

    async fn handle(&self, request: &Request<Bytes>) -> (Answer, Option<Disturbance>, bool) {
        let flow = routes::run(&mut self.state(), request);
        match flow.unwrap_or_else(Flow::Answer) {
            Flow::Answer(answer) => (answer, None, false),
            Flow::Write(answer) => {
                let lost = answer.status.is_success() && self.state().drops_write();
                (answer, lost.then_some(Disturbance::Reset), false)
            }
            Flow::Socket(answer) => (answer, None, true),
            Flow::Poll(poll) => {
                let (answer, disturbance) = self.poll(&poll).await;
                (answer, disturbance, false)
            }
        }
    }

    /// Waits until there is something to tell, or long enough.
    async fn poll(&self, poll: &Poll) -> (Answer, Option<Disturbance>) {
        let hold = self.state().config.hold;
        let deadline = Instant::now() + hold;
        let _waiting = Waiting::new(self);
        loop {
            let mut changed = {
                let mut state = self.state();
                if let Some(answer) = poll.look(&mut state) {
                    return (answer, None);
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
                (Answer::status(status), None)
            }
            PollEnd::Empty => (Answer::status(StatusCode::OK), None),
            PollEnd::EmptyList => (Answer::json("[]"), None),
            PollEnd::Close => (Answer::status(StatusCode::OK), Some(Disturbance::Reset)),
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
