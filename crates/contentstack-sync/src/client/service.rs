//! The service as the pipeline sees it, and its limit on the way there.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::response;
use sync_core::transport::Attempt;
use sync_core::{ApiError, Body, Clock, Operation, Service, Transport, TransportError};

use super::limit::{RateLimit, pause};
use super::operations::sent;
use crate::error;

/// Understands refusals, and heeds what answers say about the rate limit.
#[derive(Debug)]
pub(super) struct Contentstack {
    pub(super) limit: RateLimit,
    pub(super) clock: Clock,
}

impl Service for Contentstack {
    fn explain(&self, operation: &Operation, head: &response::Parts, body: &Bytes) -> ApiError {
        let mut api = error::read(head.status, sent(operation), body);
        if api.is_passing() {
            api.retry_after = pause(&head.headers, &self.clock);
        }
        api
    }

    fn observe(&self, head: &response::Parts) {
        self.limit.observe(head.status, &head.headers, &self.clock);
    }

    fn shown_query(&self) -> &'static [&'static str] {
        &[
            "init",
            "environment",
            "content_type_uid",
            "locale",
            "start_from",
            "type",
            "limit",
            "skip",
            "include_count",
            "include_global_field_schema",
        ]
    }
}

/// Counts repeated attempts against the limit. The first of a call has waited
/// for its turn; the others have waited long enough.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) inner: Arc<dyn Transport>,
    pub(super) limit: RateLimit,
}

#[async_trait]
impl Transport for Counted {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError> {
        if Attempt::of(request.extensions()).is_some_and(|attempt| attempt.number() > 1) {
            self.limit.charge();
        }
        self.inner.send(request).await
    }
}
