//! A service behind a listening socket.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::disturbance::{Disturbance, End};
use super::reply::Reply;
use super::{LARGEST_REQUEST, LocalService, TakeOver};
use crate::transport::Upgraded;

/// In the extensions of a request that came over a socket: which of the
/// server's connections, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection(pub u64);

/// A socket of 127.0.0.1 that nobody serves yet.
#[derive(Debug)]
pub struct LocalListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl LocalListener {
    /// Listens at this port, or at a free one if it is 0.
    ///
    /// # Errors
    ///
    /// When the system gives no socket, or the port is taken.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves it, within the present tokio runtime.
    pub fn serve(self, service: Arc<impl LocalService>) -> LocalServer {
        LocalServer {
            address: self.address,
            accepting: tokio::spawn(accept(self.listener, service)),
        }
    }
}

/// A listening socket of 127.0.0.1 and what serves it, over HTTP/1.1. Both end
/// when it is dropped, and all connections with them but those that were
/// [taken over](TakeOver).
pub struct LocalServer {
    address: SocketAddr,
    accepting: JoinHandle<Infallible>,
}

impl LocalServer {
    /// [Listens](LocalListener::bind) and [serves](LocalListener::serve).
    ///
    /// # Errors
    ///
    /// When the system gives no socket, or the port is taken.
    pub async fn start(service: Arc<impl LocalService>, port: u16) -> io::Result<Self> {
        Ok(LocalListener::bind(port).await?.serve(service))
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        // The connections are in a set that ends with the task.
        self.accepting.abort();
    }
}

impl fmt::Debug for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalServer({})", self.address)
    }
}

async fn accept(listener: TcpListener, service: Arc<impl LocalService>) -> Infallible {
    let mut connections = JoinSet::new();
    let mut count = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                count += 1;
                connections.spawn(serve(stream, Connection(count), Arc::clone(&service)));
            }
            // Out of descriptors, most likely: let others finish first.
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, connection: Connection, service: Arc<impl LocalService>) {
    // Without it, small answers may wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, connection, &service));
    // How a connection ends concerns nobody: the client sees it too.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

async fn answer(
    mut request: Request<Incoming>,
    connection: Connection,
    service: &Arc<impl LocalService>,
) -> io::Result<Response<Reply>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(connection);
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else {
        let mut response = Response::new(Reply::whole(Bytes::new()));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let request = Request::from_parts(parts, body.to_bytes());
    let response = Arc::clone(service).answer(request).await;
    let (mut parts, body) = response.into_parts();
    let body = match Disturbance::wait(&mut parts.extensions).await {
        // An error of the service closes the connection.
        End::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
        End::Truncated => {
            // At least one byte is announced that never comes.
            let announced = HeaderValue::from(body.len().max(1));
            parts.headers.insert(CONTENT_LENGTH, announced);
            Reply::truncated(body)
        }
        End::Whole => Reply::whole(body),
    };
    if let Some(take_over) = parts.extensions.remove::<TakeOver>() {
        tokio::spawn(async move {
            let Ok(io) = upgrade.await else { return };
            if let Some(served) = take_over.begin(Upgraded::new(TokioIo::new(io))) {
                served.await;
            }
        });
    }
    Ok(Response::from_parts(parts, body))
}
