//! A request on its way to a connection, and the answer on its way back.

use std::sync::Arc;

use http::{Request, Response, Version};
use http_body::Body as _;
use hyper::client::conn::TrySendError;

use super::body::Received;
use super::classify;
use super::http1::Http1;
#[cfg(feature = "http2")]
use super::http2::Http2;
use super::origin::{Origin, keep_path};
use super::pool::{Connection, Host, Lease, Pool, Ready};
#[cfg(feature = "http2")]
use super::sending::Failure;
use super::upgrade;
use crate::transport::{Attempt, Body, Delivery, TransportError, TransportErrorKind};

/// Sends a request, whose URI is its path, over a connection to `host`.
pub(crate) async fn send(
    pool: &Arc<Pool>,
    host: &Arc<Host>,
    origin: &Origin,
    mut request: Box<Request<Body>>,
    attempt: Option<Arc<Attempt>>,
) -> Result<Response<Body>, TransportError> {
    if request.version() > Version::HTTP_2 || request.version() < Version::HTTP_10 {
        return Err(other_version());
    }
    loop {
        let Ready {
            connection,
            is_kept,
        } = host
            .connection(pool)
            .await
            .map_err(|unconnected| unconnected.explain())?;
        let attempt = attempt.clone();
        let result = match connection {
            Connection::Http1(connection) => {
                over_http1(connection, host, origin, request, attempt).await
            }
            #[cfg(feature = "http2")]
            Connection::Http2(connection) => over_http2(connection, origin, request, attempt).await,
        };
        request = match result {
            Ok(response) => return Ok(response),
            Err(Failed::Unsent(unsent, _)) if is_kept => unsent,
            Err(Failed::Unsent(_, error) | Failed::Other(error)) => return Err(error),
        };
        keep_path(request.uri_mut());
    }
}

/// Why a connection brought no answer.
enum Failed {
    /// It closed before anything was sent.
    Unsent(Box<Request<Body>>, TransportError),
    Other(TransportError),
}

impl From<TransportError> for Failed {
    fn from(error: TransportError) -> Self {
        Self::Other(error)
    }
}

impl From<TrySendError<Request<Body>>> for Failed {
    #[cold]
    fn from(mut failed: TrySendError<Request<Body>>) -> Self {
        let unsent = failed.take_message();
        let error = classify::request_error(failed.into_error());
        match unsent {
            Some(request) => Self::Unsent(Box::new(request), error),
            None => Self::Other(error),
        }
    }
}

async fn over_http1(
    mut connection: Box<Http1>,
    host: &Arc<Host>,
    origin: &Origin,
    mut request: Box<Request<Body>>,
    attempt: Option<Arc<Attempt>>,
) -> Result<Response<Body>, Failed> {
    if request.version() == Version::HTTP_2 {
        return Err(Failed::Other(other_version()));
    }
    connection.prepare(&mut request, origin)?;
    let is_streamed = request.body().as_bytes().is_none();
    let mut response = connection.send(request).await?;
    if upgrade::attach(&mut response) {
        // The connection is HTTP's no more, and comes to its new owner by itself.
        connection.detach();
        return Ok(response.map(|_| Body::empty()));
    }
    if is_streamed && !response.body().is_end_stream() {
        // The rest of the request may depend on what is done before reading.
        connection.spawn();
    }
    let lease = Lease::new(connection, Arc::clone(host));
    Ok(response.map(|incoming| Received::over_http1(incoming, lease, attempt)))
}

#[cfg(feature = "http2")]
async fn over_http2(
    connection: Http2,
    origin: &Origin,
    mut request: Box<Request<Body>>,
    attempt: Option<Arc<Attempt>>,
) -> Result<Response<Body>, Failed> {
    *request.uri_mut() = origin.uri(request.uri().path_and_query())?;
    let failure = Failure::of(&mut request);
    // Dropping it is what tells a timeout from a plain cancel.
    let watch = connection.watch(attempt);
    match connection.send(request).await {
        Ok(response) => Ok(response.map(|incoming| Received::over_http2(incoming, watch))),
        Err(error) => Err(match (Failed::from(error), &failure) {
            (Failed::Other(error), Some(failure)) => Failed::Other(failure.explain(error)),
            (failed, _) => failed,
        }),
    }
}

#[cold]
fn other_version() -> TransportError {
    TransportError::new(TransportErrorKind::Request, Delivery::NotSent)
        .with_message("the request demands a version of HTTP that is not spoken here")
}
