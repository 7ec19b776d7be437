//! The connections to one host.

use std::collections::VecDeque;
#[cfg(feature = "http2")]
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderValue, Uri};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::shared::Lead;
#[cfg(feature = "http2")]
use super::shared::Shared;
use super::turn::{First, Turn, first_of};
use super::{Connection, Place, Places, Pool, PoolSettings, Ready};
use crate::hyper::classify::Unconnected;
use crate::hyper::connect::Protocol;
use crate::hyper::http1::Http1;
#[cfg(feature = "http2")]
use crate::hyper::http2::Http2;
use crate::hyper::io::Io;
use crate::hyper::origin::Origin;
use crate::transport::TransportError;

pub(crate) struct Host {
    origin: Origin,
    uri: Uri,
    /// The header `Host`.
    name: HeaderValue,
    protocol: Protocol,
    pub(super) settings: PoolSettings,
    pub(super) places: Arc<Places>,
    state: Mutex<State>,
    /// Whether a task looks after unused connections. Outside of the state,
    /// because a runtime that is about to end drops such a task at once, while
    /// the state is locked.
    pub(super) is_swept: AtomicBool,
}

#[derive(Default)]
pub(super) struct State {
    /// Unused HTTP/1.1 connections; the last one was used last.
    pub(super) idle: Vec<Idle>,
    /// Whoever would take the next connection that gets free.
    pub(super) waiting: VecDeque<oneshot::Sender<Connection>>,
    #[cfg(feature = "http2")]
    pub(super) shared: Shared,
}

pub(super) struct Idle {
    pub(super) connection: Box<Http1>,
    pub(super) since: Instant,
}

/// What there is for a new exchange.
enum Found {
    Connection(Connection),
    /// Nothing: connect, and take what gets free meanwhile.
    Nothing(Turn, Option<Lead>),
    /// A connection that all will share is being made.
    #[cfg(feature = "http2")]
    Soon(Turn),
}

impl Host {
    pub(crate) fn new(
        origin: Origin,
        protocol: Protocol,
        settings: PoolSettings,
        places: Arc<Places>,
    ) -> Result<Self, TransportError> {
        Ok(Self {
            uri: origin.uri(None)?,
            name: origin.host()?,
            origin,
            protocol,
            settings,
            places,
            state: Mutex::new(State {
                #[cfg(feature = "http2")]
                shared: Shared {
                    is_expected: protocol == Protocol::Http2,
                    ..Shared::default()
                },
                ..State::default()
            }),
            is_swept: AtomicBool::new(false),
        })
    }

    pub(crate) fn serves(&self, origin: &Origin, protocol: Protocol) -> bool {
        self.protocol == protocol && self.origin == *origin
    }

    /// Its root.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state();
        #[cfg(feature = "http2")]
        if state.shared.connection.is_some() {
            return false;
        }
        state.idle.is_empty()
    }

    /// Since when the connection is unused that has been so for longest.
    pub(crate) fn unused_since(&self) -> Option<Instant> {
        let state = self.state();
        let idle = state.idle.first().map(|idle| idle.since);
        #[cfg(feature = "http2")]
        let idle = idle.or_else(|| state.shared.unused_since());
        idle
    }

    /// That connection, to be closed outside of all locks.
    pub(crate) fn remove_oldest(&self) -> Option<Connection> {
        let mut state = self.state();
        if !state.idle.is_empty() {
            return Some(Connection::Http1(state.idle.remove(0).connection));
        }
        #[cfg(feature = "http2")]
        if state.shared.unused_since().is_some() {
            return state.shared.connection.take().map(Connection::Http2);
        }
        None
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for a new exchange: one that gets free, or a new one,
    /// whichever comes first.
    #[cfg_attr(not(feature = "http2"), allow(clippy::never_loop))]
    pub(crate) async fn connection(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
    ) -> Result<Ready, Unconnected> {
        // However often it has to begin anew.
        let mut deadline = None;
        loop {
            let mut until = || *deadline.get_or_insert_with(|| pool.deadline());
            match self.find() {
                Found::Connection(connection) => return Ok(Ready::kept(connection)),
                Found::Nothing(turn, lead) => {
                    return Box::pin(self.race(pool, turn, lead, until())).await;
                }
                #[cfg(feature = "http2")]
                Found::Soon(mut turn) => {
                    let deadline = until();
                    let soon = poll_fn(|cx| turn.poll(cx));
                    match tokio::time::timeout_at(deadline, soon).await {
                        Ok(Some(connection)) => return Ok(Ready::kept(connection)),
                        // It came to nothing: somebody has to try again.
                        Ok(None) if Instant::now() < deadline => {}
                        _ => return Err(Unconnected::Connect(pool.too_late(self))),
                    }
                }
            }
        }
    }

    fn find(self: &Arc<Self>) -> Found {
        let mut state = self.state();
        #[cfg(feature = "http2")]
        if let Some(connection) = &state.shared.connection {
            let is_due = connection.is_unused() && self.places.are_due_elsewhere(self);
            if connection.is_open() && !is_due {
                let connection = connection.clone();
                state.shared.used = Some(Instant::now());
                return Found::Connection(Connection::Http2(connection));
            }
            let unneeded = state.shared.connection.take();
            drop(state);
            drop(unneeded);
            return self.find();
        }
        if let Some(idle) = state.idle.pop() {
            if idle.since.elapsed() <= self.settings.idle_timeout {
                return Found::Connection(Connection::Http1(idle.connection));
            }
            // The others have waited for longer still.
            let expired = std::mem::take(&mut state.idle);
            drop(state);
            drop((idle, expired));
            state = self.state();
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back(sender);
        let turn = Turn::new(Arc::clone(self), receiver);
        #[cfg(feature = "http2")]
        if state.shared.is_expected && self.settings.max_idle_per_host > 0 {
            if state.shared.is_connecting {
                return Found::Soon(turn);
            }
            state.shared.is_connecting = true;
            let lead = Lead::new(Arc::clone(self));
            return Found::Nothing(turn, Some(lead));
        }
        Found::Nothing(turn, None)
    }

    async fn race(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
        mut turn: Turn,
        mut lead: Option<Lead>,
        deadline: Instant,
    ) -> Result<Ready, Unconnected> {
        let mut place = pin!(pool.place(self, deadline));
        let place = match first_of(&mut turn, place.as_mut()).await {
            First::Freed(connection) => return Ok(Ready::kept(connection)),
            First::Other(place) => place.map_err(|error| {
                lead.iter_mut().for_each(Lead::fail);
                Unconnected::Connect(error)
            })?,
        };
        let connecting = Arc::clone(self).connect(Arc::clone(pool), place, deadline, lead);
        let mut connecting = Box::pin(connecting);
        match first_of(&mut turn, connecting.as_mut()).await {
            First::Other(ready) => ready,
            First::Freed(connection) => {
                // What has been begun is of use to the next.
                let host = Arc::clone(self);
                tokio::spawn(async move {
                    if let Ok(Ready {
                        connection: Connection::Http1(connection),
                        ..
                    }) = connecting.await
                    {
                        host.put(connection);
                    }
                });
                Ok(Ready::kept(connection))
            }
        }
    }

    async fn connect(
        self: Arc<Self>,
        pool: Arc<Pool>,
        place: Place,
        deadline: Instant,
        mut lead: Option<Lead>,
    ) -> Result<Ready, Unconnected> {
        let connected = async {
            let io = pool.connect.open(&self.uri, self.protocol, place).await;
            self.set_up(io.map_err(Unconnected::Connect)?).await
        };
        let result = match tokio::time::timeout_at(deadline, connected).await {
            Ok(result) => result,
            Err(_) => Err(Unconnected::Connect(pool.too_late(&self))),
        };
        // Of no account where the connection is shared now.
        lead.iter_mut().for_each(Lead::fail);
        result
    }

    /// Speaks HTTP over a new byte stream.
    async fn set_up(self: &Arc<Self>, io: Io) -> Result<Ready, Unconnected> {
        #[cfg(feature = "http2")]
        if io.is_h2() || self.protocol == Protocol::Http2 {
            let connection = Http2::over(io).await.map_err(Unconnected::Setup)?;
            return Ok(self.share(connection));
        }
        let connection = Http1::over(io, self.name.clone()).await;
        let connection = connection.map_err(Unconnected::Setup)?;
        Ok(Ready::new(Connection::Http1(Box::new(connection))))
    }

    /// Shares a new connection. Where there is one already, which another call
    /// made meanwhile, the new one gives way.
    #[cfg(feature = "http2")]
    fn share(self: &Arc<Self>, new: Http2) -> Ready {
        if self.settings.max_idle_per_host == 0 {
            return Ready::new(Connection::Http2(new));
        }
        let mut state = self.state();
        state.shared.is_expected = true;
        state.shared.used = Some(Instant::now());
        let (connection, unneeded, is_kept) = match state.shared.connection.take() {
            Some(known) if known.is_open() => (known, Some(new), true),
            closed => (new, closed, false),
        };
        state.shared.connection = Some(connection.clone());
        for waiting in state.waiting.drain(..) {
            let _ = waiting.send(Connection::Http2(connection.clone()));
        }
        self.sweep();
        drop(state);
        drop(unneeded);
        let connection = Connection::Http2(connection);
        Ready {
            connection,
            is_kept,
        }
    }

    /// Takes a connection back that is ready for the next exchange.
    pub(crate) fn put(self: &Arc<Self>, mut connection: Box<Http1>) {
        let mut state = self.state();
        let are_wanted = self.places.are_wanted();
        if are_wanted && self.places.are_due_elsewhere(self) {
            // Whoever waits here came later, or has a place.
            drop(state);
            drop(connection);
            return;
        }
        while let Some(waiting) = state.waiting.pop_front() {
            match waiting.send(Connection::Http1(connection)) {
                Ok(()) => return,
                Err(Connection::Http1(back)) => connection = back,
                #[cfg(feature = "http2")]
                Err(Connection::Http2(_)) => return,
            }
        }
        let is_kept =
            state.idle.len() < self.settings.max_idle_per_host && !are_wanted && self.sweep();
        if is_kept {
            let since = Instant::now();
            state.idle.push(Idle { connection, since });
            return;
        }
        drop(state);
        drop(connection);
    }
}

#[cfg(all(test, feature = "http2"))]
mod tests {
    use std::time::Duration;

    use super::super::fixture;
    use super::*;

    #[tokio::test]
    async fn a_new_connection_that_gives_way_leaves_one_that_was_kept() {
        let places = Arc::new(Places::new(2));
        let host = fixture::host("http://one.test/", Protocol::Http2, &places);
        let (mut pipes, mut shared) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (io, pipe) = fixture::io(&host);
            pipes.push(pipe);
            shared.push(host.share(Http2::over(io).await.unwrap()).is_kept);
        }
        // A request that meets a kept one, and is not sent, is sent anew.
        assert_eq!(shared, [false, true]);
        let closed = async {
            while places.are_taken() {
                tokio::task::yield_now().await;
            }
        };
        let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
        closed.expect("what gave way stays open");
    }
}
