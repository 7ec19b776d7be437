//! The connections that are open.

#[cfg(test)]
mod fixture;
mod host;
mod lease;
mod places;
mod shared;
mod sweep;
mod turn;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::host::Host;
pub(crate) use self::lease::Lease;
pub(crate) use self::places::{Place, Places};
use super::connect::{Connect, ConnectError, Protocol};
use super::http1::Http1;
#[cfg(feature = "http2")]
use super::http2::Http2;
use super::origin::Origin;
use crate::transport::{Phase, TransportError, TransportErrorKind};

/// One that an exchange can begin on.
pub(crate) enum Connection {
    Http1(Box<Http1>),
    #[cfg(feature = "http2")]
    Http2(Http2),
}

impl Connection {
    /// Whether it is closed already, and has given its place back.
    fn has_ended(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.has_ended(),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => !connection.is_open(),
        }
    }
}

/// A connection for one exchange.
pub(crate) struct Ready {
    pub(crate) connection: Connection,
    /// It was not made for this exchange. Where it turns out to be closed, that
    /// says nothing about the server.
    pub(crate) is_kept: bool,
}

impl Ready {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            is_kept: false,
        }
    }

    fn kept(connection: Connection) -> Self {
        Self {
            connection,
            is_kept: true,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) idle_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(55),
            max_idle_per_host: 32,
        }
    }
}

/// Connections by host.
pub(crate) struct Pool {
    pub(crate) settings: PoolSettings,
    pub(crate) connect: Connect,
    places: Arc<Places>,
    /// A client has to do with a handful of hosts: looking through them is
    /// quicker than hashing a name.
    hosts: Mutex<Vec<Arc<Host>>>,
}

impl Pool {
    pub(crate) fn new(connect: Connect, settings: PoolSettings, max_connections: usize) -> Self {
        Self {
            settings,
            connect,
            places: Arc::new(Places::new(max_connections)),
            hosts: Mutex::default(),
        }
    }

    /// The connections to `origin` that speak `protocol`.
    pub(crate) fn host(
        &self,
        origin: &Origin,
        protocol: Protocol,
    ) -> Result<Arc<Host>, TransportError> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.iter().find(|host| host.serves(origin, protocol)) {
            return Ok(Arc::clone(host));
        }
        hosts.retain(|host| Arc::strong_count(host) > 1 || !host.is_empty());
        let places = Arc::clone(&self.places);
        let host = Host::new(origin.clone(), protocol, self.settings, places)?;
        let host = Arc::new(host);
        hosts.push(Arc::clone(&host));
        Ok(host)
    }

    /// Until when a connection that is begun now has to be made.
    fn deadline(&self) -> Instant {
        let now = Instant::now();
        // A limit that never comes.
        const LONG: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        now.checked_add(self.connect.timeout).unwrap_or(now + LONG)
    }

    /// A place for one more connection.
    async fn place(&self, host: &Arc<Host>, deadline: Instant) -> Result<Place, ConnectError> {
        let mut claim = match self.places.take(host) {
            Ok(place) => return Ok(place),
            Err(claim) => claim,
        };
        // After the claim was made: otherwise another call could take the place,
        // and this one would wait beside unused connections.
        self.make_room();
        match tokio::time::timeout_at(deadline, claim.place()).await {
            Ok(Some(place)) => Ok(place),
            _ => Err(self.too_late(host)),
        }
    }

    /// Closes the connection that has been of no use for longest.
    fn make_room(&self) {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut closed = Vec::new();
        // One that the server has closed leaves no place.
        while closed.last().is_none_or(Connection::has_ended) {
            let unused = hosts
                .iter()
                .filter_map(|host| Some((host.unused_since()?, host)));
            let Some((_, host)) = unused.min_by_key(|(since, _)| *since) else {
                break;
            };
            // It may have been taken meanwhile.
            closed.extend(host.remove_oldest());
        }
        drop(hosts);
        drop(closed);
    }

    #[cold]
    fn too_late(&self, host: &Host) -> ConnectError {
        let full = if self.places.are_taken() {
            " (as many connections are open as the transport allows)"
        } else {
            ""
        };
        let peer = super::connect::peer(host.uri());
        let limit = self.connect.timeout;
        ConnectError::new(
            TransportErrorKind::Timeout(Phase::Connect),
            format!("no connection to {peer} within {limit:?}{full}"),
        )
    }
}
