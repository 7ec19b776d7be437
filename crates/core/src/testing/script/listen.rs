//! Accepting connections and giving each its script.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::action::Script;
use super::connection::Connection;
use super::event::{Event, Log};
use super::run;
use crate::transport::{UpgradeIo, Upgraded};

type Accepting = Pin<Box<dyn Future<Output = io::Result<Box<dyn UpgradeIo>>> + Send>>;

/// What wraps an accepted connection.
pub(in crate::testing) type Accept = Arc<dyn Fn(Upgraded) -> Accepting + Send + Sync>;

/// An [`Accept`] of a closure that is given to a builder.
pub(in crate::testing) fn accept_with<F, S>(
    accept: impl Fn(Upgraded) -> F + Send + Sync + 'static,
) -> Accept
where
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: UpgradeIo,
{
    Arc::new(move |io| {
        let accepting = accept(io);
        Box::pin(async move { Ok(Box::new(accepting.await?) as Box<dyn UpgradeIo>) })
    })
}

#[derive(Default)]
pub(super) struct Plan {
    pub(super) scripts: Vec<Script>,
    pub(super) otherwise: Option<Script>,
    pub(super) accept: Option<Accept>,
}

#[derive(Clone, Debug)]
pub(super) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, PathBuf),
}

/// An accepted stream, and its TCP socket if it has one.
type Accepted = (Box<dyn UpgradeIo>, Option<std::net::TcpStream>);

impl Listener {
    pub(super) async fn bind(unix: Option<PathBuf>) -> io::Result<Self> {
        match unix {
            None => Ok(Self::Tcp(TcpListener::bind(("127.0.0.1", 0)).await?)),
            #[cfg(unix)]
            Some(path) => Ok(Self::Unix(UnixListener::bind(&path)?, path)),
            #[cfg(not(unix))]
            Some(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            #[cfg(unix)]
            Self::Unix(_, path) => Ok(Address::Unix(path.clone())),
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                // A second handle on the socket: TLS hides the first.
                let socket = stream.into_std()?;
                let stream = TcpStream::from_std(socket.try_clone()?)?;
                Ok((Box::new(stream), Some(socket)))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), None))
            }
        }
    }

    pub(super) async fn run(self, plan: Plan, log: Arc<Log>) {
        // Dropped with this task, and every connection with it.
        let mut connections = JoinSet::new();
        for number in 1.. {
            let (io, socket) = match self.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    let reason = format!("cannot accept: {error}");
                    log.push(Event::Failed {
                        connection: number,
                        reason,
                    });
                    return;
                }
            };
            log.push(Event::Accepted { connection: number });
            let script = plan.scripts.get(number - 1).or(plan.otherwise.as_ref());
            let Some(script) = script.cloned() else {
                let reason = "there is no script for it".to_owned();
                log.push(Event::Failed {
                    connection: number,
                    reason,
                });
                continue;
            };
            let accept = plan.accept.clone();
            let log = Arc::clone(&log);
            while connections.try_join_next().is_some() {}
            connections.spawn(async move {
                let io = match accept {
                    None => io,
                    Some(accept) => match accept(Upgraded::new(io)).await {
                        Ok(io) => io,
                        Err(error) => {
                            let reason = error.to_string();
                            log.push(Event::HandshakeFailed {
                                connection: number,
                                reason,
                            });
                            return;
                        }
                    },
                };
                let connection = Connection::new(number, io, socket, Arc::clone(&log));
                run::run(script, number, connection, log).await;
            });
        }
    }
}

#[cfg(unix)]
impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A port of 127.0.0.1 that refuses every connection.
///
/// The port stays reserved while this value lives, so no other process can
/// start to listen there.
pub struct RefusedPort {
    // Bound, but not listening.
    _socket: TcpSocket,
    address: SocketAddr,
}

impl RefusedPort {
    /// Reserves a port.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = socket.local_addr()?;
        Ok(Self {
            _socket: socket,
            address,
        })
    }

    /// `127.0.0.1:port`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:port` + `target`.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }
}

impl fmt::Debug for RefusedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefusedPort({})", self.address)
    }
}
