//! The server without a socket.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};

use super::engine::Engine;
use super::fault::Disturbance;
use super::reply::Reply;

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
        let response = self.0.handle(&Request::from_parts(parts, body));
        let (mut parts, body) = response.into_parts();
        let disturbance: Disturbance = parts.extensions.remove().unwrap_or_default();
        if !disturbance.delay.is_zero() {
            tokio::time::sleep(disturbance.delay).await;
        }
        if disturbance.dropped {
            let error = TransportError::new(TransportErrorKind::Reset, Delivery::MaybeSent);
            return Err(error.with_message("the emulator was told to"));
        }
        let body = if disturbance.truncated {
            Body::from_http_body(Reply::new(body, disturbance))
        } else {
            body.into()
        };
        Ok(Response::from_parts(parts, body))
    }
}

impl fmt::Debug for EmulatorTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmulatorTransport")
    }
}
