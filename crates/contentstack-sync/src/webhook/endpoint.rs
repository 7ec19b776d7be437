//! What takes the calls.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::ALLOW;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sync_core::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{Event, Verifier};
use crate::mirror::Trigger;

/// Larger calls are refused; the service's own are far smaller.
const LARGEST: usize = 1 << 20;
/// How long a caller may take for the head of a call, and then for its body.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before another try to accept, after one that failed.
const BREATH: Duration = Duration::from_millis(50);
/// Connections that are served at a time; others wait.
const CONNECTIONS: usize = 64;

/// Takes calls, sees whether they are from the service, hands over what they
/// tell and answers at once. What is to be done is not waited for.
#[derive(Clone)]
pub struct Endpoint {
    verifier: Verifier,
    clock: Clock,
    api_key: Option<String>,
    handler: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Endpoint {
    /// Hands over what verified calls tell, if it can change what a delta
    /// tells. The handler is called before the answer, and is not to wait.
    pub fn new(verifier: Verifier, handler: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            verifier,
            clock: Clock::system(),
            api_key: None,
            handler: Arc::new(handler),
        }
    }

    /// Fires a trigger for each verified call that can change what a delta
    /// tells.
    pub fn triggering(verifier: Verifier, trigger: &Trigger) -> Self {
        let trigger = trigger.clone();
        Self::new(verifier, move |_| trigger.fire())
    }

    /// Only what happens in this stack; calls for others are answered and
    /// forgotten. Default: whatever comes.
    #[must_use]
    pub fn api_key(mut self, api_key: impl Into<String>) -> Self {
        self.api_key = Some(api_key.into());
        self
    }

    /// What tells how old a call is. Default: the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Answers a call, whatever its path: 200, or 401 when it is not from the
    /// service, 400 when it makes no sense, 405 when it is no `POST`, 413 when
    /// it is larger than 1 MiB.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let (status, allow) = match self.take(request) {
            Ok(()) => (StatusCode::OK, None),
            Err(status @ StatusCode::METHOD_NOT_ALLOWED) => (status, Some("POST")),
            Err(status) => (status, None),
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        if let Some(allow) = allow {
            let allow = HeaderValue::from_static(allow);
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }

    fn take(&self, request: &Request<Bytes>) -> Result<(), StatusCode> {
        if request.method() != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        if request.body().len() > LARGEST {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let (headers, body) = (request.headers(), request.body());
        if let Err(rejection) = self.verifier.verify(headers, body, self.clock.now()) {
            tracing::warn!(reason = %rejection, "a webhook was refused");
            return Err(StatusCode::UNAUTHORIZED);
        }
        let event = Event::parse(body).map_err(|error| {
            tracing::warn!(%error, "a webhook was verified, but not understood");
            StatusCode::BAD_REQUEST
        })?;
        let is_ours = match (&self.api_key, &event.api_key) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        if is_ours && event.may_change_content() {
            (self.handler)(event);
        }
        Ok(())
    }

    /// Listens for calls over HTTP/1.1, within the present tokio runtime. For
    /// the internet, put something that ends TLS before it.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub async fn listen(self, address: SocketAddr) -> io::Result<Listener> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::new(self)));
        Ok(Listener { address, accepting })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("verifier", &self.verifier)
            .finish_non_exhaustive()
    }
}

/// A listening [`Endpoint`], which ends when this is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    accepting: JoinHandle<Infallible>,
}

impl Listener {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The connections are in a set that ends with the task.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, endpoint: Arc<Endpoint>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, Arc::clone(&endpoint)));
            }
            // Out of descriptors, most likely: let others finish first.
            Err(_) => tokio::time::sleep(BREATH).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, endpoint: Arc<Endpoint>) {
    let service = service_fn(|request| answer(request, &endpoint));
    // How a connection ends concerns nobody: the caller sees it too, and the
    // service calls again.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    endpoint: &Endpoint,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST).collect();
    let status = match tokio::time::timeout(PATIENCE, body).await {
        Ok(Ok(body)) => {
            let request = Request::from_parts(parts, body.to_bytes());
            return Ok(endpoint.handle(&request).map(Full::new));
        }
        Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    };
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    Ok(response)
}
