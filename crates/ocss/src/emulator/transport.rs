//! The server without a socket.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};

use super::engine::Engine;
use super::fault::Disturbance;
use super::server::Reply;

/// The largest request that is read.
const LARGEST_REQUEST: u64 = 64 << 20;

/// A transport that ends in an [`Emulator`](super::Emulator) of the same
/// process, whatever host the requests are for. Delays are tokio's time, which
/// tests can pause.
#[derive(Clone)]
pub struct EmulatorTransport(pub(super) Arc<Engine>);

#[async_trait]
impl Transport for EmulatorTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = body.collect(LARGEST_REQUEST).await?;
        let (mut parts, body) = self
            .0
            .handle(&Request::from_parts(parts, body))
            .into_parts();
        let disturbance = parts.extensions.remove::<Disturbance>();
        match disturbance {
            Some(Disturbance::Reset) => {
                let error = TransportError::new(TransportErrorKind::Reset, Delivery::MaybeSent);
                return Err(error.with_message("the emulator was told to"));
            }
            Some(Disturbance::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Disturbance::Truncate) => {
                let body = Body::from_http_body(Reply::new(body, disturbance));
                return Ok(Response::from_parts(parts, body));
            }
            None => {}
        }
        Ok(Response::from_parts(parts, body.into()))
    }
}

impl fmt::Debug for EmulatorTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmulatorTransport")
    }
}
