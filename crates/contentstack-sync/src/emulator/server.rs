//! The server: the engine behind a socket.

use std::convert::Infallible;
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

use super::engine::{Connection, Engine};
use super::fault::Disturbance;
use super::reply::Reply;

/// Larger requests to the control interface are refused.
const LARGEST_REQUEST: usize = 64 << 20;

/// A listening socket and what serves it. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    accepting: JoinHandle<Infallible>,
}

pub(super) async fn listen(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Server {
    pub(super) fn start(engine: Arc<Engine>, listener: TcpListener, address: SocketAddr) -> Self {
        let accepting = tokio::spawn(accept(listener, engine));
        Self { address, accepting }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The connections are in a set that ends with the task.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, engine: Arc<Engine>) -> Infallible {
    let mut connections = JoinSet::new();
    let mut count = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                count += 1;
                connections.spawn(serve(stream, Connection(count), Arc::clone(&engine)));
            }
            // Out of descriptors, most likely: let others finish first.
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, connection: Connection, engine: Arc<Engine>) {
    // Without it, small answers may wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, connection, &engine));
    // How a connection ends concerns nobody: the client sees it too.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    connection: Connection,
    engine: &Arc<Engine>,
) -> io::Result<Response<Reply>> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(connection);
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else {
        let mut response = Response::new(Reply::new(Bytes::new(), Disturbance::default()));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let response = engine.handle(&Request::from_parts(parts, body.to_bytes()));
    let (mut parts, body) = response.into_parts();
    let disturbance: Disturbance = parts.extensions.remove().unwrap_or_default();
    if !disturbance.delay.is_zero() {
        tokio::time::sleep(disturbance.delay).await;
    }
    if disturbance.dropped {
        // An error of the service closes the connection.
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    if disturbance.truncated {
        // At least one byte is announced that never comes.
        let announced = HeaderValue::from(body.len().max(1));
        parts.headers.insert(CONTENT_LENGTH, announced);
    }
    Ok(Response::from_parts(parts, Reply::new(body, disturbance)))
}
