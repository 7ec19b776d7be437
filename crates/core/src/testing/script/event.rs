//! What a scripted server saw, in the order in which it happened.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::sync::watch;

/// A request as it came in, byte for byte.
#[derive(Clone)]
pub struct Received {
    /// The connection it came on, counted from 1.
    pub connection: usize,
    /// The method.
    pub method: Method,
    /// The request target as it was sent, normally path and query.
    pub target: String,
    /// The headers, in order, repeated ones kept.
    pub headers: HeaderMap,
    /// The body without its framing. Empty while only the head was read.
    pub body: Bytes,
    /// Whether the body came in chunks, without a length.
    pub chunked: bool,
}

impl Received {
    /// A header's first value, if it is there and is visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&self.target, |(path, _)| path)
    }

    /// The query, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The body as text, with replacement characters where it is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Received({} {} on connection {}, {} bytes)",
            self.method,
            self.path(),
            self.connection,
            self.body.len(),
        )
    }
}

/// Something that happened at a [`ScriptedServer`](super::ScriptedServer).
/// Connections count from 1.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A connection was accepted.
    Accepted {
        /// Which.
        connection: usize,
    },
    /// The acceptor of the builder refused a connection, or its peer gave up.
    HandshakeFailed {
        /// Which.
        connection: usize,
        /// What the acceptor said.
        reason: String,
    },
    /// The head of a request was read.
    Head(Received),
    /// A part of a request's body was read.
    BodyPart {
        /// On which connection.
        connection: usize,
        /// How many bytes of this body were read so far.
        so_far: u64,
    },
    /// A request was read to its end: from the client's point of view, executed.
    Request(Received),
    /// The peer closed the connection, cleanly or not.
    PeerClosed {
        /// Which.
        connection: usize,
    },
    /// The client gave up one stream of an HTTP/2 connection.
    StreamReset {
        /// On which connection.
        connection: usize,
    },
    /// The script of a connection ran to its end.
    Finished {
        /// Which.
        connection: usize,
    },
    /// The script of a connection could not go on.
    Failed {
        /// Which.
        connection: usize,
        /// At which step, and why.
        reason: String,
    },
}

/// Why a script did not run as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFailure(pub(super) Vec<String>);

impl ScriptFailure {
    /// One line for each thing that went wrong.
    pub fn reasons(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for ScriptFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the script did not run as written: {}",
            self.0.join("; ")
        )
    }
}

impl std::error::Error for ScriptFailure {}

/// The log of a server, shared by its connections.
pub(super) struct Log {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    sent: AtomicU64,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) events: Vec<Event>,
    pub(super) finished: BTreeSet<usize>,
    pub(super) failures: Vec<String>,
    /// What each connection is doing.
    pub(super) steps: Vec<String>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            sent: AtomicU64::new(0),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, event: Event) {
        {
            let mut state = self.state();
            match &event {
                Event::Finished { connection } => {
                    state.finished.insert(*connection);
                }
                Event::Failed { connection, reason } => {
                    let line = format!("connection {connection}: {reason}");
                    state.failures.push(line);
                }
                _ => {}
            }
            state.events.push(event);
        }
        self.changed.send_replace(());
    }

    pub(super) fn step(&self, connection: usize, step: String) {
        let mut state = self.state();
        if state.steps.len() < connection {
            state.steps.resize(connection, String::new());
        }
        if let Some(slot) = state.steps.get_mut(connection - 1) {
            *slot = step;
        }
    }

    pub(super) fn add_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits until `look` finds what it looks for.
    pub(super) async fn until<T>(&self, mut look: impl FnMut(&State) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            // The guard must be gone before the wait.
            let found = look(&self.state());
            if let Some(found) = found {
                return found;
            }
            if changed.changed().await.is_err() {
                // Cannot happen: the sender lives in `self`.
                std::future::pending::<()>().await;
            }
        }
    }
}
