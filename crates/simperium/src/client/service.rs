//! The service as the pipeline sees it.

use bytes::Bytes;
use http::response::Parts;
use sync_core::{ApiError, Operation, Service};

use crate::error;

#[derive(Clone, Copy, Debug)]
pub(super) struct Simperium;

impl Service for Simperium {
    fn explain(&self, operation: &Operation, head: &Parts, body: &Bytes) -> ApiError {
        error::explain(operation, head, body)
    }

    fn shown_query(&self) -> &'static [&'static str] {
        &[
            "batch",
            "ccid",
            "clientid",
            "cv",
            "data",
            "limit",
            "mark",
            "most_recent",
            "replace",
            "response",
            "since",
            "username",
            "wait",
        ]
    }
}
