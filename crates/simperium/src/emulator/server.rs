//! The service behind a listening socket.

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

use super::engine::{Engine, Outcome};
use super::fault::Disturbance;
use super::socket::serve as serve_socket;

/// Larger requests are refused.
const LARGEST_REQUEST: usize = 64 << 20;

/// A listening socket and what serves it. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    engine: Arc<Engine>,
    accepting: JoinHandle<Infallible>,
}

impl Server {
    pub(super) async fn start(engine: Arc<Engine>, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&engine)));
        Ok(Self {
            address,
            engine,
            accepting,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The connections are in a set that ends with the task. What became of
        // them when they were upgraded is not.
        self.accepting.abort();
        self.engine.state().kick_listened();
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
        .with_upgrades()
        .await;
}

async fn answer(
    mut request: Request<Incoming>,
    engine: &Arc<Engine>,
) -> io::Result<Response<Reply>> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_REQUEST).collect().await else {
        let mut response = Response::new(Reply::new(Bytes::new(), false));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let request = Request::from_parts(parts, body.to_bytes());
    let (answer, disturbance) = match engine.answer(&request, true).await {
        Outcome::Answered(answer, disturbance) => (answer, disturbance),
        Outcome::Opened(answer, opened) => {
            let engine = Arc::downgrade(engine);
            // Ends with the socket, or with the server that opened it.
            tokio::spawn(async move {
                if let Ok(io) = upgrade.await {
                    serve_socket(engine, TokioIo::new(io), opened).await;
                }
            });
            (answer, None)
        }
    };
    let (mut parts, body) = answer.into_response().into_parts();
    let cut = match disturbance {
        // An error of the service closes the connection.
        Some(Disturbance::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Disturbance::Truncate) => {
            // At least one byte is announced that never comes.
            let announced = HeaderValue::from(body.len().max(1));
            parts.headers.insert(CONTENT_LENGTH, announced);
            true
        }
        None => false,
    };
    Ok(Response::from_parts(parts, Reply::new(body, cut)))
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
    pub(super) fn new(mut body: Bytes, cut: bool) -> Self {
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
