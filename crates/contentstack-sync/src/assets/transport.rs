//! Answers of asset hosts and the rate limit.

use async_trait::async_trait;
use std::sync::Arc;
use sync_core::{Body, Clock, Transport, TransportError};

use crate::RateLimit;

/// Heeds what asset hosts say about the rate limit: they are not the
/// service's own host, and share its limit.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) inner: Arc<dyn Transport>,
    pub(crate) limit: RateLimit,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Transport for Observed {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError> {
        let answer = self.inner.send(request).await?;
        self.limit
            .observe(answer.status(), answer.headers(), &self.clock);
        Ok(answer)
    }
}
