//! The connections to one host.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Uri};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;

use super::{Connection, Places, Pool, PoolSettings};
use crate::hyper::classify::Unconnected;
use crate::hyper::connect::Protocol;
use crate::hyper::http1::Http1;
#[cfg(feature = "http2")]
use crate::hyper::http2::Http2;
use crate::hyper::io::Io;
use crate::hyper::origin::Origin;
use crate::transport::TransportError;

/// How often unused connections are looked at: in parts of the time that they
/// are kept for.
const LOOKS: u32 = 8;
const MIN_LOOK: Duration = Duration::from_millis(10);
const MAX_LOOK: Duration = Duration::from_secs(1);

pub(crate) struct Host {
    origin: Origin,
    uri: Uri,
    /// The header `Host`.
    name: HeaderValue,
    protocol: Protocol,
    settings: PoolSettings,
    places: Arc<Places>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Unused HTTP/1.1 connections; the last one was used last.
    idle: Vec<Idle>,
    /// Whoever would take the next connection that gets free.
    waiting: VecDeque<oneshot::Sender<Connection>>,
    #[cfg(feature = "http2")]
    shared: Shared,
    is_swept: bool,
}

struct Idle {
    connection: Http1,
    since: Instant,
}

/// The HTTP/2 connection that all share.
#[cfg(feature = "http2")]
#[derive(Default)]
struct Shared {
    connection: Option<Http2>,
    /// When it was last asked for.
    used: Option<Instant>,
    /// The host has chosen HTTP/2 before, so one connection will do.
    is_expected: bool,
    is_connecting: bool,
}

/// What there is for a new exchange.
enum Found {
    Connection(Connection),
    /// Nothing: connect, and take what gets free meanwhile.
    Nothing(Waiting, Lead),
    /// A connection that all will share is being made.
    #[cfg(feature = "http2")]
    Soon(Waiting),
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
        if let Some(since) = state.shared.unused_since() {
            return Some(idle.map_or(since, |idle| idle.min(since)));
        }
        idle
    }

    /// That connection, to be closed outside of all locks.
    pub(crate) fn remove_oldest(&self) -> Option<Connection> {
        let mut state = self.state();
        #[cfg(feature = "http2")]
        if let Some(since) = state.shared.unused_since() {
            if state.idle.first().is_none_or(|idle| since < idle.since) {
                return state.shared.connection.take().map(Connection::Http2);
            }
        }
        (!state.idle.is_empty()).then(|| Connection::Http1(state.idle.remove(0).connection))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for a new exchange, and whether it has served before: one
    /// that gets free, or a new one, whichever comes first.
    #[cfg_attr(not(feature = "http2"), allow(clippy::never_loop))]
    pub(crate) async fn connection(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
    ) -> Result<(Connection, bool), Unconnected> {
        // However often it has to begin anew.
        let mut deadline = None;
        loop {
            let mut until = || *deadline.get_or_insert_with(|| pool.deadline());
            match self.find() {
                Found::Connection(connection) => return Ok((connection, true)),
                Found::Nothing(waiting, lead) => {
                    return Box::pin(self.race(pool, waiting, lead, until())).await;
                }
                #[cfg(feature = "http2")]
                Found::Soon(mut waiting) => {
                    let deadline = until();
                    let soon = poll_fn(|cx| waiting.poll(cx));
                    match tokio::time::timeout_at(deadline, soon).await {
                        Ok(Some(connection)) => return Ok((connection, true)),
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
        {
            let shared = &mut state.shared;
            shared.connection.take_if(|known| !known.is_open());
            if let Some(connection) = &shared.connection {
                shared.used = Some(Instant::now());
                return Found::Connection(Connection::Http2(connection.clone()));
            }
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
        let waiting = Waiting {
            host: Arc::clone(self),
            receiver: Some(receiver),
        };
        #[cfg(feature = "http2")]
        if state.shared.is_expected && self.settings.max_idle_per_host > 0 {
            if state.shared.is_connecting {
                return Found::Soon(waiting);
            }
            state.shared.is_connecting = true;
            return Found::Nothing(waiting, Lead(Some(Arc::clone(self))));
        }
        Found::Nothing(waiting, Lead(None))
    }

    async fn race(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
        mut waiting: Waiting,
        lead: Lead,
        deadline: Instant,
    ) -> Result<(Connection, bool), Unconnected> {
        let mut place = pin!(pool.place(self, deadline));
        let place = match first_of(&mut waiting, place.as_mut()).await {
            First::Freed(connection) => return Ok((connection, true)),
            First::Other(place) => place.map_err(Unconnected::Connect)?,
        };
        let connecting = Arc::clone(self).connect(Arc::clone(pool), place, deadline, lead);
        let mut connecting = Box::pin(connecting);
        match first_of(&mut waiting, connecting.as_mut()).await {
            First::Other(new) => new.map(|new| (new, false)),
            First::Freed(connection) => {
                // What has been begun is of use to the next.
                let host = Arc::clone(self);
                tokio::spawn(async move {
                    if let Ok(Connection::Http1(connection)) = connecting.await {
                        host.put(connection);
                    }
                });
                Ok((connection, true))
            }
        }
    }

    async fn connect(
        self: Arc<Self>,
        pool: Arc<Pool>,
        place: OwnedSemaphorePermit,
        deadline: Instant,
        lead: Lead,
    ) -> Result<Connection, Unconnected> {
        // Ends with this attempt, whatever becomes of it.
        let _lead = lead;
        let connected = async {
            let io = pool.connect.open(&self.uri, self.protocol, place).await;
            self.set_up(io.map_err(Unconnected::Connect)?).await
        };
        match tokio::time::timeout_at(deadline, connected).await {
            Ok(result) => result,
            Err(_) => Err(Unconnected::Connect(pool.too_late(&self))),
        }
    }

    /// Speaks HTTP over a new byte stream.
    async fn set_up(self: &Arc<Self>, io: Io) -> Result<Connection, Unconnected> {
        #[cfg(feature = "http2")]
        if io.is_h2 || self.protocol == Protocol::Http2 {
            let connection = Http2::over(io).await.map_err(Unconnected::Setup)?;
            return Ok(Connection::Http2(self.share(connection)));
        }
        let connection = Http1::over(io, self.name.clone()).await;
        Ok(Connection::Http1(connection.map_err(Unconnected::Setup)?))
    }

    /// Shares a new connection, unless there is one already.
    #[cfg(feature = "http2")]
    fn share(self: &Arc<Self>, connection: Http2) -> Http2 {
        if self.settings.max_idle_per_host == 0 {
            return connection;
        }
        let mut state = self.state();
        state.shared.is_expected = true;
        state.shared.used = Some(Instant::now());
        let shared = state.shared.connection.take();
        let connection = shared.filter(Http2::is_open).unwrap_or(connection);
        state.shared.connection = Some(connection.clone());
        for waiting in state.waiting.drain(..) {
            let _ = waiting.send(Connection::Http2(connection.clone()));
        }
        self.sweep(&mut state);
        connection
    }

    /// Takes a connection back that is ready for the next exchange.
    pub(crate) fn put(self: &Arc<Self>, mut connection: Http1) {
        let mut state = self.state();
        while let Some(waiting) = state.waiting.pop_front() {
            match waiting.send(Connection::Http1(connection)) {
                Ok(()) => return,
                Err(Connection::Http1(back)) => connection = back,
                #[cfg(feature = "http2")]
                Err(Connection::Http2(_)) => return,
            }
        }
        let is_kept = state.idle.len() < self.settings.max_idle_per_host
            && !self.places.are_wanted()
            && self.sweep(&mut state);
        if is_kept {
            let since = Instant::now();
            state.idle.push(Idle { connection, since });
            return;
        }
        drop(state);
        drop(connection);
    }

    /// Sees to it that unused connections are closed in time. False where
    /// there is no runtime to do so.
    fn sweep(self: &Arc<Self>, state: &mut State) -> bool {
        if state.is_swept {
            return true;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return false;
        };
        state.is_swept = true;
        let sweeper = Sweeper(Arc::downgrade(self));
        let pause = (self.settings.idle_timeout / LOOKS).clamp(MIN_LOOK, MAX_LOOK);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                if !sweeper.0.upgrade().is_some_and(|host| host.close_unused()) {
                    return sweeper.finish();
                }
            }
        });
        true
    }

    /// Closes what has been unused for too long, or was closed by the server.
    /// False when nothing is left to look after.
    fn close_unused(&self) -> bool {
        let limit = self.settings.idle_timeout;
        let mut state = self.state();
        let (kept, closed) = std::mem::take(&mut state.idle)
            .into_iter()
            .map(|mut idle| {
                (
                    idle.since.elapsed() <= limit && idle.connection.is_open(),
                    idle,
                )
            })
            .partition::<Vec<_>, _>(|(is_kept, _)| *is_kept);
        state.idle.extend(kept.into_iter().map(|(_, idle)| idle));
        #[cfg(feature = "http2")]
        let unused = state.shared.close_unused(limit, self.places.are_wanted());
        #[cfg(feature = "http2")]
        let is_shared = state.shared.connection.is_some();
        #[cfg(not(feature = "http2"))]
        let is_shared = false;
        state.is_swept = is_shared || !state.idle.is_empty();
        let goes_on = state.is_swept;
        drop(state);
        drop(closed);
        #[cfg(feature = "http2")]
        drop(unused);
        goes_on
    }
}

#[cfg(feature = "http2")]
impl Shared {
    /// Since when nothing goes on over the connection, or a little longer.
    fn unused_since(&self) -> Option<Instant> {
        let connection = self.connection.as_ref();
        self.used
            .filter(|_| connection.is_some_and(|connection| !connection.is_used()))
    }

    /// The connection, if nobody has asked for it for longer than `limit`, or
    /// it is closed, or its place is wanted for another while nothing goes on
    /// over it. Exchanges that go on over it are not disturbed.
    fn close_unused(&mut self, limit: Duration, is_wanted: bool) -> Option<Http2> {
        let is_unused = self.used.is_none_or(|used| used.elapsed() > limit)
            || is_wanted && self.unused_since().is_some();
        self.connection
            .take_if(|connection| is_unused || !connection.is_open())
    }
}

/// A place in the queue for the next connection that gets free.
struct Waiting {
    host: Arc<Host>,
    receiver: Option<oneshot::Receiver<Connection>>,
}

impl Waiting {
    /// `None` when nothing will come this way.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Connection>> {
        let Some(receiver) = &mut self.receiver else {
            return Poll::Ready(None);
        };
        let received = Pin::new(receiver).poll(cx);
        if received.is_ready() {
            self.receiver = None;
        }
        received.map(Result::ok)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(mut receiver) = self.receiver.take() else {
            return;
        };
        receiver.close();
        if let Ok(Connection::Http1(connection)) = receiver.try_recv() {
            self.host.put(connection);
        }
        self.host.state().waiting.retain(|other| !other.is_closed());
    }
}

enum First<T> {
    /// A connection that got free.
    Freed(Connection),
    Other(T),
}

/// What comes first. `other` is not begun if there is a connection already.
async fn first_of<F: Future + Unpin>(waiting: &mut Waiting, mut other: F) -> First<F::Output> {
    poll_fn(|cx| {
        if let Poll::Ready(Some(connection)) = waiting.poll(cx) {
            return Poll::Ready(First::Freed(connection));
        }
        Pin::new(&mut other).poll(cx).map(First::Other)
    })
    .await
}

/// The right, and the duty, to make the connection that others wait for.
struct Lead(#[cfg_attr(not(feature = "http2"), allow(dead_code))] Option<Arc<Host>>);

impl Drop for Lead {
    fn drop(&mut self) {
        #[cfg(feature = "http2")]
        if let Some(host) = &self.0 {
            let mut state = host.state();
            state.shared.is_connecting = false;
            if state.shared.connection.is_none() {
                // The others need not fail one after another.
                state.shared.is_expected = false;
                state.waiting.clear();
            }
        }
    }
}

/// The task that looks after unused connections.
struct Sweeper(Weak<Host>);

impl Sweeper {
    fn finish(mut self) {
        self.0 = Weak::new();
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        // Its runtime has ended before it was through.
        if let Some(host) = self.0.upgrade() {
            host.state().is_swept = false;
        }
    }
}

/// An HTTP/1.1 connection in use. Dropped instead of [released](Self::release),
/// it is closed.
pub(crate) struct Lease {
    pub(crate) connection: Http1,
    host: Arc<Host>,
}

impl Lease {
    pub(crate) fn new(connection: Http1, host: Arc<Host>) -> Self {
        Self { connection, host }
    }

    /// The exchange is over: the connection can be used again, at once or as
    /// soon as the rest of the request is sent.
    pub(crate) fn release(self) {
        let Self {
            mut connection,
            host,
        } = self;
        if connection.is_ready() {
            host.put(connection);
        } else if !connection.has_ended() {
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    if poll_fn(|cx| connection.poll_ready(cx)).await {
                        host.put(connection);
                    }
                });
            }
        }
    }
}
