//! A service as a transport, without a socket.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};

use super::disturbance::{Disturbance, End};
use super::reply::Reply;
use super::{LARGEST_REQUEST, LocalService, TakeOver};
use crate::transport::{Delivery, OnUpgrade, TransportErrorKind, Upgraded};
use crate::{Body, Transport, TransportError};

/// How much one end of a pipe may write before the other reads.
const PIPE: usize = 64 << 10;

/// A transport that ends in a service of this process, whatever host the
/// requests are for. All waiting is tokio's time, which tests can pause; the
/// upgrade of a [`TakeOver`] is one end of a pipe in memory.
#[derive(Clone)]
pub struct LocalTransport(Arc<dyn LocalService>);

impl LocalTransport {
    /// The way to this service.
    pub fn new(service: Arc<impl LocalService>) -> Self {
        Self(service)
    }
}

#[async_trait]
impl Transport for LocalTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = body.collect(LARGEST_REQUEST as u64).await?;
        let request = Request::from_parts(parts, body);
        let response = Arc::clone(&self.0).answer(request).await;
        let (mut parts, body) = response.into_parts();
        let body = match Disturbance::wait(&mut parts.extensions).await {
            End::Reset => {
                let error = TransportError::new(TransportErrorKind::Reset, Delivery::MaybeSent);
                return Err(error.with_message("the local service was told to"));
            }
            End::Truncated => Body::from_http_body(Reply::truncated(body)),
            End::Whole => body.into(),
        };
        if let Some(take_over) = parts.extensions.remove::<TakeOver>() {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            if let Some(served) = take_over.begin(Upgraded::new(ours)) {
                tokio::spawn(served);
            }
            parts.extensions.insert(OnUpgrade::ready(theirs));
        }
        Ok(Response::from_parts(parts, body))
    }
}

impl fmt::Debug for LocalTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalTransport")
    }
}
