//! A route that listens by itself.

use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::pin::pin;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::Route;
use super::patience::Patient;

/// The pause before another try to accept, after one that failed.
const BREATH: Duration = Duration::from_millis(50);

/// What clients may ask of a [`Server`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Connections that are served at a time; others wait until one ends.
    /// Default: 256.
    pub connections: usize,
    /// Bytes of a request's line and headers; 431 for more. Not less than
    /// 8,192. Default: 16,384.
    pub header_bytes: usize,
    /// How long a client may take until it has sent a request's headers, also
    /// on a connection that was used before. Default: 15 seconds.
    pub header_time: Duration,
    /// How long a client may take nothing of what is sent. The connection is
    /// then cut, and the snapshot let go. Default: 60 seconds.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            header_bytes: 16 << 10,
            header_time: Duration::from_secs(15),
            stall: Duration::from_secs(60),
        }
    }
}

/// A listening [`Route`], over HTTP/1.1 without TLS. When it is dropped, it
/// ends at once; [`shutdown`](Self::shutdown) lets answers end first.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    /// True when no more requests are to be taken.
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(super) fn start(
        route: Route,
        listener: StdTcpListener,
        limits: Limits,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(route, listener, limits, stopped));
        Ok(Self {
            address,
            stop,
            accepting,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and requests, and waits until the answers
    /// under way are sent. Whoever can't wait drops the future, which ends
    /// them.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // An error says that it ended already.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The connections are in a set that ends with the task.
        self.accepting.abort();
    }
}

/// Waits until the server is told to stop, or is gone.
async fn told_to(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn accept(
    route: Route,
    listener: TcpListener,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let signal = stopped.clone();
    let mut connections = JoinSet::new();
    loop {
        let is_full = connections.len() >= limits.connections.max(1);
        tokio::select! {
            () = told_to(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if !is_full => match accepted {
                Ok((stream, _)) => {
                    let stopped = signal.clone();
                    connections.spawn(serve(route.clone(), stream, limits, stopped));
                }
                // Out of descriptors, most likely: let others finish first.
                Err(_) => tokio::time::sleep(BREATH).await,
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(
    route: Route,
    stream: TcpStream,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    // Without it, small answers may wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| route.answer(request));
    let socket = Patient::new(TokioIo::new(stream), limits.stall);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_buf_size(limits.header_bytes.max(8 << 10))
            .serve_connection(socket, service)
    );
    // How a connection ends concerns nobody: the client sees it too.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = told_to(&mut stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
