//! The connection: made, watched over, lost, made anew.

use std::future::{Future, pending};
use std::pin::Pin;
use std::time::Duration;

use sync_core::{Error, Pipeline, Secret};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Status;
use super::builder::Tuning;
use super::heartbeat::{Heartbeat, Pulse};
use super::socket::{self, Closed, Socket};
use super::tokens::Tokens;
use crate::protocol::ClientFrame;

type Opening = Pin<Box<dyn Future<Output = Opened> + Send>>;

/// The connection. There is one socket at a time: the old one is dropped before
/// another is opened.
pub(super) struct Link {
    state: State,
    tokens: Tokens,
    pipeline: Pipeline,
    tuning: Tuning,
    /// The token of the last connection.
    token: Option<Secret<String>>,
    /// Whether that token was refused.
    refused: bool,
    /// How often it has failed since the service last opened a bucket.
    failures: u32,
}

enum State {
    /// Not wanted.
    Paused,
    /// No token is good.
    Unauthorized,
    /// The token is that of somebody else.
    OtherUser,
    /// Made anew at this time, after this pause.
    Waiting(Instant, Duration),
    Opening(Opening),
    Open(Box<Socket>, Heartbeat),
}

/// What came of opening one.
enum Opened {
    Socket(Box<Socket>, Secret<String>),
    /// There is no token that was not refused.
    NoToken,
    Failed(Error),
}

/// What happened on it.
#[derive(Debug)]
pub(super) enum Happened {
    /// It is open, with this token.
    Open(Secret<String>),
    /// A frame came.
    Frame(Utf8Bytes),
    /// It is lost.
    Lost,
    /// It is lost, as a frame was larger than may be.
    Overwhelmed,
    /// Nothing to act upon; the status may be another.
    Nothing,
}

impl Link {
    pub(super) fn new(tokens: Tokens, pipeline: Pipeline, tuning: Tuning) -> Self {
        Self {
            state: State::Paused,
            tokens,
            pipeline,
            tuning,
            token: None,
            refused: false,
            failures: 0,
        }
    }

    pub(super) fn status(&self) -> Status {
        match &self.state {
            State::Paused => Status::Paused,
            State::Unauthorized => Status::Unauthorized,
            State::OtherUser => Status::OtherUser,
            State::Waiting(_, pause) => Status::Offline { retry_in: *pause },
            State::Opening(_) => Status::Connecting,
            State::Open(..) => Status::Online,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(..))
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self.state, State::Paused)
    }

    /// What happens next. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Happened {
        match &mut self.state {
            State::Paused | State::Unauthorized | State::OtherUser => pending().await,
            State::Waiting(until, _) => {
                sleep_until(*until).await;
                self.connect();
                Happened::Nothing
            }
            State::Opening(opening) => match opening.await {
                Opened::Socket(socket, token) => {
                    tracing::debug!("the socket is open");
                    self.token = Some(token.clone());
                    self.refused = false;
                    let heartbeat = Heartbeat::new(self.tuning.heartbeat, Instant::now());
                    self.state = State::Open(socket, heartbeat);
                    Happened::Open(token)
                }
                Opened::NoToken => {
                    tracing::warn!("the token was refused, and there is no other");
                    self.state = State::Unauthorized;
                    Happened::Nothing
                }
                Opened::Failed(error) => {
                    tracing::debug!(%error, "there is no connection");
                    self.retry();
                    Happened::Nothing
                }
            },
            State::Open(socket, heartbeat) => {
                let closed = loop {
                    tokio::select! {
                        biased;
                        frame = socket.next() => match frame {
                            Ok(frame) => {
                                heartbeat.heard(socket.bytes(), Instant::now());
                                return Happened::Frame(frame);
                            }
                            Err(closed) => break Some(closed),
                        },
                        () = until(heartbeat.due()) => {
                            let now = Instant::now();
                            heartbeat.read(socket.bytes(), now);
                            match heartbeat.look(now) {
                                Pulse::Fine => {}
                                Pulse::Ask(number) => {
                                    socket.send(ClientFrame::Heartbeat(number).to_string());
                                }
                                Pulse::Dead => break None,
                            }
                        },
                    }
                };
                self.lost(closed.as_ref());
                match closed.is_some_and(|closed| closed.is_overwhelmed()) {
                    true => Happened::Overwhelmed,
                    false => Happened::Lost,
                }
            }
        }
    }

    /// A frame that is here already. What else there is comes by
    /// [`next`](Self::next).
    pub(super) fn try_frame(&mut self) -> Option<Utf8Bytes> {
        let State::Open(socket, heartbeat) = &mut self.state else {
            return None;
        };
        let frame = socket.try_next()?;
        heartbeat.heard(socket.bytes(), Instant::now());
        Some(frame)
    }

    /// Sends a frame, if there is a connection.
    pub(super) fn send(&mut self, frame: String) {
        if let State::Open(socket, _) = &mut self.state {
            socket.send(frame);
        }
    }

    /// Sends a frame that holds the token.
    pub(super) fn send_secret(&mut self, frame: &Secret<String>) {
        if let State::Open(socket, _) = &mut self.state {
            socket.send_secret(frame.expose());
        }
    }

    /// The service has opened a bucket: it is there, and well.
    pub(super) fn proved(&mut self) {
        self.failures = 0;
    }

    /// Makes a connection anew, at once if this is the first time in a row.
    pub(super) fn reconnect(&mut self, renew_token: bool) {
        self.refused |= renew_token;
        let at_once = renew_token && self.failures == 0;
        self.retry();
        if at_once {
            self.connect();
        }
    }

    /// The token is that of another user: there is nothing to be done with it.
    pub(super) fn other_user(&mut self) {
        tracing::warn!("the token is that of another user than the store");
        self.state = State::OtherUser;
    }

    /// Makes a connection now, unless there is one or one is being made.
    pub(super) fn connect_now(&mut self) {
        if !matches!(self.state, State::Open(..) | State::Opening(_)) {
            self.failures = 0;
            self.connect();
        }
    }

    /// A token by the user. The present one is given up.
    pub(super) fn token_given(&mut self) {
        self.refused = false;
        self.token = None;
        if !self.is_paused() {
            self.failures = 0;
            self.connect();
        }
    }

    /// Ends the connection, and makes no other.
    pub(super) async fn pause(&mut self) {
        const GOOD_BYE: Duration = Duration::from_secs(1);

        let state = std::mem::replace(&mut self.state, State::Paused);
        if let State::Open(socket, _) = state {
            let (received, sent) = socket.traffic();
            tracing::debug!(received, sent, "closing the socket");
            // Whether it arrives does not matter.
            let _ = tokio::time::timeout(GOOD_BYE, socket.close()).await;
        }
    }

    fn lost(&mut self, closed: Option<&Closed>) {
        match closed {
            Some(closed) => tracing::debug!(%closed, "the connection is lost"),
            None => tracing::debug!("the connection is silent: given up"),
        }
        self.retry();
    }

    /// Drops what there is, and waits before the next.
    fn retry(&mut self) {
        let pause = self.tuning.reconnect.pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Waiting(Instant::now() + pause, pause);
    }

    fn connect(&mut self) {
        let tokens = self.tokens.clone();
        let refused = self.token.clone().filter(|_| self.refused);
        let pipeline = self.pipeline.clone();
        let largest = self.tuning.largest_frame;
        self.state = State::Opening(Box::pin(async move {
            let token = match refused {
                Some(refused) => tokens.renew(&refused).await,
                None => tokens.get().await.map(Some),
            };
            let token = match token {
                Ok(Some(token)) => token,
                Ok(None) => return Opened::NoToken,
                Err(error) => return Opened::Failed(error),
            };
            match socket::open(&pipeline, largest).await {
                Ok(socket) => Opened::Socket(Box::new(socket), token),
                Err(error) => Opened::Failed(error),
            }
        }));
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
