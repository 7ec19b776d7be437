//! Small servers for the tests of the hyper transport.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sync_core::Transport;
use sync_core::hyper::{Connector, ConnectorIo, HyperTransport};
use sync_core::transport::{Attempt, Body, Operation, TransportError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// After this a test that waits for something fails.
const LIMIT: Duration = Duration::from_secs(20);

pub static OPERATION: Operation = Operation::get("test", "call", "/");

/// A server on a free port. It ends with this value.
pub struct Server {
    pub addr: SocketAddr,
    accepted: Arc<AtomicUsize>,
    closed: mpsc::UnboundedReceiver<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves every connection, numbered from 1, with `serve`.
    pub async fn start<S, F>(serve: S) -> Self
    where
        S: Fn(usize, TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let (close, closed) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let serving = serve(count.fetch_add(1, Ordering::SeqCst) + 1, stream);
                let close = close.clone();
                connections.spawn(async move {
                    serving.await;
                    let _ = close.send(());
                });
            }
        });
        Self {
            addr,
            accepted,
            closed,
            task,
        }
    }

    /// An HTTP/1.1 server.
    pub async fn http1<H, F>(handler: H) -> Self
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        Self::start(move |_, stream| serve_http1(stream, handler.clone())).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits until a connection has been closed.
    pub async fn one_closed(&mut self) {
        let closed = tokio::time::timeout(LIMIT, self.closed.recv());
        closed.await.expect("no connection was closed").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn serve_http1<I, H, F>(io: I, handler: H)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades()
        .await;
}

pub async fn serve_http2<I, H, F>(io: I, handler: H)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(io), service)
        .await;
}

pub fn text(text: &'static str) -> Response<Full<Bytes>> {
    Response::new(Full::from(text))
}

/// Reads the head of an HTTP/1.1 request, and what came with it.
pub async fn read_head(io: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if io.read_buf(&mut head).await.unwrap_or(0) == 0 {
            break;
        }
    }
    String::from_utf8(head).unwrap()
}

/// Whatever comes next; nothing at the end.
pub async fn read_some(io: &mut (impl AsyncRead + Unpin)) -> String {
    let mut piece = Vec::new();
    let _ = io.read_buf(&mut piece).await;
    String::from_utf8(piece).unwrap()
}

/// Waits until the peer closes.
pub async fn read_to_close(io: &mut (impl AsyncRead + Unpin)) {
    let mut sink = Vec::new();
    while io.read_buf(&mut sink).await.is_ok_and(|n| n > 0) {
        sink.clear();
    }
}

pub fn get(url: &str) -> Request<Body> {
    Request::get(url).body(Body::empty()).unwrap()
}

pub fn post(url: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(url).body(body.into()).unwrap()
}

/// Adds an attempt, as the policy loop does, and hands it out for marking.
pub fn with_attempt(mut request: Request<Body>) -> (Request<Body>, Arc<Attempt>) {
    let attempt = Arc::new(Attempt::new(&OPERATION, 1));
    request.extensions_mut().insert(Arc::clone(&attempt));
    (request, attempt)
}

pub fn transport() -> HyperTransport {
    HyperTransport::builder().build().unwrap()
}

/// Sends a request and reads its whole answer.
pub async fn fetch(
    transport: &HyperTransport,
    request: Request<Body>,
) -> Result<(http::response::Parts, Bytes), TransportError> {
    let (parts, body) = transport.send(request).await?.into_parts();
    Ok((parts, body.collect(16 << 20).await?))
}

/// Its first connection answers with half a body, with the rest when told to,
/// and says when that has happened; every other request is answered with 204.
pub async fn halting(rest: &Arc<Notify>, sent: &Arc<Notify>) -> Server {
    let (rest, sent) = (Arc::clone(rest), Arc::clone(sent));
    Server::start(move |number, mut io| {
        let (rest, sent) = (Arc::clone(&rest), Arc::clone(&sent));
        async move {
            read_head(&mut io).await;
            if number == 1 {
                io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc")
                    .await
                    .unwrap();
                rest.notified().await;
                // Fails where the connection has been closed.
                let _ = io.write_all(b"def").await;
                sent.notify_one();
                read_head(&mut io).await;
            }
            let _ = io.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            read_to_close(&mut io).await;
        }
    })
    .await
}

/// One end of a pipe for each connection; the other end is handed out.
#[derive(Debug)]
struct Pipes(mpsc::UnboundedSender<DuplexStream>);

#[async_trait::async_trait]
impl Connector for Pipes {
    async fn connect(&self, _: &http::Uri) -> std::io::Result<Box<dyn ConnectorIo>> {
        let (here, there) = tokio::io::duplex(4096);
        self.0.send(there).map_err(std::io::Error::other)?;
        Ok(Box::new(here))
    }
}

/// A transport with at most `most` connections, and the other ends of them.
pub fn piped(most: usize) -> (HyperTransport, mpsc::UnboundedReceiver<DuplexStream>) {
    let (sender, pipes) = mpsc::unbounded_channel();
    let transport = HyperTransport::builder()
        .connector(Pipes(sender))
        .max_connections(most);
    (transport.build().unwrap(), pipes)
}

/// What 20 calls get that begin at the same time.
pub async fn burst(transport: &HyperTransport, url: &str) -> Vec<Result<Bytes, TransportError>> {
    let mut calls = Vec::new();
    for _ in 0..20 {
        let (transport, request) = (transport.clone(), get(url));
        calls.push(tokio::spawn(
            async move { fetch(&transport, request).await },
        ));
    }
    let mut bodies = Vec::new();
    for call in calls {
        bodies.push(call.await.unwrap().map(|(_, body)| body));
    }
    bodies
}
