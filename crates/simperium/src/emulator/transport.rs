//! The service as a transport: no socket in between.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use sync_core::transport::{Delivery, OnUpgrade, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};

use super::engine::{Engine, Outcome};
use super::fault::Disturbance;
use super::server::Reply;
use super::socket::serve;

/// The largest request that is read.
const LARGEST_REQUEST: u64 = 64 << 20;
/// How much one end of a pipe may write before the other reads.
const PIPE: usize = 64 << 10;

/// A transport that ends in an [`Emulator`](super::Emulator) of the same
/// process, whatever host the requests are for. Latency and polls are tokio's
/// time, which tests can pause.
#[derive(Clone)]
pub struct EmulatorTransport(pub(super) Arc<Engine>);

/// The answer to a request; a socket is served by a task that ends with either
/// end of its pipe.
pub(super) async fn answer(engine: &Arc<Engine>, request: &Request<Bytes>) -> Response<Bytes> {
    match engine.answer(request, false).await {
        Outcome::Answered(answer, disturbance) => {
            let mut response = answer.into_response();
            if let Some(disturbance) = disturbance {
                response.extensions_mut().insert(disturbance);
            }
            response
        }
        Outcome::Opened(answer, opened) => {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            tokio::spawn(serve(Arc::downgrade(engine), ours, opened));
            let mut response = answer.into_response();
            response.extensions_mut().insert(OnUpgrade::ready(theirs));
            response
        }
    }
}

#[async_trait]
impl Transport for EmulatorTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = body.collect(LARGEST_REQUEST).await?;
        let response = answer(&self.0, &Request::from_parts(parts, body)).await;
        let (mut parts, body) = response.into_parts();
        match parts.extensions.remove::<Disturbance>() {
            Some(Disturbance::Reset) => {
                let error = TransportError::new(TransportErrorKind::Reset, Delivery::MaybeSent);
                Err(error.with_message("the emulator was told to"))
            }
            Some(Disturbance::Truncate) => {
                let body = Body::from_http_body(Reply::new(body, true));
                Ok(Response::from_parts(parts, body))
            }
            None => Ok(Response::from_parts(parts, body.into())),
        }
    }
}

impl fmt::Debug for EmulatorTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmulatorTransport")
    }
}
