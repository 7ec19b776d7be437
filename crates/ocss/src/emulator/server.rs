//! The server: the engine behind a socket.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::engine::Engine;
use super::fault::Disturbance;

/// Larger requests are refused.
const LARGEST_REQUEST: usize = 64 << 20;

/// A listening socket and what serves it. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    accepting: JoinHandle<Infallible>,
}

impl Server {
    pub(super) async fn start(engine: Arc<Engine>, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, engine));
        Ok(Self { address, accepting })
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
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&engine)));
            }
            // Out of descriptors, most likely: let others finish first.
            Err(_) => tokio::task::yield_now().await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, engine: Arc<Engine>) {
    // Without it, small answers may wait for the client's acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, &engine));
    // How a connection ends concerns nobody: the client sees it too.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: Request<Incoming>, engine: &Engine) -> io::Result<Response<Reply>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else {
        let mut response = Response::new(Reply::new(Bytes::new(), None));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let response = engine.handle(&Request::from_parts(parts, body.to_bytes()));
    let (mut parts, body) = response.into_parts();
    let disturbance = parts.extensions.remove::<Disturbance>();
    match disturbance {
        // An error of the service closes the connection.
        Some(Disturbance::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Disturbance::Delay(delay)) => tokio::time::sleep(delay).await,
        Some(Disturbance::Truncate) => {
            // At least one byte is announced that never comes.
            let announced = HeaderValue::from(body.len().max(1));
            parts.headers.insert(CONTENT_LENGTH, announced);
        }
        None => {}
    }
    Ok(Response::from_parts(parts, Reply::new(body, disturbance)))
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Reply {
    data: Option<Bytes>,
    end: End,
}

/// What comes after the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    /// A moment in which head and data are sent, then the failure.
    Cut,
    Failed,
}

impl Reply {
    pub(super) fn new(mut body: Bytes, disturbance: Option<Disturbance>) -> Self {
        let cut = disturbance == Some(Disturbance::Truncate);
        if cut {
            body.truncate(body.len() / 2);
        }
        Self {
            data: (!body.is_empty()).then_some(body),
            end: if cut { End::Cut } else { End::Whole },
        }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            End::Cut => {
                self.end = End::Failed;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            End::Failed => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.end == End::Whole
    }

    fn size_hint(&self) -> SizeHint {
        if self.end != End::Whole {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}
